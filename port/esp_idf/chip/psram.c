/*
 * Text in PSRAM, on chips that can execute from it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "chip/psram.h"

#include "esp_heap_caps.h"
#include "chip/chip.h"

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

esp_err_t hotreload_psram_text_alloc(size_t size, size_t align, hotreload_region_t *region)
{
    if (heap_caps_get_total_size(MALLOC_CAP_SPIRAM) == 0) {
        return ESP_ERR_NOT_SUPPORTED;
    }
    size_t unit = larger(hotreload_psram_unit(), hotreload_cache_line(true));
    size_t rounded = hotreload_round_up(size, unit);
    void *write = heap_caps_aligned_alloc(larger(align, unit), rounded, MALLOC_CAP_SPIRAM);
    if (write == NULL) {
        return ESP_ERR_NO_MEM;
    }
    uint32_t run;
    esp_err_t error = hotreload_psram_map(write, rounded, &run);
    if (error != ESP_OK) {
        heap_caps_free(write);
        hotreload_port_log(HOTRELOAD_LOG_ERROR, "PSRAM could not be mapped for execution: %s",
                           esp_err_to_name(error));
        return ESP_ERR_NO_MEM;
    }
    *region = (hotreload_region_t){.run = run, .write = write, .size = size};
    return ESP_OK;
}

void hotreload_psram_explain_refusal(void)
{
    hotreload_port_log(HOTRELOAD_LOG_ERROR, "there is no PSRAM in the heap: set CONFIG_SPIRAM=y, "
                                            "or ask for other memory");
}

void hotreload_psram_text_free(const hotreload_region_t *region)
{
    hotreload_psram_unmap(region->run);
    heap_caps_free(region->write);
}
