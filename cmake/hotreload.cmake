# The build of a module beside its firmware, for any CMake project: what ESP-IDF's project and the
# emulated board have in common. docs/how-it-works.md explains the steps.
#
# SPDX-License-Identifier: MIT

include_guard(GLOBAL)
include(${CMAKE_CURRENT_LIST_DIR}/description.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/reloadable_keyword.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/reloadable_library.cmake)

get_filename_component(HOTRELOAD_ROOT ${CMAKE_CURRENT_LIST_DIR}/.. ABSOLUTE)

# Sets `result` to a Python that has the packages of the host tools. -DPYTHON=... is tried first.
function(hotreload_find_python result)
    if(HOTRELOAD_PYTHON)
        set(${result} ${HOTRELOAD_PYTHON} PARENT_SCOPE)
        return()
    endif()
    foreach(candidate ${PYTHON} /usr/bin/python3 python3)
        execute_process(COMMAND ${candidate} -c "import click, elftools"
            RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
        if(NOT failed)
            find_program(HOTRELOAD_PYTHON ${candidate} DOC "Python for hotreload's host tools")
            set(${result} ${HOTRELOAD_PYTHON} PARENT_SCOPE)
            return()
        endif()
    endforeach()
    message(FATAL_ERROR "hotreload: no Python with the packages click and pyelftools was found. "
        "On Debian: apt-get install python3-click python3-pyelftools; elsewhere: "
        "python3 -m pip install click pyelftools. "
        "Or name an interpreter: -DPYTHON=/path/to/python3")
endfunction()

# Sets `result` to the path of the libc.a that the compiler links with these flags, or to nothing.
# GCC's -print-file-name does not search directories that a specs file adds.
function(hotreload_find_c_library result)
    execute_process(COMMAND ${CMAKE_C_COMPILER} ${ARGN} "-###"
        ${HOTRELOAD_ROOT}/cmake/hotreload.cmake
        OUTPUT_VARIABLE ignored ERROR_VARIABLE command)
    # Quoted as for a shell, at least where a path has a blank.
    string(REGEX MATCHALL "\"-L([^\"\\]|\\\\.)+\"|-L[^ \"\n]+" words "${command}")
    set(directories "")
    foreach(word ${words})
        separate_arguments(word UNIX_COMMAND "${word}")
        string(REGEX REPLACE "^-L" "" directory "${word}")
        list(APPEND directories ${directory})
    endforeach()
    find_file(path libc.a PATHS ${directories} NO_DEFAULT_PATH NO_CACHE)
    set(${result} "" PARENT_SCOPE)
    if(path)
        get_filename_component(path ${path} REALPATH)
        set(${result} ${path} PARENT_SCOPE)
    endif()
endfunction()

# Gives the firmware what stands in for the reloadable code: stubs, table, secret, and the list of
# symbols that the module needs. Files are rewritten only when they change, so that a changed
# function body does not change the firmware.
function(_hotreload_add_stubs firmware arch dir objects tool tool_sources)
    file(GENERATE OUTPUT ${dir}/firmware.txt CONTENT "$<TARGET_FILE:${firmware}>\n")
    add_custom_command(
        OUTPUT ${dir}/wraps.txt
        COMMAND ${tool} wraps --build-dir ${CMAKE_BINARY_DIR} --output ${dir}/wraps.txt
            @${dir}/firmware.txt
        DEPENDS ${CMAKE_BINARY_DIR}/build.ninja ${dir}/firmware.txt ${tool_sources}
        COMMENT "Reading the firmware's link options"
        VERBATIM)
    add_custom_command(
        OUTPUT ${dir}/exports.txt ${dir}/imports.ld
        COMMAND ${tool} exports --build-dir ${CMAKE_BINARY_DIR} --wraps ${dir}/wraps.txt
            --output-dir ${dir} @${dir}/objects.txt
        DEPENDS ${objects} ${dir}/objects.txt ${dir}/wraps.txt ${tool_sources}
        COMMENT "Listing exports and imports of the module"
        VERBATIM)
    add_custom_command(
        OUTPUT ${dir}/stubs.S ${dir}/inline.S
        COMMAND ${tool} stubs --arch ${arch} --exports ${dir}/exports.txt --output-dir ${dir}
        DEPENDS ${dir}/exports.txt ${tool_sources}
        COMMENT "Generating stubs"
        VERBATIM)
    add_custom_command(
        OUTPUT ${dir}/secret.c ${dir}/secret.key
        COMMAND ${tool} secret --output-dir ${dir}
        COMMENT "Generating the secret of uploads"
        VERBATIM)
    add_library(hotreload_stubs OBJECT ${dir}/stubs.S ${dir}/secret.c)
    add_library(hotreload_inline OBJECT ${dir}/inline.S)
    # With line numbers, a debugger would take a stub's second line for the end of a prologue.
    set_source_files_properties(${dir}/stubs.S ${dir}/inline.S PROPERTIES COMPILE_OPTIONS -g0)
    add_custom_target(hotreload_imports DEPENDS ${dir}/imports.ld)
    add_dependencies(${firmware} hotreload_imports)
    # As a file, and so behind all libraries: inline functions of the firmware's own come first.
    target_link_libraries(${firmware} PRIVATE
        hotreload_stubs $<TARGET_OBJECTS:hotreload_inline>)
    # Relative, because CMake cannot write an option with a path that has a dollar sign.
    file(RELATIVE_PATH imports ${CMAKE_BINARY_DIR} ${dir}/imports.ld)
    target_link_options(${firmware} PRIVATE "SHELL:-T \"${imports}\"")
    set_property(TARGET ${firmware} APPEND PROPERTY LINK_DEPENDS ${dir}/imports.ld)
endfunction()

# Builds a module from the object files of libraries, and makes a firmware able to load it.
#
#   FIRMWARE        executable target
#   LIBRARIES       STATIC library targets with the reloadable code, of hotreload_empty_archive();
#                   without any, the firmware gets an empty table, and there is no module
#   PROJECT         name for messages
#   ARCH            riscv or xtensa
#   CHIP, ABI       numbers of src/image/module_format.h
#   IDENTITY        how modules know the firmware: build-id or sha256 (of its ELF file)
#   LINKER, LINKER_FLAGS            the module is linked with these
#   COMPILER_FLAGS                  choose the instruction set and ABI
#   MODULE_LIBRARIES                libgcc, for what the firmware lacks
#   C_LIBRARY                       libc.a, for its stateless functions that the firmware lacks
#   TEXT_READABLE                   constants of these libraries may live in the text segment
#   EXCEPTIONS                      true: C++ exceptions pass through the firmware
#   PARTITION_SIZE                  bytes of the flash partition
#   WATCH_DIRS                      directories of the sources
#   URL                             where the device listens; optional
#   NO_MODULE                       why LIBRARIES is empty, and what to do, for the tools; optional
#
# Targets: hotreload_objects compiles the reloadable code and nothing else; hotreload_module (part
# of ALL) makes module.bin and partition.bin; hotreload_stubs and hotreload_inline are the firmware's
# part, to be compiled with the firmware's options; hotreload-gdb starts a debugger that knows where
# the module runs on the device (environment variable HOTRELOAD_URL, else URL). hotreload.json
# describes all this to the host tools.
function(hotreload_add_module)
    set(single FIRMWARE PROJECT ARCH CHIP ABI IDENTITY LINKER TEXT_READABLE EXCEPTIONS
        PARTITION_SIZE C_LIBRARY URL NO_MODULE)
    set(multiple LIBRARIES LINKER_FLAGS COMPILER_FLAGS MODULE_LIBRARIES WATCH_DIRS)
    cmake_parse_arguments(arg "" "${single}" "${multiple}" ${ARGN})
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "hotreload_add_module: unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
    endif()
    if(CMAKE_BINARY_DIR MATCHES "[#<>\t]")
        message(FATAL_ERROR "hotreload: CMake and Ninja cannot make files in a directory with # or "
            "< or > or a tab in its path: ${CMAKE_BINARY_DIR}. Choose another build directory")
    endif()
    if(NOT CMAKE_GENERATOR STREQUAL "Ninja")
        message(FATAL_ERROR "hotreload needs CMake's generator Ninja, which it asks what has "
            "changed; this is ${CMAKE_GENERATOR}. Configure an empty build directory with -G Ninja")
    endif()

    set(dir ${CMAKE_BINARY_DIR}/hotreload)
    hotreload_find_python(python)
    set(tool ${CMAKE_COMMAND} -E env PYTHONPATH=${HOTRELOAD_ROOT}/tools ${python} -m hotreload)
    file(GLOB_RECURSE tool_sources ${HOTRELOAD_ROOT}/tools/hotreload/*.py)

    set(objects "")
    foreach(library ${arg_LIBRARIES})
        hotreload_add_patch_options(${library})
        hotreload_find_objects(found ${library})
        list(APPEND objects ${found})
    endforeach()
    file(GENERATE OUTPUT ${dir}/objects.txt CONTENT "$<JOIN:${objects},\n>\n")
    add_custom_target(hotreload_objects DEPENDS ${objects})

    _hotreload_add_stubs(${arg_FIRMWARE} ${arg_ARCH} ${dir} "${objects}" "${tool}"
        "${tool_sources}")
    if(NOT arg_LIBRARIES)
        if(NOT arg_NO_MODULE)
            string(CONCAT arg_NO_MODULE "no component with sources is RELOADABLE: add that word to "
                "the idf_component_register() of one")
        endif()
        hotreload_describe_no_module("${arg_NO_MODULE}")
        return()
    endif()
    hotreload_describe_module(${dir} "${objects}")

    set(module_files ${dir}/module.bin ${dir}/module.elf ${dir}/partition.bin)
    add_custom_command(
        OUTPUT ${module_files}
        COMMAND ${tool} link ${dir}/hotreload.json
        DEPENDS ${objects} ${arg_FIRMWARE} ${dir}/exports.txt ${dir}/hotreload.json ${tool_sources}
        COMMENT "Linking the module"
        VERBATIM)
    add_custom_target(hotreload_module ALL DEPENDS ${module_files})
    add_custom_target(hotreload-gdb
        COMMAND ${tool} gdb --build ${CMAKE_BINARY_DIR} --run USES_TERMINAL VERBATIM)
endfunction()
