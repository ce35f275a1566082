# ESP-IDF runs the CMakeLists.txt of every component twice: first as a script that only collects
# requirements (component_get_requirements.cmake). Its idf_component_register() does not know
# RELOADABLE: after REQUIRES or PRIV_REQUIRES it would take the word for a component. Our own
# CMakeLists.txt includes this file, which removes the word from what was collected before us and
# from all calls after us.
#
# SPDX-License-Identifier: MIT

include(${CMAKE_CURRENT_LIST_DIR}/reloadable_keyword.cmake)

get_property(hotreload_overridden GLOBAL PROPERTY HOTRELOAD_REQUIREMENTS_OVERRIDDEN)
if(NOT hotreload_overridden)
    set_property(GLOBAL PROPERTY HOTRELOAD_REQUIREMENTS_OVERRIDDEN TRUE)

    # The script gathers its output in this variable, one scope above that of a CMakeLists.txt.
    if(DEFINED __component_requires_contents)
        string(REGEX REPLACE "([\";])RELOADABLE;" "\\1" hotreload_contents
            "${__component_requires_contents}")
        string(REGEX REPLACE ";?RELOADABLE\"" "\"" hotreload_contents "${hotreload_contents}")
        set(__component_requires_contents "${hotreload_contents}" PARENT_SCOPE)
    endif()

    macro(idf_component_register)
        hotreload_take_keyword(__hotreload_reloadable __hotreload_arguments ${ARGN})
        _idf_component_register(${__hotreload_arguments})
    endmacro()
endif()
