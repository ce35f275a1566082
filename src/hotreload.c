/*
 * The public functions that load: which module runs, and how one takes the place of another.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hotreload.h"

#include <stddef.h>

#include "loader/in_use.h"
#include "port.h"
#include "run/program.h"
#include "run/settle.h"
#include "run/status.h"
#include "run/trial.h"
#include "store/store.h"

/** What is known of modules that crashed. Guarded by HOTRELOAD_LOCK_MODULE. */
static struct {
    uint32_t suspect;    /**< sequence of what crashed on trial in the last run; 0: it was judged */
    uint32_t unstored;   /**< the same, if the flash does not have it; 0: it has */
    uint32_t newest_bad; /**< sequence; 0: none is bad */
} crashes;

/** Begins a public function that changes what runs. */
static void lock_module(hotreload_caller_t caller)
{
    hotreload_port_lock(HOTRELOAD_LOCK_MODULE);
    hotreload_note_caller(caller);
}

/** Ends a public function: log and status get the reason of a failure. */
static esp_err_t report_and_unlock(esp_err_t error, const char *what,
                                   const hotreload_reason_t *reason)
{
    /* With the lock held: the status is to tell how the last call ended. */
    hotreload_status_set_error(reason);
    hotreload_port_unlock(HOTRELOAD_LOCK_MODULE);
    if (error != ESP_OK) {
        hotreload_port_log(HOTRELOAD_LOG_ERROR, "%s failed: %s (%s)", what, reason->text,
                           esp_err_to_name(error));
    }
    return error;
}

/** Says in log and status that a record's module runs because a newer one crashed. */
static void report_rollback(const hotreload_record_t *record)
{
    hotreload_reason_t rollback;
    hotreload_reason_clear(&rollback);
    const bool unstored = crashes.unstored > crashes.newest_bad;
    const uint32_t crashed = unstored ? crashes.unstored : crashes.newest_bad;
    if (record != NULL && record->sequence < crashed) {
        hotreload_fail(&rollback, ESP_OK, "module %u crashed %s, module %u runs", (unsigned)crashed,
                       unstored ? "before it was stored" : "on trial", (unsigned)record->sequence);
        hotreload_port_log(HOTRELOAD_LOG_WARNING, "%s", rollback.text);
    }
    hotreload_status_set_rollback(&rollback);
}

static esp_err_t load_record(const hotreload_record_t *record, uint32_t caps,
                             hotreload_reason_t *reason)
{
    esp_err_t error = hotreload_program_run(record, caps, reason);
    if (error == ESP_OK) {
        report_rollback(record);
    }
    return error;
}

/** Loads the newest older record of a kind that can be loaded. @return false: there is none */
static bool load_older(hotreload_record_kind_t kind, const hotreload_record_t *record,
                       uint32_t caps)
{
    hotreload_reason_t reason;
    hotreload_record_t failed = *record;
    hotreload_record_t older;
    while (hotreload_store_find(kind, &failed, &older, &reason) == ESP_OK) {
        if (load_record(&older, caps, &reason) == ESP_OK) {
            return true;
        }
        failed = older;
    }
    return false;
}

/** Tells whether the partition still has what runs, intact. */
static bool can_load_again(const hotreload_record_t *running)
{
    hotreload_reason_t reason;
    hotreload_flash_view_t view;
    hotreload_fail(&reason, ESP_OK, "it was loaded from memory");
    if (running == NULL || hotreload_store_map(running, &view, &reason) != ESP_OK) {
        hotreload_port_log(HOTRELOAD_LOG_WARNING, "the old module is not unloaded first: %s",
                           reason.text);
        return false;
    }
    hotreload_store_unmap(&view);
    return true;
}

/** For RAM that does not hold both: unloads the old module first, and loads it after a failure. */
static esp_err_t load_after_unload(const hotreload_record_t *record, uint32_t caps,
                                   hotreload_reason_t *reason)
{
    const hotreload_record_t old = *hotreload_program_record();
    esp_err_t error = hotreload_program_unload(reason);
    if (error != ESP_OK) {
        return error;
    }
    error = load_record(record, caps, reason);
    if (error != ESP_OK) {
        hotreload_reason_t old_reason;
        /* An upload may have taken its place meanwhile; then any other is better than none. */
        if (load_record(&old, caps, &old_reason) != ESP_OK &&
            !load_older(HOTRELOAD_RECORD_USABLE, record, caps)) {
            hotreload_store_set_running(NULL);
            hotreload_port_log(HOTRELOAD_LOG_ERROR, "the old module could not be loaded again: %s",
                               old_reason.text);
        }
    }
    return error;
}

