# Builds firmware for the emulated board: the board and the core as libraries, and a stand-in for
# ESP-IDF's idf_component_register() that takes components as they are written for ESP-IDF.
#
# A project includes this file and calls, in this order, emulator_add_component() with the
# directories of its components, and emulator_add_firmware().
#
# SPDX-License-Identifier: MIT

include_guard(GLOBAL)

if(NOT BOARD_ARCH)
    message(FATAL_ERROR "The emulated board is compiled with its own toolchain file: "
        "-DCMAKE_TOOLCHAIN_FILE=port/emulator/arch/riscv/toolchain.cmake")
endif()

set(EMULATOR_DIR ${CMAKE_CURRENT_LIST_DIR})
include(${EMULATOR_DIR}/../../cmake/hotreload.cmake)
include(${EMULATOR_DIR}/../../cmake/status_page.cmake)

set(EMULATOR_CHIP 65280) # HOTRELOAD_CHIP_EMULATOR
set(EMULATOR_PARTITION_SIZE 524288 CACHE STRING "Bytes of the flash partition")
set(HOTRELOAD_URL http://127.0.0.1:8080 CACHE STRING
    "Where the tools find the board; empty: by mDNS, if something announces it")

# Components of ESP-IDF whose headers and functions the board itself brings.
set(EMULATOR_OWN_COMPONENTS esp_common esp_system hotreload log newlib)

# What every source for the board is compiled with.
add_library(emulator_options INTERFACE)
target_compile_options(emulator_options INTERFACE
    ${BOARD_MACHINE_FLAGS} ${BOARD_LIBC_FLAGS} -Os -g -Wall -Wextra
    -ffunction-sections -fdata-sections)
target_include_directories(emulator_options INTERFACE
    ${HOTRELOAD_ROOT}/include ${EMULATOR_DIR}/include)

