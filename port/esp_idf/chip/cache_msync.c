/*
 * Chips where modules can run from cached memory, with ESP-IDF 5.3 or later.
 *
 * SPDX-License-Identifier: MIT
 */
#include "esp_cache.h"
#include "esp_memory_utils.h"
#include "chip/chip.h"
#include "soc/soc_caps.h"

/* The longest line that can be configured on any of these chips. */
#define LINE 128u

/* ESP32-P4: internal memory has a cache as well. */
#ifdef SOC_CACHE_INTERNAL_MEM_VIA_L1CACHE
#define INTERNAL_IS_CACHED true
#else
#define INTERNAL_IS_CACHED false
#endif

size_t hotreload_cache_line(bool psram)
{
    return psram || INTERNAL_IS_CACHED ? LINE : sizeof(uint32_t);
}

esp_err_t hotreload_cache_sync(const hotreload_region_t *text)
{
    if (!esp_ptr_external_ram(text->write) &&
        !(INTERNAL_IS_CACHED && esp_ptr_in_dram(text->write))) {
        return ESP_OK;
    }
    size_t size = hotreload_round_up(text->size, LINE);
    esp_err_t error = esp_cache_msync(
        text->write, size, ESP_CACHE_MSYNC_FLAG_DIR_C2M | ESP_CACHE_MSYNC_FLAG_TYPE_DATA);
    if (error == ESP_OK) {
        error = esp_cache_msync((void *)(uintptr_t)text->run, size,
                                ESP_CACHE_MSYNC_FLAG_DIR_M2C | ESP_CACHE_MSYNC_FLAG_TYPE_INST);
    }
    return error;
}

void hotreload_cache_write_back(void *data, size_t size)
{
    if (INTERNAL_IS_CACHED) {
        (void)esp_cache_msync(data, size,
                              ESP_CACHE_MSYNC_FLAG_DIR_C2M | ESP_CACHE_MSYNC_FLAG_UNALIGNED);
    }
}
