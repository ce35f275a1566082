/*
 * CONFIG_HOTRELOAD_SERVER=n: no HTTP server.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hotreload.h"
#include "port.h"

esp_err_t hotreload_server_start(const hotreload_server_config_t *config)
{
    if (config == NULL || config->partition_label == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    hotreload_port_log(HOTRELOAD_LOG_ERROR, "server not started: set CONFIG_HOTRELOAD_SERVER=y");
    return ESP_ERR_NOT_SUPPORTED;
}

esp_err_t hotreload_server_stop(void)
{
    return ESP_ERR_INVALID_STATE;
}
