/* SPDX-License-Identifier: MIT */
#include "uploads.h"

#include "esp_err.h"
#include "hotreload.h"

void start_uploads(void)
{
    hotreload_serial_config_t config = HOTRELOAD_SERIAL_CONFIG_DEFAULT();
    ESP_ERROR_CHECK_WITHOUT_ABORT(hotreload_serial_start(&config));
}
