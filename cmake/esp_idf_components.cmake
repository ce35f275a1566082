# RELOADABLE in idf_component_register(), and CONFIG_HOTRELOAD_COMPONENTS.
#
# SPDX-License-Identifier: MIT

include_guard(GLOBAL)

include(${CMAKE_CURRENT_LIST_DIR}/esp_idf_size_check.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/reloadable_keyword.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/reloadable_library.cmake)

# Whether the configuration names a component; "owner/name" of the registry is "owner__name" here.
function(_hotreload_is_configured result component)
    string(REPLACE "/" "__" names "${CONFIG_HOTRELOAD_COMPONENTS}")
    string(REPLACE " " "" names "${names}")
    set(found FALSE)
    if(component IN_LIST names)
        set(found TRUE)
        set_property(GLOBAL APPEND PROPERTY HOTRELOAD_CONFIGURED_FOUND ${component})
    endif()
    set(${result} ${found} PARENT_SCOPE)
endfunction()

# Takes the code of the component that is being registered, with these arguments, out of the firmware.
function(_hotreload_mark library component directory)
    if(component STREQUAL "main")
        message(FATAL_ERROR "hotreload: the component main cannot be reloadable: app_main() runs "
            "before a module is loaded. Move what you want to reload to a component of its own")
    endif()
    if(CMAKE_VERSION VERSION_LESS 3.19)
        message(FATAL_ERROR "hotreload: the reloadable component ${component} needs CMake 3.19 or "
            "later, this is ${CMAKE_VERSION}. Install a newer one (idf_tools.py install cmake), or "
            "set CONFIG_HOTRELOAD_ENABLE=n to link the component into the firmware")
    endif()
    get_target_property(type ${library} TYPE)
    if(type STREQUAL "INTERFACE_LIBRARY")
        message(WARNING "hotreload: the component ${component} has no sources, so there is nothing "
            "to reload in it")
        return()
    endif()
    if(LDFRAGMENTS IN_LIST ARGN)
        message(WARNING "hotreload: the linker fragments of the component ${component} do not place "
            "its code any more, because it is in the module. What must run while the flash cache is "
            "off needs IRAM_ATTR and DRAM_ATTR in the source")
    endif()
    set_property(GLOBAL APPEND PROPERTY HOTRELOAD_WATCH_DIRS ${directory})
    set_property(GLOBAL APPEND PROPERTY HOTRELOAD_LIBRARIES ${library})
    hotreload_empty_archive(${library})
endfunction()

# A function that is defined again leaves the old one behind an underscore, once only.
get_property(hotreload_overridden GLOBAL PROPERTY HOTRELOAD_REGISTER_OVERRIDDEN)
if(NOT hotreload_overridden)
    set_property(GLOBAL PROPERTY HOTRELOAD_REGISTER_OVERRIDDEN TRUE)

    # As ESP-IDF's, with RELOADABLE. A macro, so that what ESP-IDF's sets for its caller gets there.
    macro(idf_component_register)
        hotreload_adapt_size_check()
        hotreload_take_keyword(__hotreload_reloadable __hotreload_arguments ${ARGN})
        _idf_component_register(${__hotreload_arguments})
        if(CONFIG_HOTRELOAD_ENABLE)
            _hotreload_is_configured(__hotreload_configured ${COMPONENT_NAME})
            if(__hotreload_reloadable OR __hotreload_configured)
                _hotreload_mark(${COMPONENT_LIB} ${COMPONENT_NAME} ${COMPONENT_DIR}
                    ${__hotreload_arguments})
            endif()
        endif()
    endmacro()
endif()
