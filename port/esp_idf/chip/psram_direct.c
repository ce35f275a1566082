/*
 * Chips that see all of PSRAM on the instruction bus as well, at a fixed distance from the data bus
 * (ESP32-S3: one MMU table for both) or at the same address (ESP32-P4, C5, C61: distance 0).
 *
 * SPDX-License-Identifier: MIT
 */
#include "chip/psram.h"

#include "soc/soc.h"

size_t hotreload_psram_unit(void)
{
    return sizeof(uint32_t);
}

esp_err_t hotreload_psram_map(void *write, size_t size, uint32_t *run)
{
    (void)size;
    *run = (uint32_t)(uintptr_t)write - SOC_DROM_LOW + SOC_IROM_LOW;
    return ESP_OK;
}

void hotreload_psram_unmap(uint32_t run)
{
    (void)run;
}