static bool is_valid_config(const hotreload_config_t *config)
{
    return config != NULL && config->partition_label != NULL;
}

/* ---- After a boot ---- */

/** Marks the module that crashed on trial as bad. @param blamed gets its sequence, if it is stored
 */
static esp_err_t judge_last_run(uint32_t *blamed, hotreload_reason_t *reason)
{
    hotreload_record_t record = {.sequence = crashes.suspect + 1};
    esp_err_t error = hotreload_store_find(HOTRELOAD_RECORD_ON_TRIAL, &record, &record, reason);
    if (error != ESP_OK && error != ESP_ERR_NOT_FOUND) {
        return error;
    }
    const bool stored = error == ESP_OK && record.sequence == crashes.suspect;
    crashes.unstored = stored ? 0 : crashes.suspect;
    if (stored) {
        *blamed = crashes.suspect;
        if (hotreload_store_mark_judged(&record, false, reason) != ESP_OK) {
            hotreload_port_log(HOTRELOAD_LOG_WARNING, "%s", reason->text);
        }
    }
    crashes.suspect = 0;
    return ESP_OK;
}

/** Finds out which modules are bad. @param rolls_back gets whether the last run made one bad */
static esp_err_t find_bad_modules(bool *rolls_back, hotreload_reason_t *reason)
{
    hotreload_record_t bad = {0};
    uint32_t blamed = 0;
    esp_err_t error = ESP_OK;
    const uint32_t crashed = hotreload_port_take_crashed();
    if (crashed != 0) {
        crashes.suspect = crashed;
    }
    if (crashes.suspect != 0) {
        error = judge_last_run(&blamed, reason);
    }
    if (error == ESP_OK) {
        error = hotreload_store_find(HOTRELOAD_RECORD_BAD, NULL, &bad, reason);
    }
    if (error != ESP_OK && error != ESP_ERR_NOT_FOUND) {
        return error;
    }
    hotreload_reason_clear(reason);
    *rolls_back = blamed != 0;
    crashes.newest_bad = bad.sequence > blamed ? bad.sequence : blamed;
    hotreload_store_set_tried(crashes.newest_bad);
    return ESP_OK;
}

/* ---- Loading from the partition ---- */

/** @param rolls_back gets whether the module on trial crashed: a good one is to be loaded */
static esp_err_t open_store(const hotreload_config_t *config, bool *rolls_back,
                            hotreload_reason_t *reason)
{
    *rolls_back = false;
    esp_err_t error = hotreload_store_begin_reading(config->partition_label, reason);
    return error == ESP_OK && !hotreload_program_is_loaded() ? find_bad_modules(rolls_back, reason)
                                                             : error;
}

/** A module that does not fit beside its own copy in RAM may fit once the copy is in the flash. */
static esp_err_t load_from_flash(const hotreload_record_t *record, uint32_t caps,
                                 hotreload_reason_t *reason)
{
    if (hotreload_settle_all() != ESP_OK) {
        return ESP_ERR_NO_MEM;
    }
    hotreload_reason_clear(reason);
    return load_record(record, caps, reason);
}

/** Loads a record, or the newest older one of its kind that can be loaded. */
static esp_err_t load_or_older(hotreload_record_kind_t kind, const hotreload_record_t *record,
                               uint32_t caps, hotreload_reason_t *reason)
{
    esp_err_t error = load_record(record, caps, reason);
    if (error != ESP_OK && load_older(kind, record, caps)) {
        hotreload_port_log(HOTRELOAD_LOG_WARNING,
                           "the newest module was not loaded, an older one runs: %s", reason->text);
        return ESP_OK;
    }
    return error;
}

/** Loads the newest record that can be loaded. @return the error of the newest record, if none can
 */
