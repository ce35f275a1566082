# Which files of port/esp_idf a build takes, by the row of its chip, the version of ESP-IDF, and
# what is configured.
#
# SPDX-License-Identifier: MIT

include(${CMAKE_CURRENT_LIST_DIR}/chips.cmake)

# The function of ESP-IDF that panic/panic_<arch>.c wraps. Not esp_panic_handler: another component
# may wrap that one (Bluetooth does).
set(HOTRELOAD_PANIC_HOOK_riscv panic_print_registers)
set(HOTRELOAD_PANIC_HOOK_xtensa panic_print_backtrace)

# hotreload_port_sources(<variable> <IDF_TARGET> <ESP-IDF version, as 5.1>
#                        [PANIC_WORDS] [NO_SERVER] [MDNS] [STATUS_PAGE] [TWO_CORES] [IPC_WAITS]
#                        [CONSOLE <uart or usb_jtag>]):
# sets the variable to the names of the files, relative to this directory.
#
# PANIC_WORDS: a panic says whether it is in a module. NO_SERVER: there is no HTTP server. MDNS: the
# server is announced. STATUS_PAGE: it has a page for a browser. TWO_CORES: FreeRTOS runs on both.
# IPC_WAITS: esp_ipc has no call that does not wait. CONSOLE: requests are taken there.
function(hotreload_port_sources variable target version)
    cmake_parse_arguments(ARG "PANIC_WORDS;NO_SERVER;MDNS;STATUS_PAGE;TWO_CORES;IPC_WAITS" "CONSOLE" "" ${ARGN})
    hotreload_find_chip(chip ${target})

    set(psram chip/psram_none.c)
    if(chip_psram MATCHES "direct|mmu" AND version VERSION_GREATER_EQUAL chip_from)
        set(psram chip/psram.c chip/psram_${chip_psram}.c)
    endif()

    set(cache none)
    if(chip_cache)
        set(cache msync)
        if(version VERSION_LESS 5.3)
            set(cache rom)
        endif()
    endif()

    set(hash psa)
    if(version VERSION_LESS 6)
        set(hash mbedtls)
    endif()

    set(others system/one_core.c)
    if(ARG_TWO_CORES AND ARG_IPC_WAITS)
        set(others system/two_cores.c system/core_call_waiting.c)
    elseif(ARG_TWO_CORES)
        set(others system/two_cores.c system/core_call_nonblocking.c)
    endif()

    set(panic "")
    if(ARG_PANIC_WORDS)
        set(panic panic/panic.c panic/panic_${chip_arch}.c)
    endif()

    set(discovery none)
    if(ARG_MDNS)
        set(discovery mdns)
    endif()
    set(page server/page_none.c)
    if(ARG_STATUS_PAGE)
        set(page server/page.c server/head.c)
    endif()
    set(interfaces find)
    if(version VERSION_LESS 5.2)
        set(interfaces next)
    endif()
    set(server server/post_upload.c server/server.c server/session.c server/urls.c
        server/interfaces_${interfaces}.c ${page}
        discovery/discovery_${discovery}.c)
    if(ARG_NO_SERVER)
        set(server server/server_none.c)
    endif()

    set(console console/serial_none.c)
    if(ARG_CONSOLE)
        set(console console/serial.c console/console_${ARG_CONSOLE}.c)
    endif()

    set(${variable}
        chip/arch_${chip_arch}.c chip/saved_${chip_arch}.c chip/address_${chip_address}.c
        chip/cache_${cache}.c chip/cores.c ${psram}
        system/crash.c system/events.c system/firmware.c system/flash.c system/hash_${hash}.c system/log.c
        system/memory.c system/rtos.c system/tasks.c ${others} system/trial_timer.c
        system/worker.c receiver.c ${server} ${console} ${panic}
        PARENT_SCOPE)
endfunction()

# hotreload_make_smaller(<library> <arch> <sources>...): options of GCC that save flash on RISC-V. One
# function saves the registers for all, strings have no padding, and the shorter code is taken for the
# faster one. The first function of a panic is in RAM, and may not call what saves registers, which is in
# flash.
function(hotreload_make_smaller library arch)
    if(arch STREQUAL "riscv" AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
        target_compile_options(${library} PRIVATE -msave-restore -malign-data=natural -mtune=size)
        set(panic ${ARGN})
        list(FILTER panic INCLUDE REGEX "/panic/")
        set_source_files_properties(${panic} PROPERTIES COMPILE_OPTIONS -mno-save-restore)
    endif()
endfunction()