# Sets `result` to the C files of directories. CMake runs again when one of them gets or loses a
# file: it compares the directory's time stamp, which is faster than CONFIGURE_DEPENDS.
function(_emulator_sources result)
    set(files "")
    foreach(directory ${ARGN})
        file(GLOB found ${directory}/*.c)
        list(APPEND files ${found})
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${directory})
    endforeach()
    set(${result} "${files}" PARENT_SCOPE)
endfunction()

# The board and the portable core.
function(_emulator_add_board)
    set(src ${HOTRELOAD_ROOT}/src)
    _emulator_sources(core_sources ${src} ${src}/image ${src}/loader ${src}/store ${src}/run
        ${src}/receive)
    _emulator_sources(board_sources ${EMULATOR_DIR} ${EMULATOR_DIR}/http ${EMULATOR_DIR}/libc)
    set(arch_sources ${core_sources})
    list(FILTER core_sources EXCLUDE REGEX "_(riscv|xtensa)\\.c$")
    list(FILTER arch_sources INCLUDE REGEX "_${BOARD_ARCH}\\.c$")
    file(GLOB assembly_sources ${EMULATOR_DIR}/arch/${BOARD_ARCH}/*.S)
    list(FILTER board_sources EXCLUDE REGEX "/(start|libc/(newlib|picolibc))\\.c$")
    hotreload_find_python(python)
    hotreload_add_status_page(page ${python})
    add_library(emulator_board OBJECT
        ${core_sources}
        ${arch_sources}
        ${board_sources}
        ${page}
        ${EMULATOR_DIR}/${BOARD_LIBC_SOURCE}
        ${assembly_sources})
    target_link_libraries(emulator_board PRIVATE emulator_options)
    target_compile_options(emulator_board PRIVATE $<$<COMPILE_LANGUAGE:C>:-std=c11> -Werror)
    target_compile_definitions(emulator_board PRIVATE
        BOARD_ABI=${BOARD_ABI} BOARD_RELOCATIONS=hotreload_arch_${BOARD_ARCH}
        BOARD_PROJECT="${CMAKE_PROJECT_NAME}")
    target_include_directories(emulator_board PRIVATE ${src} ${EMULATOR_DIR}
        ${EMULATOR_DIR}/arch/${BOARD_ARCH})
    target_include_directories(emulator_board INTERFACE ${EMULATOR_DIR})

    # A library, so that a program can have a board_start() of its own.
    add_library(emulator_start STATIC ${EMULATOR_DIR}/start.c)
    target_link_libraries(emulator_start PRIVATE emulator_options)
endfunction()

# Adds components by their directories, which are named like the components.
function(emulator_add_component)
    foreach(directory ${ARGN})
        get_filename_component(directory ${directory} ABSOLUTE)
        get_filename_component(name ${directory} NAME)
        if(NOT EXISTS ${directory}/CMakeLists.txt)
            message(FATAL_ERROR "${directory} is not a component: it has no CMakeLists.txt")
        endif()
        add_subdirectory(${directory} ${CMAKE_BINARY_DIR}/esp-idf/${name})
    endforeach()
endfunction()

# Links a component's target to the components that it requires.
function(_emulator_require target visibility)
    foreach(name ${ARGN})
        if(NOT name IN_LIST EMULATOR_OWN_COMPONENTS)
            target_link_libraries(${target} ${visibility} idf::${name})
        endif()
    endforeach()
endfunction()

# As in ESP-IDF; called by the CMakeLists.txt of components.
function(idf_component_register)
    hotreload_take_keyword(reloadable arguments ${ARGN})
    cmake_parse_arguments(arg "" ""
        "SRCS;INCLUDE_DIRS;PRIV_INCLUDE_DIRS;REQUIRES;PRIV_REQUIRES" ${arguments})
    get_filename_component(name ${CMAKE_CURRENT_SOURCE_DIR} NAME)
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "Component ${name}: the emulated board does not know "
            "${arg_UNPARSED_ARGUMENTS}")
    endif()

    set(component __idf_${name})
    add_library(${component} STATIC ${arg_SRCS})
    target_include_directories(${component} PUBLIC ${arg_INCLUDE_DIRS})
    target_include_directories(${component} PRIVATE ${arg_PRIV_INCLUDE_DIRS})
    target_link_libraries(${component} PRIVATE emulator_options)
    target_compile_options(${component} PRIVATE $<$<COMPILE_LANGUAGE:C>:-std=gnu17>) # as ESP-IDF
    _emulator_require(${component} PUBLIC ${arg_REQUIRES})
    _emulator_require(${component} PRIVATE ${arg_PRIV_REQUIRES})
    add_library(idf::${name} ALIAS ${component})
    set_property(GLOBAL APPEND PROPERTY EMULATOR_COMPONENTS idf::${name})
    if(reloadable)
        hotreload_empty_archive(${component})
        set_property(GLOBAL APPEND PROPERTY EMULATOR_RELOADABLE_LIBRARIES ${component})
        set_property(GLOBAL APPEND PROPERTY EMULATOR_WATCH_DIRS ${CMAKE_CURRENT_SOURCE_DIR})
    endif()
    set(COMPONENT_LIB ${component} PARENT_SCOPE)
    set(COMPONENT_TARGET ${component} PARENT_SCOPE)
endfunction()

function(_emulator_ask_compiler result question)
    execute_process(COMMAND ${CMAKE_C_COMPILER} ${BOARD_MACHINE_FLAGS} ${question}
        OUTPUT_VARIABLE answer OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    find_program(path ${answer} NO_CACHE)
    if(EXISTS ${answer})
        set(path ${answer})
    endif()
    get_filename_component(path ${path} REALPATH)
    set(${result} ${path} PARENT_SCOPE)
endfunction()

# Adds the program `name` (file name.elf) for the board from the sources given, with all components
# added before, without their reloadable code.
function(_emulator_add_executable name)
    get_property(components GLOBAL PROPERTY EMULATOR_COMPONENTS)
    set(script ${EMULATOR_DIR}/arch/${BOARD_ARCH}/board.ld)
    # CMake cannot write an option with a path that has a dollar sign.
    file(RELATIVE_PATH script_from_build ${CMAKE_BINARY_DIR} ${script})
    add_executable(${name} ${ARGN})
    set_target_properties(${name} PROPERTIES SUFFIX .elf LINK_DEPENDS ${script})
    target_link_libraries(${name} PRIVATE emulator_options emulator_board emulator_start
        ${components} ${BOARD_LIBRARIES})
    target_link_options(${name} PRIVATE ${BOARD_MACHINE_FLAGS} ${BOARD_LIBC_FLAGS} -nostartfiles
        -static "SHELL:-T \"${script_from_build}\"" -Wl,--build-id -Wl,--gc-sections)
endfunction()

# Adds the firmware `name` (file name.elf) from the sources given, with all components added before,
# and its module.
function(emulator_add_firmware name)
    _emulator_add_board()
    get_property(reloadable GLOBAL PROPERTY EMULATOR_RELOADABLE_LIBRARIES)
    get_property(watch_dirs GLOBAL PROPERTY EMULATOR_WATCH_DIRS)
    if(NOT reloadable)
        message(FATAL_ERROR "No component is reloadable. Add RELOADABLE to the "
            "idf_component_register() of a component")
    endif()

    _emulator_add_executable(${name} ${ARGN})
    _emulator_ask_compiler(linker -print-prog-name=ld)
    _emulator_ask_compiler(libgcc -print-libgcc-file-name)
    hotreload_switch_off_lto("${CMAKE_C_FLAGS}" ${reloadable})
    hotreload_find_c_library(c_library ${BOARD_MACHINE_FLAGS} ${BOARD_LIBC_FLAGS})
    hotreload_add_module(
        FIRMWARE ${name}
        LIBRARIES ${reloadable}
        PROJECT ${CMAKE_PROJECT_NAME}
        ARCH ${BOARD_ARCH}
        CHIP ${EMULATOR_CHIP}
        ABI ${BOARD_ABI}
        IDENTITY build-id
        LINKER ${linker}
        LINKER_FLAGS ${BOARD_LINKER_FLAGS}
        COMPILER_FLAGS ${BOARD_MACHINE_FLAGS}
        MODULE_LIBRARIES ${libgcc}
        C_LIBRARY ${c_library}
        TEXT_READABLE ${BOARD_TEXT_READABLE}
        PARTITION_SIZE ${EMULATOR_PARTITION_SIZE}
        WATCH_DIRS ${watch_dirs}
        URL ${HOTRELOAD_URL})
    target_link_libraries(hotreload_stubs PRIVATE emulator_options)
    target_link_libraries(hotreload_inline PRIVATE emulator_options)
endfunction()
