/* SPDX-License-Identifier: MIT */
#include "run/change.h"

#include <stdatomic.h>

#include "port.h"
#include "run/status.h"

static atomic_bool is_changing;

bool hotreload_is_changing(void)
{
    return is_changing;
}

void hotreload_begin_change(hotreload_caller_t caller)
{
    hotreload_port_lock(HOTRELOAD_LOCK_MODULE);
    hotreload_note_caller(caller);
    is_changing = true;
}

void hotreload_end_change_silently(void)
{
    is_changing = false;
    hotreload_port_unlock(HOTRELOAD_LOCK_MODULE);
}

/** esp_err_to_name() of ESP-IDF cannot learn names. */
static const char *name_of(esp_err_t error)
{
    switch (error) {
    case ESP_ERR_HOTRELOAD_TASK_INSIDE:
        return "ESP_ERR_HOTRELOAD_TASK_INSIDE";
    case ESP_ERR_HOTRELOAD_NOT_LOADED:
        return "ESP_ERR_HOTRELOAD_NOT_LOADED";
    default:
        return esp_err_to_name(error);
    }
}

esp_err_t hotreload_end_change(esp_err_t error, const char *what, const hotreload_reason_t *reason)
{
    /* With the lock held: the status is to tell how the last call ended. */
    (error == ESP_OK ? hotreload_status_set_warning : hotreload_status_set_error)(reason);
    hotreload_end_change_silently();
    if (error != ESP_OK) {
        hotreload_port_log(HOTRELOAD_LOG_ERROR, "%s failed: %s (%s)", what, reason->text,
                           name_of(error));
    }
    return error;
}
