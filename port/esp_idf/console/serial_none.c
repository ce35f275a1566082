/*
 * CONFIG_HOTRELOAD_SERIAL=n: no requests on the console.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hotreload.h"
#include "port.h"

esp_err_t hotreload_serial_start(const hotreload_serial_config_t *config)
{
    if (config == NULL || config->partition_label == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    hotreload_port_log(HOTRELOAD_LOG_ERROR, "console not started: set CONFIG_HOTRELOAD_SERIAL=y");
    return ESP_ERR_NOT_SUPPORTED;
}

esp_err_t hotreload_serial_stop(void)
{
    return ESP_ERR_INVALID_STATE;
}
