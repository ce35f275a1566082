/* SPDX-License-Identifier: MIT */
#include "loader/table.h"

#include <stdio.h>
#include <string.h>

#include "port.h"

_Noreturn void hotreload_missing(uint32_t slot)
{
    const char *name = hotreload_firmware_table.names;
    for (uint32_t i = 0; i < slot; i++) {
        name += strlen(name) + 1;
    }
    char message[128];
    snprintf(message, sizeof message,
             "%s() was called, but no loaded module has it: call hotreload_load() first", name);
    hotreload_port_panic(message);
}
