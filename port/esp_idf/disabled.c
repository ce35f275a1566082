/*
 * CONFIG_HOTRELOAD_ENABLE=n: reloadable components are linked into the firmware like any other, so
 * there is nothing to load. The functions succeed and do nothing; one source tree serves both.
 *
 * SPDX-License-Identifier: MIT
 */
#include "esp_log.h"
#include "hotreload.h"

static const char tag[] = "hotreload";

esp_err_t hotreload_load(const hotreload_config_t *config)
{
    (void)config;
    return ESP_OK;
}

esp_err_t hotreload_load_from_buffer(const void *data, size_t size)
{
    (void)data;
    (void)size;
    return ESP_OK;
}

esp_err_t hotreload_unload(void)
{
    return ESP_OK;
}

esp_err_t hotreload_reload(const hotreload_config_t *config)
{
    (void)config;
    return ESP_OK;
}

esp_err_t hotreload_mark_valid(void)
{
    return ESP_OK;
}

bool hotreload_update_available(void)
{
    return false;
}

esp_err_t hotreload_update_partition(const char *partition_label, const void *data, size_t size)
{
    (void)partition_label;
    (void)data;
    (void)size;
    return ESP_OK;
}

const char *hotreload_describe_address(uint32_t address, char *text, size_t size)
{
    (void)address;
    (void)text;
    (void)size;
    return NULL;
}

esp_err_t hotreload_server_start(const hotreload_server_config_t *config)
{
    (void)config;
    ESP_LOGI(tag, "no server: hot reload is off in this build (CONFIG_HOTRELOAD_ENABLE)");
    return ESP_OK;
}

esp_err_t hotreload_server_stop(void)
{
    return ESP_OK;
}

esp_err_t hotreload_serial_start(const hotreload_serial_config_t *config)
{
    (void)config;
    ESP_LOGI(tag, "console not read: hot reload is off in this build (CONFIG_HOTRELOAD_ENABLE)");
    return ESP_OK;
}

esp_err_t hotreload_serial_stop(void)
{
    return ESP_OK;
}
