/*
 * CONFIG_HOTRELOAD_ENABLE=n: reloadable components are linked into the firmware like any other.
 * Reloadable functions can be called, and that is all that ESP_OK means here.
 *
 * SPDX-License-Identifier: MIT
 */
#include "esp_log.h"
#include "hotreload.h"

static const char tag[] = "hotreload";

const char *const HOTRELOAD_EVENT = "HOTRELOAD_EVENT"; /* no event comes */

esp_err_t hotreload_start(const hotreload_start_config_t *config)
{
    if (config == NULL || config->partition_label == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    if (config->after != NULL) {
        config->after(ESP_OK, config->context);
    }
    return ESP_OK;
}

esp_err_t hotreload_stop(void)
{
    return ESP_OK;
}

bool hotreload_is_loaded(void)
{
    return true;
}

esp_err_t hotreload_load(const hotreload_config_t *config)
{
    return config == NULL || config->partition_label == NULL ? ESP_ERR_INVALID_ARG : ESP_OK;
}

/** Says what was asked for and is not there. */
static esp_err_t refuse(const char *what)
{
    ESP_LOGW(tag, "%s: hot reload is off in this build (CONFIG_HOTRELOAD_ENABLE)", what);
    return ESP_ERR_NOT_SUPPORTED;
}

esp_err_t hotreload_reload(const hotreload_config_t *config)
{
    (void)config;
    return refuse("no reload");
}

bool hotreload_update_available(void)
{
    return false;
}

esp_err_t hotreload_mark_valid(void)
{
    return ESP_OK; /* nothing is on trial */
}

esp_err_t hotreload_unload(void)
{
    return refuse("nothing unloaded");
}

esp_err_t hotreload_load_from_buffer(const void *data, size_t size)
{
    (void)data;
    (void)size;
    return refuse("no module loaded");
}

esp_err_t hotreload_update_partition(const char *partition_label, const void *data, size_t size)
{
    (void)partition_label;
    (void)data;
    (void)size;
    return refuse("no module stored");
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
    return refuse("server not started");
}

esp_err_t hotreload_server_stop(void)
{
    return ESP_ERR_INVALID_STATE; /* it does not run */
}

esp_err_t hotreload_serial_start(const hotreload_serial_config_t *config)
{
    (void)config;
    return refuse("console not started");
}

esp_err_t hotreload_serial_stop(void)
{
    return ESP_ERR_INVALID_STATE; /* it does not run */
}
