# A stand-in for the parts of ESP-IDF's build system that hotreload meets: the same names,
# arguments, scopes and order of events, on a compiler without ESP-IDF.
#
# SPDX-License-Identifier: MIT

set(STAND_IN_DIR ${CMAKE_CURRENT_LIST_DIR})
set(IDF_COMPILE_OPTIONS --specs=picolibc.specs -Os -g -ffunction-sections -fdata-sections)

# ---- Properties of the build and of components ----

function(idf_build_get_property variable property)
    if("GENERATOR_EXPRESSION" IN_LIST ARGN)
        set(${variable} "$<TARGET_PROPERTY:__idf_build_target,${property}>" PARENT_SCOPE)
    else()
        get_property(value TARGET __idf_build_target PROPERTY ${property})
        set(${variable} "${value}" PARENT_SCOPE)
    endif()
endfunction()

function(idf_component_get_property variable component property)
    set(${variable} "${component} ${property}" PARENT_SCOPE)
endfunction()

# ---- Components ----

function(_stand_in_require library visibility)
    foreach(name ${ARGN})
        if(NOT name MATCHES "^(esp_|freertos|log)")
            set_property(TARGET ${library} APPEND PROPERTY LINK_LIBRARIES __idf_${name})
            if(visibility STREQUAL "PUBLIC")
                set_property(TARGET ${library} APPEND PROPERTY
                    INTERFACE_LINK_LIBRARIES __idf_${name})
            endif()
        endif()
    endforeach()
endfunction()

