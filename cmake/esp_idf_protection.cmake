# Modules are code that nobody signed, run from the heap. A firmware that is protected against such
# code, or that is a release, gets hot reload only if CONFIG_HOTRELOAD_ALLOW_UNSIGNED_CODE says so.
#
# SPDX-License-Identifier: MIT

include_guard(GLOBAL)

# An option, and why hot reload contradicts it. The names are those of ESP-IDF 5.0 to 6.0.
set(HOTRELOAD_CONTRADICTED
    CONFIG_SECURE_BOOT
        "only signed code is to run, and modules are not signed"
    CONFIG_SECURE_SIGNED_APPS_NO_SECURE_BOOT
        "updates are to be signed, and modules are not"
    CONFIG_SECURE_FLASH_ENC_ENABLED
        "foreign code is to be kept out, and modules come by network or console"
    CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK
        "old code is not to run again, and an old module may"
    CONFIG_COMPILER_OPTIMIZATION_ASSERTIONS_DISABLE
        "this is a release, and hot reload is for development")

# Sets `result` to the lines that say what hot reload contradicts; empty: nothing.
function(_hotreload_find_contradictions result)
    set(lines "")
    if(NOT CONFIG_HOTRELOAD_ALLOW_UNSIGNED_CODE)
        set(contradicted ${HOTRELOAD_CONTRADICTED})
        while(contradicted)
            list(POP_FRONT contradicted option reason)
            if(${option})
                list(APPEND lines "hotreload: ${option}=y, and hot reload is on: ${reason}.")
            endif()
        endwhile()
    endif()
    if(lines)
        list(APPEND lines
            "For a release turn it off, CONFIG_HOTRELOAD_ENABLE=n (idf.py menuconfig, Component"
            "config > Hot reload): reloadable components are then linked into the firmware. To have"
            "it all the same, set CONFIG_HOTRELOAD_ALLOW_UNSIGNED_CODE=y; its help says more.")
    endif()
    set(${result} "${lines}" PARENT_SCOPE)
endfunction()
