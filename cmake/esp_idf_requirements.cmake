# ESP-IDF runs the CMakeLists.txt of every component twice: first as a script that only collects
# requirements (component_get_requirements.cmake). Its idf_component_register() does not know
# RELOADABLE and would take it for a component where it follows REQUIRES or PRIV_REQUIRES. This
# file, included by our own CMakeLists.txt, makes it forget the word: in what was collected before
# us, and in all calls after us.
#
# SPDX-License-Identifier: MIT

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
        set(__hotreload_arguments ${ARGN})
        list(REMOVE_ITEM __hotreload_arguments RELOADABLE)
        _idf_component_register(${__hotreload_arguments})
    endmacro()
endif()
