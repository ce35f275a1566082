/* SPDX-License-Identifier: MIT */
#include "run/auto_reload.h"

#include "loader/in_use.h"
#include "port.h"
#include "run/change.h"
#include "run/newest.h"
#include "run/program.h"
#include "store/store.h"

#define NOT_BEFORE_WOKEN UINT32_MAX

/* Looking for tasks costs little; stopping and starting those of the application may not. */
#define RETRY_MS         50u
#define RETRY_STOPPED_MS 1000u

/** Set before the task that reloads begins; only that task uses it. */
static const hotreload_start_config_t *settings;
static uint32_t reported; /* sequence of the upload that waits for a task, which the log has */

/** What waits to run. */
typedef struct {
    uint32_t sequence; /**< 0: nobody can tell */
    bool is_whole;     /**< it needs a safe point, `before` and `after` */
} update_t;

static update_t find_update(void)
{
    hotreload_reason_t unused;
    hotreload_record_t record;
    if (hotreload_store_find(HOTRELOAD_RECORD_USABLE, NULL, &record, &unused) != ESP_OK) {
        return (update_t){.is_whole = true}; /* it may be one */
    }
    hotreload_port_lock(HOTRELOAD_LOCK_MODULE);
    const bool is_whole = hotreload_program_needs_loading(&record);
    hotreload_port_unlock(HOTRELOAD_LOCK_MODULE);
    return (update_t){.sequence = record.sequence, .is_whole = is_whole};
}

/** Does not make a copy of a whole module while a task is inside the old one. */
static esp_err_t run_update(const update_t *update, hotreload_reason_t *reason)
{
    const hotreload_config_t config = {
        .partition_label = settings->partition_label,
        .heap_caps = settings->heap_caps,
        .allow_unload_first = settings->allow_unload_first,
    };
    esp_err_t error = update->is_whole ? hotreload_program_check_unused(reason) : ESP_OK;
    /* A whole module that has come since would be loaded without `before` and `after`. */
    const uint32_t expected = update->is_whole ? 0 : update->sequence;
    return error == ESP_OK ? hotreload_reload_newest(&config, expected, reason) : error;
}

/** The log names a task that is in the way once for each upload, and nothing that came meanwhile.
 */
static esp_err_t try_to_reload(const update_t *update)
{
    hotreload_reason_t reason;
    hotreload_reason_clear(&reason);
    hotreload_begin_change(HOTRELOAD_CALLER());
    const esp_err_t error = run_update(update, &reason);
    if (hotreload_may_be_tried_again(error)) {
        if (reported == update->sequence || reason.text[0] == '\0') {
            hotreload_end_change_silently();
            return error;
        }
        reported = update->sequence;
    }
    return hotreload_end_change(error, "reload", &reason);
}

static esp_err_t reload_whole(const update_t *update)
{
    if (settings->before != NULL) {
        settings->before(settings->context);
    }
    const esp_err_t error = try_to_reload(update);
    const bool waits = settings->before == NULL && hotreload_may_be_tried_again(error);
    if (settings->after != NULL && !waits) {
        settings->after(error, settings->context);
    }
    return error;
}

static uint32_t reload_if_there_is_an_update(void)
{
    if (!hotreload_update_available()) {
        return NOT_BEFORE_WOKEN;
    }
    hotreload_reason_t unused; /* the reload says the same again */
    (void)hotreload_store_begin_reading(settings->partition_label, &unused);
    const update_t update = find_update();
    esp_err_t error = update.is_whole ? ESP_OK : try_to_reload(&update);
    hotreload_store_end_reading(); /* the application may open another partition */
    if (update.is_whole) {
        error = reload_whole(&update);
    }
    if (hotreload_may_be_tried_again(error)) {
        return update.is_whole && settings->before != NULL ? RETRY_STOPPED_MS : RETRY_MS;
    }
    /* Another may have come meanwhile. After an error it wakes this task; or the flash failed. */
    return error != ESP_OK && hotreload_update_available() ? RETRY_STOPPED_MS : 0;
}

esp_err_t hotreload_auto_reload_start(const hotreload_start_config_t *new_settings)
{
    settings = new_settings;
    reported = 0;
    const hotreload_worker_t worker = {
        .stack_size = settings->task_stack_size,
        .priority = settings->task_priority,
        .core = settings->task_core,
        .work = reload_if_there_is_an_update,
    };
    return hotreload_port_start_worker(&worker);
}

esp_err_t hotreload_auto_reload_stop(void)
{
    return hotreload_port_stop_worker();
}