static esp_err_t load_newest(const hotreload_config_t *config, hotreload_reason_t *reason)
{
    bool rolls_back;
    hotreload_record_t record;
    esp_err_t error = open_store(config, &rolls_back, reason);
    if (error != ESP_OK) {
        return error;
    }
    /* A record that is newer than the one that crashed, and was not tried yet, waits for a reload.
     */
    if (rolls_back &&
        hotreload_store_find(HOTRELOAD_RECORD_GOOD, NULL, &record, reason) == ESP_OK &&
        load_or_older(HOTRELOAD_RECORD_GOOD, &record, config->heap_caps, reason) == ESP_OK) {
        if (record.sequence > crashes.newest_bad) {
            hotreload_store_set_tried(record.sequence);
        }
        return ESP_OK;
    }
    hotreload_reason_clear(reason);
    error = hotreload_store_take_newest(&record, reason);
    return error == ESP_OK
               ? load_or_older(HOTRELOAD_RECORD_USABLE, &record, config->heap_caps, reason)
               : error;
}

esp_err_t hotreload_load(const hotreload_config_t *config)
{
    if (!is_valid_config(config)) {
        return ESP_ERR_INVALID_ARG;
    }
    hotreload_reason_t reason;
    hotreload_reason_clear(&reason);
    lock_module(HOTRELOAD_CALLER());
    esp_err_t error;
    if (hotreload_program_is_loaded()) {
        error = hotreload_fail(&reason, ESP_ERR_INVALID_STATE,
                               "a module is loaded already: use hotreload_reload()");
    } else {
        error = load_newest(config, &reason);
    }
    hotreload_store_end_reading();
    return report_and_unlock(error, "load", &reason);
}

esp_err_t hotreload_reload(const hotreload_config_t *config)
{
    if (!is_valid_config(config)) {
        return ESP_ERR_INVALID_ARG;
    }
    hotreload_reason_t reason;
    hotreload_reason_clear(&reason);
    hotreload_record_t record;
    bool rolls_back;
    lock_module(HOTRELOAD_CALLER());
    bool waits = false;
    esp_err_t error = open_store(config, &rolls_back, &reason);
    if (error == ESP_OK) {
        error = hotreload_store_take_newest(&record, &reason);
    }
    if (error == ESP_OK) {
        waits = hotreload_store_is_waiting();
        error = load_record(&record, config->heap_caps, &reason);
    }
    if (error == ESP_ERR_NO_MEM && waits) {
        error = load_from_flash(&record, config->heap_caps, &reason);
    }
    if (error == ESP_ERR_NO_MEM && config->allow_unload_first && hotreload_program_is_loaded() &&
        can_load_again(hotreload_program_record())) {
        hotreload_reason_clear(&reason);
        error = load_after_unload(&record, config->heap_caps, &reason);
    }
    hotreload_store_end_reading();
    if (error == ESP_ERR_INVALID_STATE || error == ESP_ERR_TIMEOUT) {
        hotreload_store_set_untried(); /* a task was in the way, and may be gone the next time */
    }
    return report_and_unlock(error, "reload", &reason);
}

esp_err_t hotreload_load_from_buffer(const void *data, size_t size)
{
    if (data == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    hotreload_reason_t reason;
    hotreload_reason_clear(&reason);
    lock_module(HOTRELOAD_CALLER());
    esp_err_t error = hotreload_program_run_from_memory(data, size, &reason);
    if (error == ESP_OK) {
        report_rollback(NULL);
    }
    return report_and_unlock(error, "load from memory", &reason);
}

esp_err_t hotreload_unload(void)
{
    hotreload_reason_t reason;
    hotreload_reason_clear(&reason);
    lock_module(HOTRELOAD_CALLER());
    esp_err_t error = hotreload_program_is_loaded()
                          ? hotreload_program_unload(&reason)
                          : hotreload_fail(&reason, ESP_ERR_INVALID_STATE, "no module is loaded");
    if (error == ESP_OK) {
        hotreload_store_set_running(NULL);
    }
    return report_and_unlock(error, "unload", &reason);
}

esp_err_t hotreload_mark_valid(void)
{
    hotreload_reason_t reason;
    hotreload_reason_clear(&reason);
    lock_module(HOTRELOAD_CALLER());
    esp_err_t error = hotreload_program_is_loaded()
                          ? hotreload_trial_pass(&reason)
                          : hotreload_fail(&reason, ESP_ERR_INVALID_STATE, "no module is loaded");
    if (error != ESP_OK) {
        return report_and_unlock(error, "mark_valid", &reason);
    }
    hotreload_port_unlock(HOTRELOAD_LOCK_MODULE); /* the last error stays in the status */
    return ESP_OK;
}

bool hotreload_update_available(void)
{
    return hotreload_store_has_untried();
}
