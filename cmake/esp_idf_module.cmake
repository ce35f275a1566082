# The module of an ESP-IDF project: what hotreload_add_module() needs to know, the partition, and
# the commands to flash and to reload.
#
# SPDX-License-Identifier: MIT

include_guard(GLOBAL)
include(${CMAKE_CURRENT_LIST_DIR}/esp_idf_protection.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/hotreload.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/../port/esp_idf/chips.cmake)

# Sets `result` to the lines that say why no module can be loaded; empty: nothing is wrong.
function(_hotreload_find_problem result partition_size)
    _hotreload_find_contradictions(contradictions)
    set(${result} "${contradictions}" PARENT_SCOPE)
    if(contradictions)
        return()
    endif()
    foreach(option ${HOTRELOAD_MEMORY_PROTECTION})
        if(${option})
            set(${result}
                "hotreload: ${option}=y forbids running code from the heap, where modules are."
                "Turn it off: idf.py menuconfig, Component config > ESP System Settings, or put"
                "${option}=n into sdkconfig.defaults and remove it from sdkconfig." PARENT_SCOPE)
            return()
        endif()
    endforeach()
    if(NOT partition_size)
        set(label ${CONFIG_HOTRELOAD_PARTITION_LABEL})
        set(${result}
            "hotreload: there is no partition '${label}' of type app, subtype 0x40."
            "Add this line to partitions.csv (and select it: CONFIG_PARTITION_TABLE_CUSTOM=y):"
            "${label},  app,  0x40,    ,        512k," PARENT_SCOPE)
    endif()
endfunction()

# Sets `result` to the size of the partition in bytes, or to nothing when there is none that fits.
function(_hotreload_partition_size result)
    set(label ${CONFIG_HOTRELOAD_PARTITION_LABEL})
    set(${result} "" PARENT_SCOPE)
    partition_table_get_partition_info(type "--partition-name ${label}" "type")
    partition_table_get_partition_info(subtype "--partition-name ${label}" "subtype")
    if("${type}" STREQUAL "0" AND "${subtype}" STREQUAL "64")
        partition_table_get_partition_info(size "--partition-name ${label}" "size")
        math(EXPR size "${size}" OUTPUT_FORMAT DECIMAL)
        set(${result} ${size} PARENT_SCOPE)
    endif()
endfunction()

# Sets `result` to the number of the ABI (src/image/module_format.h) that the compiler uses.
function(_hotreload_find_abi result arch flags)
    if(arch STREQUAL "xtensa")
        set(${result} 3 PARENT_SCOPE)
        return()
    endif()
    set(empty ${CMAKE_BINARY_DIR}/hotreload/empty.c)
    file(WRITE ${empty} "")
    execute_process(COMMAND ${CMAKE_C_COMPILER} ${flags} -dM -E ${empty}
        OUTPUT_VARIABLE macros COMMAND_ERROR_IS_FATAL ANY)
    if(macros MATCHES "__riscv_float_abi_single")
        set(${result} 2 PARENT_SCOPE)
    else()
        set(${result} 1 PARENT_SCOPE)
    endif()
endfunction()

# Warns of names in CONFIG_HOTRELOAD_COMPONENTS that belong to no component.
function(_hotreload_check_names)
    get_property(found GLOBAL PROPERTY HOTRELOAD_CONFIGURED_FOUND)
    string(REPLACE "/" "__" names "${CONFIG_HOTRELOAD_COMPONENTS}")
    string(REPLACE " " "" names "${names}")
    list(REMOVE_ITEM names "" ${found})
    if(names)
        message(WARNING "hotreload: CONFIG_HOTRELOAD_COMPONENTS names ${names}, which this build "
            "does not contain. Names are those of directories, separated by semicolons")
    endif()
endfunction()

# `idf.py flash` and `idf.py app-flash` write the partition as well, because a module fits one firmware
# only; `idf.py hotreload-flash` writes nothing else. The targets of ESP-IDF are made if it makes images.
function(_hotreload_add_flash_targets image)
    if(NOT TARGET flash)
        return()
    endif()
    idf_component_get_property(main_args esptool_py FLASH_ARGS)
    idf_component_get_property(sub_args esptool_py FLASH_SUB_ARGS)
    esptool_py_flash_target(hotreload-flash "${main_args}" "${sub_args}")
    if(TARGET app) # what the tools know of the firmware's interface belongs to this firmware
        add_dependencies(app hotreload_module)
    endif()
    foreach(target hotreload-flash flash app-flash)
        if(TARGET ${target})
            esptool_py_flash_to_partition(${target} ${CONFIG_HOTRELOAD_PARTITION_LABEL} ${image})
            add_dependencies(${target} hotreload_module)
        endif()
    endforeach()
endfunction()

# `idf.py reload` and `idf.py watch` for an idf.py that has not loaded idf_ext.py: it takes names
# that it does not know for targets. Targets have no options; HOTRELOAD_URL tells them the device.
function(_hotreload_add_commands python)
    set(tool ${CMAKE_COMMAND} -E env PYTHONPATH=${HOTRELOAD_ROOT}/tools ${python} -m hotreload)
    foreach(command reload watch)
        add_custom_target(hotreload-${command}
            COMMAND ${tool} ${command} --build ${CMAKE_BINARY_DIR} USES_TERMINAL VERBATIM)
        if(NOT TARGET ${command})
            add_custom_target(${command})
            add_dependencies(${command} hotreload-${command})
        endif()
    endforeach()
    add_custom_target(hotreload-status
        COMMAND ${tool} status --build ${CMAKE_BINARY_DIR} USES_TERMINAL VERBATIM)
    idf_build_get_property(project_dir PROJECT_DIR)
    add_custom_target(hotreload-idf-ext
        COMMAND ${tool} idf-ext --project-dir ${project_dir} USES_TERMINAL VERBATIM)
