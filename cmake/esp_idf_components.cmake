# RELOADABLE in idf_component_register(), and CONFIG_HOTRELOAD_COMPONENTS.
#
# The library of a reloadable component stays what it is for everybody who requires it: its headers,
# definitions and requirements. Its sources move to a library of object files,
# hotreload_<component>, that is compiled with the same options and is linked into the module, not
# into the firmware.
#
# SPDX-License-Identifier: MIT

include_guard(GLOBAL)

# What decides how sources are compiled. By generator expression, so that options count that are set
# after registration, from any directory.
set(HOTRELOAD_COMPILE_PROPERTIES COMPILE_DEFINITIONS COMPILE_FEATURES COMPILE_OPTIONS
    INCLUDE_DIRECTORIES)
# And what cannot be an expression; copied at the end of the project's CMakeLists.txt.
set(HOTRELOAD_COPIED_PROPERTIES COMPILE_FLAGS C_EXTENSIONS C_STANDARD C_STANDARD_REQUIRED
    CXX_EXTENSIONS CXX_STANDARD CXX_STANDARD_REQUIRED LINK_LIBRARIES PRECOMPILE_HEADERS)

# Takes RELOADABLE out of the arguments of idf_component_register().
function(_hotreload_take_keyword reloadable_result arguments_result)
    set(arguments ${ARGN})
    set(reloadable FALSE)
    if(RELOADABLE IN_LIST arguments)
        set(reloadable TRUE)
        list(REMOVE_ITEM arguments RELOADABLE)
    endif()
    set(${reloadable_result} ${reloadable} PARENT_SCOPE)
    set(${arguments_result} "${arguments}" PARENT_SCOPE)
endfunction()

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

# Marks the component that is being registered. Its sources are taken at the end of its
# CMakeLists.txt, when all that it adds with target_sources() is there.
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
    set_property(GLOBAL APPEND PROPERTY HOTRELOAD_COMPONENTS ${component})
    set_property(GLOBAL APPEND PROPERTY HOTRELOAD_WATCH_DIRS ${directory})
    cmake_language(EVAL CODE
        "cmake_language(DEFER CALL _hotreload_take_sources [[${library}]] [[${component}]])")
endfunction()

# Moves the sources of a component's library to hotreload_<component>.
function(_hotreload_take_sources library component)
    get_target_property(sources ${library} SOURCES)
    add_library(hotreload_${component} OBJECT ${sources})
    foreach(property ${HOTRELOAD_COMPILE_PROPERTIES})
        set_target_properties(hotreload_${component} PROPERTIES
            ${property} "$<TARGET_PROPERTY:${library},${property}>")
    endforeach()
    set_property(GLOBAL APPEND PROPERTY HOTRELOAD_LIBRARIES hotreload_${component})
    set_property(TARGET hotreload_${component} PROPERTY HOTRELOAD_COMPONENT_LIBRARY ${library})

    set(placeholder ${CMAKE_CURRENT_BINARY_DIR}/hotreload_placeholder.c)
    if(NOT EXISTS ${placeholder})
        file(WRITE ${placeholder} "/* The component's code is in the module. */\n"
            "typedef int hotreload_placeholder_t;\n")
    endif()
    set_property(TARGET ${library} PROPERTY SOURCES ${placeholder})
endfunction()

# Copies what cannot be a generator expression.
function(hotreload_finish_component code)
    get_target_property(library ${code} HOTRELOAD_COMPONENT_LIBRARY)
    foreach(property ${HOTRELOAD_COPIED_PROPERTIES})
        get_target_property(value ${library} ${property})
        if(NOT value STREQUAL "value-NOTFOUND")
            set_property(TARGET ${code} PROPERTY ${property} "${value}")
        endif()
    endforeach()
    get_target_property(dependencies ${library} MANUALLY_ADDED_DEPENDENCIES)
    if(dependencies)
        add_dependencies(${code} ${dependencies})
    endif()
endfunction()

# A function that is defined again leaves the old one behind an underscore, once only.
get_property(hotreload_overridden GLOBAL PROPERTY HOTRELOAD_REGISTER_OVERRIDDEN)
if(NOT hotreload_overridden)
    set_property(GLOBAL PROPERTY HOTRELOAD_REGISTER_OVERRIDDEN TRUE)

    # As ESP-IDF's, with RELOADABLE. A macro, so that what ESP-IDF's sets for its caller gets there.
    macro(idf_component_register)
        _hotreload_take_keyword(__hotreload_reloadable __hotreload_arguments ${ARGN})
        _idf_component_register(${__hotreload_arguments})
        if(CONFIG_HOTRELOAD_ENABLE)
            _hotreload_is_configured(__hotreload_configured ${COMPONENT_NAME})
            if(__hotreload_reloadable OR __hotreload_configured)
                _hotreload_mark(${COMPONENT_LIB} ${COMPONENT_NAME} ${COMPONENT_DIR})
            endif()
        endif()
    endmacro()
endif()
