/*
 * hotreload_start(): the steps that an application would take itself, in their order.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hotreload.h"
#include "lifecycle.h"
#include "run/auto_reload.h"
#include "store/store.h"

static _Atomic hotreload_lifecycle_t state = HOTRELOAD_STOPPED;

/** What was asked for, and, for the stop, what of it runs. Guarded by HOTRELOAD_CHANGING. */
static hotreload_start_config_t config;
static struct {
    bool server, serial, auto_reload;
} runs;

static esp_err_t start_server(void)
{
    const hotreload_server_config_t server = {
        .port = config.port,
        .partition_label = config.partition_label,
        .max_upload_size = config.max_upload_size,
        .run_from_ram_first = config.run_from_ram_first,
    };
    const esp_err_t error = hotreload_server_start(&server);
    runs.server = error == ESP_OK;
    return error;
}

static esp_err_t start_serial(void)
{
    const hotreload_serial_config_t serial = {
        .partition_label = config.partition_label,
        .max_upload_size = config.max_upload_size,
        .run_from_ram_first = config.run_from_ram_first,
    };
    const esp_err_t error = hotreload_serial_start(&serial);
    runs.serial = error == ESP_OK;
    return error;
}

/** An error is in the log, and no reason to stop: an upload may bring the right module. */
static esp_err_t load_first(void)
{
    const hotreload_config_t load = {
        .partition_label = config.partition_label,
        .heap_caps = config.heap_caps,
        .allow_unload_first = config.allow_unload_first,
    };
    return hotreload_load(&load);
}

static esp_err_t start_auto_reload(void)
{
    const esp_err_t error = hotreload_auto_reload_start(&config);
    runs.auto_reload = error == ESP_OK;
    return error;
}

/** Those who stopped the server or the console themselves have done it. */
static esp_err_t stop_all(void)
{
    esp_err_t error = runs.auto_reload ? hotreload_auto_reload_stop() : ESP_OK;
    if (error != ESP_OK) {
        return error;
    }
    if (runs.server && hotreload_server_stop() == ESP_FAIL) {
        if (runs.auto_reload) {
            (void)start_auto_reload();
        }
        return ESP_FAIL;
    }
    runs.auto_reload = runs.server = false;
    if (runs.serial) {
        (void)hotreload_serial_stop();
        runs.serial = false;
    }
    return ESP_OK;
}

esp_err_t hotreload_start(const hotreload_start_config_t *new_config)
{
    if (new_config == NULL || new_config->partition_label == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    if (!hotreload_lifecycle_begin(&state, HOTRELOAD_STOPPED)) {
        return ESP_ERR_INVALID_STATE;
    }
    config = *new_config;
    hotreload_reason_t unused; /* the server says the same again */
    (void)hotreload_store_begin_reading(config.partition_label, &unused);
    /* First: whatever becomes of the module that is there, a better one can be sent. */
    esp_err_t error = config.server ? start_server() : ESP_OK;
    if (error == ESP_OK && config.serial) {
        error = start_serial();
    }
    const bool loads = !hotreload_is_loaded();
    const esp_err_t load_error = loads ? load_first() : ESP_OK;
    hotreload_store_end_reading(); /* the application may open another partition */
    if (loads && config.after != NULL) {
        config.after(load_error, config.context);
    }
    if (error == ESP_OK && config.auto_reload) {
        error = start_auto_reload();
    }
    /* What does not stop can be stopped later. */
    atomic_store(&state,
                 error != ESP_OK && stop_all() == ESP_OK ? HOTRELOAD_STOPPED : HOTRELOAD_RUNNING);
    return error;
}

esp_err_t hotreload_stop(void)
{
    if (!hotreload_lifecycle_begin(&state, HOTRELOAD_RUNNING)) {
        return ESP_ERR_INVALID_STATE;
    }
    const esp_err_t error = stop_all();
    atomic_store(&state, error == ESP_OK ? HOTRELOAD_STOPPED : HOTRELOAD_RUNNING);
    return error;
}
