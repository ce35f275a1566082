/*
 * The public functions that change which module runs.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hotreload.h"

#include <stddef.h>

#include "loader/in_use.h"
#include "port.h"
#include "run/change.h"
#include "run/newest.h"
#include "run/program.h"
#include "run/trial.h"
#include "store/store.h"

static bool is_valid_config(const hotreload_config_t *config)
{
    return config != NULL && config->partition_label != NULL;
}

esp_err_t hotreload_load(const hotreload_config_t *config)
{
    if (!is_valid_config(config)) {
        return ESP_ERR_INVALID_ARG;
    }
    hotreload_reason_t reason;
    hotreload_reason_clear(&reason);
    hotreload_begin_change(HOTRELOAD_CALLER());
    esp_err_t error;
    if (hotreload_program_is_loaded()) {
        error = hotreload_fail(&reason, ESP_ERR_INVALID_STATE,
                               "a module is loaded already: use hotreload_reload()");
    } else {
        error = hotreload_load_newest(config, &reason);
    }
    return hotreload_end_change(error, "load", &reason);
}

esp_err_t hotreload_reload(const hotreload_config_t *config)
{
    if (!is_valid_config(config)) {
        return ESP_ERR_INVALID_ARG;
    }
    hotreload_reason_t reason;
    hotreload_reason_clear(&reason);
    hotreload_begin_change(HOTRELOAD_CALLER());
    esp_err_t error = hotreload_reload_newest(config, 0, &reason);
    return hotreload_end_change(error, "reload", &reason);
}

esp_err_t hotreload_load_from_buffer(const void *data, size_t size)
{
    if (data == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    hotreload_reason_t reason;
    hotreload_reason_clear(&reason);
    hotreload_begin_change(HOTRELOAD_CALLER());
    esp_err_t error = hotreload_program_run_from_memory(data, size, &reason);
    if (error == ESP_OK) {
        hotreload_report_rollback(NULL);
    }
    return hotreload_end_change(error, "load from memory", &reason);
}

esp_err_t hotreload_unload(void)
{
    hotreload_reason_t reason;
    hotreload_reason_clear(&reason);
    hotreload_begin_change(HOTRELOAD_CALLER());
    esp_err_t error =
        hotreload_program_is_loaded()
            ? hotreload_program_unload(true, &reason)
            : hotreload_fail(&reason, ESP_ERR_HOTRELOAD_NOT_LOADED, "no module is loaded");
    if (error == ESP_OK) {
        hotreload_store_set_running(NULL);
    }
    return hotreload_end_change(error, "unload", &reason);
}

esp_err_t hotreload_mark_valid(void)
{
    hotreload_reason_t reason;
    hotreload_reason_clear(&reason);
    hotreload_begin_change(HOTRELOAD_CALLER());
    esp_err_t error =
        hotreload_program_is_loaded()
            ? hotreload_trial_pass(&reason)
            : hotreload_fail(&reason, ESP_ERR_HOTRELOAD_NOT_LOADED, "no module is loaded");
    if (error != ESP_OK) {
        return hotreload_end_change(error, "mark_valid", &reason);
    }
    hotreload_end_change_silently();
    return ESP_OK;
}

bool hotreload_is_loaded(void)
{
    return hotreload_program_is_loaded();
}

bool hotreload_update_available(void)
{
    return hotreload_store_has_untried();
}
