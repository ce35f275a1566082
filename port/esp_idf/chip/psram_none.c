/*
 * Chips that cannot execute from PSRAM, or have none.
 *
 * SPDX-License-Identifier: MIT
 */
#include "chip/chip.h"
#include "sdkconfig.h"

esp_err_t hotreload_psram_text_alloc(size_t size, size_t align, hotreload_region_t *region)
{
    (void)size;
    (void)align;
    (void)region;
    return ESP_ERR_NOT_SUPPORTED;
}

void hotreload_psram_explain_refusal(void)
{
    hotreload_port_log(HOTRELOAD_LOG_ERROR,
                       "%s cannot execute from PSRAM with this ESP-IDF: use "
                       "HOTRELOAD_CONFIG_DEFAULT()",
                       CONFIG_IDF_TARGET);
}

void hotreload_psram_text_free(const hotreload_region_t *region)
{
    (void)region;
}