# The sources that the arguments name.
function(_stand_in_sources result)
    set(sources ${arg_SRCS})
    foreach(directory ${arg_SRC_DIRS})
        file(GLOB found ${COMPONENT_DIR}/${directory}/*.c ${COMPONENT_DIR}/${directory}/*.S)
        list(APPEND sources ${found})
    endforeach()
    foreach(source ${arg_EXCLUDE_SRCS})
        list(REMOVE_ITEM sources ${COMPONENT_DIR}/${source})
    endforeach()
    set(${result} ${sources} PARENT_SCOPE)
endfunction()

function(_stand_in_embed library file)
    get_filename_component(name ${file} NAME)
    string(MAKE_C_IDENTIFIER ${name} symbol)
    set(generated ${CMAKE_CURRENT_BINARY_DIR}/${name}.S)
    add_custom_command(OUTPUT ${generated}
        COMMAND ${CMAKE_COMMAND} -DINPUT=${COMPONENT_DIR}/${file} -DOUTPUT=${generated}
            -DSYMBOL=${symbol} -P ${STAND_IN_DIR}/embed.cmake
        DEPENDS ${COMPONENT_DIR}/${file} VERBATIM)
    separate_arguments(flags UNIX_COMMAND "${CMAKE_C_FLAGS}")
    set_source_files_properties(${generated} PROPERTIES COMPILE_OPTIONS "${flags}")
    target_sources(${library} PRIVATE ${generated})
endfunction()

function(idf_component_register)
    set(options WHOLE_ARCHIVE)
    set(single KCONFIG KCONFIG_PROJBUILD)
    set(multiple SRCS SRC_DIRS EXCLUDE_SRCS INCLUDE_DIRS PRIV_INCLUDE_DIRS LDFRAGMENTS REQUIRES
        PRIV_REQUIRES REQUIRED_IDF_TARGETS EMBED_FILES EMBED_TXTFILES)
    cmake_parse_arguments(arg "${options}" "${single}" "${multiple}" ${ARGN})
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "idf_component_register: unknown: ${arg_UNPARSED_ARGUMENTS}")
    endif()

    idf_build_get_property(compile_options COMPILE_OPTIONS GENERATOR_EXPRESSION)
    add_compile_options("${compile_options}")
    set(library __idf_${COMPONENT_NAME})
    _stand_in_sources(sources)
    if(sources OR arg_EMBED_FILES OR arg_EMBED_TXTFILES)
        add_library(${library} STATIC ${sources})
        target_include_directories(${library} PUBLIC ${arg_INCLUDE_DIRS})
        target_include_directories(${library} PRIVATE ${arg_PRIV_INCLUDE_DIRS})
        set_target_properties(${library} PROPERTIES OUTPUT_NAME ${COMPONENT_NAME})
        _stand_in_require(${library} PUBLIC ${arg_REQUIRES})
        _stand_in_require(${library} PRIVATE ${arg_PRIV_REQUIRES})
    else()
        add_library(${library} INTERFACE)
        target_include_directories(${library} INTERFACE ${arg_INCLUDE_DIRS})
    endif()
    foreach(file ${arg_EMBED_FILES} ${arg_EMBED_TXTFILES})
        _stand_in_embed(${library} ${file})
    endforeach()
    set_property(TARGET __idf_build_target APPEND PROPERTY LIBRARIES ${library})
    set(COMPONENT_LIB ${library} PARENT_SCOPE)
    set(COMPONENT_TARGET ${library} PARENT_SCOPE)
endfunction()

# ---- Partition table and flashing ----

# STAND_IN_PARTITIONS is a list of "label type subtype offset size".
function(partition_table_get_partition_info result arguments info)
    set(${result} "" PARENT_SCOPE)
    string(REGEX REPLACE ".*--partition-name " "" label "${arguments}")
    foreach(partition ${STAND_IN_PARTITIONS})
        separate_arguments(fields UNIX_COMMAND "${partition}")
        list(POP_FRONT fields name type subtype offset size)
        if(name STREQUAL label)
            set(${result} ${${info}} PARENT_SCOPE)
        endif()
    endforeach()
endfunction()

function(esptool_py_flash_target target main_args sub_args)
    add_custom_target(${target})
endfunction()

# Notes what would be flashed, for the tests.
function(esptool_py_flash_to_partition target label image)
    set_property(GLOBAL APPEND_STRING PROPERTY STAND_IN_FLASHED "${target} ${label} ${image}\n")
endfunction()

function(fail_at_build_time target)
    set(lines "")
    foreach(line ${ARGN})
        list(APPEND lines COMMAND ${CMAKE_COMMAND} -E echo "${line}")
    endforeach()
    add_custom_target(${target} ALL ${lines} COMMAND ${CMAKE_COMMAND} -E false VERBATIM)
endfunction()

# ---- The project ----

# What project() of ESP-IDF does, in its order: project_include.cmake of all components, then the
# components, then the executable. A macro like the original, so in the scope of the project.
macro(stand_in_project firmware)
    add_library(__idf_build_target STATIC IMPORTED GLOBAL)
    set_target_properties(__idf_build_target PROPERTIES
        COMPILE_OPTIONS "${IDF_COMPILE_OPTIONS}" COMPILE_DEFINITIONS ESP_PLATFORM
        IDF_TARGET esp32c3 IDF_TARGET_ARCH riscv PROJECT_DIR ${CMAKE_SOURCE_DIR} PYTHON ${PYTHON}
        BUILD_DIR ${CMAKE_BINARY_DIR} EXECUTABLE ${firmware})
    foreach(path ${STAND_IN_PROJECT_INCLUDES})
        include(${path})
    endforeach()
    foreach(directory ${ARGN})
        get_filename_component(COMPONENT_NAME ${directory} NAME)
        get_filename_component(COMPONENT_DIR ${directory} ABSOLUTE)
        add_subdirectory(${directory} components/${COMPONENT_NAME})
    endforeach()
    add_custom_target(flash)
    add_custom_target(app-flash)
    get_property(libraries TARGET __idf_build_target PROPERTY LIBRARIES)
    file(WRITE ${CMAKE_BINARY_DIR}/project_elf_src.c "")
    add_executable(${firmware} ${CMAKE_BINARY_DIR}/project_elf_src.c)
    target_link_libraries(${firmware} PRIVATE ${libraries})
    target_link_options(${firmware} PRIVATE -nostdlib -Wl,-e,app_main -Wl,--gc-sections)
endmacro()
