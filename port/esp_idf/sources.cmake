# Which files of port/esp_idf a chip takes. README.md says why.
#
# hotreload_port_sources(<variable> <IDF_TARGET> <ESP-IDF version, as 5.1>): sets the variable to
# the names of the files, relative to this directory. Works in script mode as well.
function(hotreload_port_sources variable target version)
    set(sources
        system/clock.c system/crash.c system/firmware.c system/flash.c system/locks.c system/log.c
        system/memory.c system/ram.c system/random.c system/trial_timer.c
        server/server.c server/session.c server/post_upload.c server/urls.c receiver.c)

    if(target MATCHES "^esp32(s[23])?$")
        list(APPEND sources chip/arch_xtensa.c)
    else()
        list(APPEND sources chip/arch_riscv.c)
    endif()

    if(target MATCHES "^esp32([sc]2|[sc]3)$")
        list(APPEND sources chip/address_dual_bus.c)
    elseif(target MATCHES "^esp32(c5|c6|c61|h2|p4)?$")
        list(APPEND sources chip/address_same.c)
    else()
        message(FATAL_ERROR "hotreload does not support ${target}")
    endif()

    if(target STREQUAL esp32s2 AND version VERSION_GREATER_EQUAL 5.1)
        list(APPEND sources chip/psram.c chip/psram_mmu.c)
    elseif(target MATCHES "^esp32(s3|c5|c61|p4)$")
        list(APPEND sources chip/psram.c chip/psram_direct.c)
    else()
        list(APPEND sources chip/psram_none.c)
    endif()

    if(NOT target MATCHES "^esp32(s2|s3|c5|c61|p4)$")
        list(APPEND sources chip/cache_none.c)
    elseif(version VERSION_LESS 5.3)
        list(APPEND sources chip/cache_rom.c)
    else()
        list(APPEND sources chip/cache_msync.c)
    endif()

    if(version VERSION_LESS 6)
        list(APPEND sources system/hash_mbedtls.c)
    else()
        list(APPEND sources system/hash_psa.c)
    endif()

    set(${variable} ${sources} PARENT_SCOPE)
endfunction()

# hotreload_port_cores(<variable> <CONFIG_ESP_IPC_ISR_ENABLE>): sets the variable to the name of the
# file that fences the cores that run: ESP-IDF can interrupt the other one where there is one.
function(hotreload_port_cores variable other_core)
    if(other_core)
        set(${variable} chip/cores_two.c PARENT_SCOPE)
    else()
        set(${variable} chip/cores_one.c PARENT_SCOPE)
    endif()
endfunction()

# hotreload_port_panic(<sources> <hook> <riscv or xtensa>): sets the variables to the names of the
# files that say whether a panic is in a module, and to the function of ESP-IDF that they wrap.
# Another component may wrap esp_panic_handler (Bluetooth does), so they do not.
function(hotreload_port_panic sources hook arch)
    set(${sources} panic/panic.c panic/panic_${arch}.c PARENT_SCOPE)
    if(arch STREQUAL "xtensa")
        set(${hook} panic_print_backtrace PARENT_SCOPE)
    else()
        set(${hook} panic_print_registers PARENT_SCOPE)
    endif()
endfunction()

# hotreload_port_discovery(<variable> <components...>): sets the variable to the name of the file
# that announces the server, given the components of the build. Another name for the same component
# is that of the registry.
function(hotreload_port_discovery variable)
    if(mdns IN_LIST ARGN OR espressif__mdns IN_LIST ARGN)
        set(${variable} discovery/discovery_mdns.c PARENT_SCOPE)
    else()
        set(${variable} discovery/discovery_none.c PARENT_SCOPE)
    endif()
endfunction()

# hotreload_port_serial(<variable> <CONFIG_HOTRELOAD_SERIAL> <CONFIG_ESP_CONSOLE_USB_SERIAL_JTAG>):
# sets the variable to the names of the files that take requests on the console.
function(hotreload_port_serial variable enabled usb_jtag)
    if(NOT enabled)
        set(${variable} console/serial_none.c PARENT_SCOPE)
    elseif(usb_jtag)
        set(${variable} console/serial.c console/console_usb_jtag.c PARENT_SCOPE)
    else()
        set(${variable} console/serial.c console/console_uart.c PARENT_SCOPE)
    endif()
endfunction()