endfunction()

# Tells how idf.py gets to know the options of the commands, unless it knows them.
function(_hotreload_explain_commands)
    idf_build_get_property(project_dir PROJECT_DIR)
    set(extension ${project_dir}/idf_ext.py)
    if(EXISTS ${extension})
        file(STRINGS ${extension} found REGEX "hotreload")
        if(found)
            return()
        endif()
    endif()
    string(REPLACE ":" ";" paths "$ENV{IDF_EXTRA_ACTIONS_PATH}")
    if(HOTRELOAD_ROOT IN_LIST paths)
        return()
    endif()
    set(hint "idf.py reload and idf.py watch take the device from the environment, "
        "HOTRELOAD_URL=http://192.168.1.100:8080, or find it by mDNS. "
        "For their options (--url, ...)")
    if(IDF_VERSION_MAJOR LESS 6)
        message(STATUS "hotreload: " ${hint} ", run once: idf.py hotreload-idf-ext")
    elseif(HOTRELOAD_ROOT MATCHES "/managed_components/")
        message(STATUS "hotreload: " ${hint} ", run once: idf.py hotreload-idf-ext, or set "
            "IDF_EXTENSION_ALLOW_UNTRUSTED=1")
    endif()
endfunction()

# The firmware's part is compiled with the firmware's options, the assembler's included.
function(_hotreload_set_stub_options flags)
    idf_build_get_property(options COMPILE_OPTIONS)
    idf_build_get_property(definitions COMPILE_DEFINITIONS)
    foreach(target hotreload_stubs hotreload_inline)
        # target_compile_definitions() takes both spellings; that of ESP-IDF 5.0 begins with -D.
        target_compile_options(${target} PRIVATE ${options})
        target_compile_definitions(${target} PRIVATE ${definitions})
        target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:ASM>:${flags}>")
    endforeach()
endfunction()

# Sets `result` to all options that every component is compiled with.
function(_hotreload_options result)
    set(options ${CMAKE_C_FLAGS} ${CMAKE_CXX_FLAGS})
    foreach(property COMPILE_OPTIONS C_COMPILE_OPTIONS CXX_COMPILE_OPTIONS)
        idf_build_get_property(more ${property})
        list(APPEND options ${more})
    endforeach()
    set(${result} "${options}" PARENT_SCOPE)
endfunction()

# At the end of the project's CMakeLists.txt.
function(hotreload_finish_project)
    get_property(libraries GLOBAL PROPERTY HOTRELOAD_LIBRARIES)
    get_property(watch_dirs GLOBAL PROPERTY HOTRELOAD_WATCH_DIRS)
    _hotreload_check_names()
    if(NOT libraries)
        message(WARNING "hotreload: no component is reloadable. Add RELOADABLE to the "
            "idf_component_register() of a component, or its name to CONFIG_HOTRELOAD_COMPONENTS")
    endif()

    _hotreload_partition_size(partition_size)
    _hotreload_find_problem(problem "${partition_size}")
    idf_build_get_property(firmware EXECUTABLE)
    if(problem)
        string(REPLACE ";" "\n" text "${problem}")
        string(REPLACE "hotreload: " "" no_module "${problem}")
        string(REPLACE ";" " " no_module "${no_module}")
        message(WARNING "${text}")
        fail_at_build_time(hotreload_problem ${problem})
        add_dependencies(${firmware} hotreload_problem)
        set(libraries "")
    endif()

    idf_build_get_property(arch IDF_TARGET_ARCH)
    idf_build_get_property(HOTRELOAD_PYTHON PYTHON)
    separate_arguments(flags UNIX_COMMAND "${CMAKE_C_FLAGS}")
    _hotreload_options(options)
    hotreload_switch_off_lto("${options}" ${libraries})
    _hotreload_find_abi(abi ${arch} "${flags}")
    math(EXPR chip "${CONFIG_IDF_FIRMWARE_CHIP_ID}" OUTPUT_FORMAT DECIMAL)
    execute_process(COMMAND ${CMAKE_C_COMPILER} ${flags} -print-libgcc-file-name
        OUTPUT_VARIABLE libgcc OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    hotreload_find_c_library(c_library ${flags})
    set(linker_flags "")
    if(arch STREQUAL "riscv")
        set(linker_flags -m elf32lriscv)
    endif()
    hotreload_add_module(
        FIRMWARE ${firmware}
        LIBRARIES ${libraries}
        PROJECT ${CMAKE_PROJECT_NAME}
        ARCH ${arch}
        CHIP ${chip}
        ABI ${abi}
        IDENTITY sha256
        LINKER ${CMAKE_LINKER}
        LINKER_FLAGS ${linker_flags}
        COMPILER_FLAGS ${flags}
        MODULE_LIBRARIES ${libgcc}
        C_LIBRARY ${c_library}
        TEXT_READABLE FALSE
        EXCEPTIONS ${CONFIG_COMPILER_CXX_EXCEPTIONS}
        PARTITION_SIZE ${partition_size}
        WATCH_DIRS ${watch_dirs}
        NO_MODULE "${no_module}")
    _hotreload_set_stub_options("${flags}")
    if(libraries)
        _hotreload_add_flash_targets(${CMAKE_BINARY_DIR}/hotreload/partition.bin)
        _hotreload_add_commands(${HOTRELOAD_PYTHON})
        _hotreload_explain_commands()
    endif()
endfunction()

if(CMAKE_VERSION VERSION_GREATER_EQUAL 3.19) # else there is no such command, and no reloadable component
    cmake_language(DEFER DIRECTORY ${CMAKE_SOURCE_DIR} CALL hotreload_finish_project)
endif()
