# Included by ESP-IDF's project() before the components are added. From here on
# idf_component_register() knows RELOADABLE; at the end of the project's CMakeLists.txt the module
# is added to the build.
#
# SPDX-License-Identifier: MIT

include(${CMAKE_CURRENT_LIST_DIR}/cmake/esp_idf_components.cmake)

if(CONFIG_HOTRELOAD_ENABLE)
    include(${CMAKE_CURRENT_LIST_DIR}/cmake/esp_idf_module.cmake)
else()
    include(${CMAKE_CURRENT_LIST_DIR}/cmake/description.cmake)
    hotreload_describe_no_module(
        "hot reload is off (CONFIG_HOTRELOAD_ENABLE=n): switch it on with idf.py menuconfig")
endif()
