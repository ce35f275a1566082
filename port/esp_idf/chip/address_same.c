/*
 * Chips where executable memory is written at the address at which it runs: the unified ones, and
 * the ESP32, whose instruction RAM accepts aligned words (its aliases run backwards).
 *
 * SPDX-License-Identifier: MIT
 */
#include "chip/chip.h"
#include "soc/soc.h"

#ifndef SOC_DIRAM_INVERTED
_Static_assert(SOC_DIRAM_IRAM_LOW == SOC_DIRAM_DRAM_LOW,
               "this chip has separate buses: choose address_dual_bus.c");
#endif

void *hotreload_write_address(void *run)
{
    return run;
}
