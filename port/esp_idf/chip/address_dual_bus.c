/*
 * Chips whose memory has one address on the instruction bus, where it runs, and another on the data
 * bus, where it is written.
 *
 * SPDX-License-Identifier: MIT
 */
#include "esp_memory_utils.h"
#include "chip/chip.h"
#include "soc/soc.h"

_Static_assert(SOC_DIRAM_IRAM_LOW != SOC_DIRAM_DRAM_LOW,
               "this chip has one address for both buses: choose address_same.c");

void *hotreload_write_address(void *run)
{
    /* RTC memory and instruction-only memory have one address; they accept aligned words there. */
    return esp_ptr_in_diram_iram(run) ? esp_ptr_diram_iram_to_dram(run) : run;
}
