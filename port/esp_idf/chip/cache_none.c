/*
 * Chips where modules run from memory without a cache.
 *
 * SPDX-License-Identifier: MIT
 */
#include "chip/chip.h"

size_t hotreload_cache_line(bool psram)
{
    (void)psram;
    return sizeof(uint32_t);
}

esp_err_t hotreload_cache_sync(const hotreload_region_t *text)
{
    (void)text;
    return ESP_OK;
}

void hotreload_cache_write_back(void *data, size_t size)
{
    (void)data;
    (void)size;
}
