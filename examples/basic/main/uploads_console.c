/* SPDX-License-Identifier: MIT */
#include "uploads.h"

#include "esp_err.h"
#include "hotreload.h"

void start_uploads(void)
{
    hotreload_serial_config_t config = HOTRELOAD_SERIAL_CONFIG_DEFAULT();
    ESP_ERROR_CHECK(hotreload_serial_start(&config));
}
