/*
 * ESP32-S2 and S3 before ESP-IDF 5.3, whose esp_cache_msync() does not know the instruction bus:
 * the functions in ROM know both.
 *
 * SPDX-License-Identifier: MIT
 */
#include "esp_memory_utils.h"
#include "freertos/FreeRTOS.h"
#include "chip/chip.h"
#include "rom/cache.h"

/* The longest line that can be configured. */
#define LINE 64u

static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;

size_t hotreload_cache_line(bool psram)
{
    return psram ? LINE : sizeof(uint32_t);
}

esp_err_t hotreload_cache_sync(const hotreload_region_t *text)
{
    if (!esp_ptr_external_ram(text->write)) {
        return ESP_OK;
    }
    uint32_t size = hotreload_round_up(text->size, LINE);
    portENTER_CRITICAL(&lock);
    int failed = Cache_WriteBack_Addr((uint32_t)(uintptr_t)text->write, size);
    failed |= Cache_Invalidate_Addr(text->run, size);
    portEXIT_CRITICAL(&lock);
    return failed ? ESP_FAIL : ESP_OK;
}

void hotreload_cache_write_back(void *data, size_t size)
{
    (void)data;
    (void)size;
}
