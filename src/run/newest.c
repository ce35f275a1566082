/* SPDX-License-Identifier: MIT */
#include "run/newest.h"

#include <stddef.h>

#include "port.h"
#include "run/event.h"
#include "run/program.h"
#include "run/settle.h"
#include "run/status.h"
#include "store/store.h"

/** What is known of modules that crashed. Guarded by HOTRELOAD_LOCK_MODULE. */
static struct {
    uint32_t suspect;    /**< sequence of what crashed on trial in the last run; 0: it was judged */
    uint32_t unstored;   /**< the same, if the flash does not have it; 0: it has */
    uint32_t newest_bad; /**< sequence; 0: none is bad */
} crashes;

void hotreload_report_rollback(const hotreload_record_t *record)
{
    hotreload_reason_t rollback;
    hotreload_reason_clear(&rollback);
    const bool unstored = crashes.unstored > crashes.newest_bad;
    const uint32_t crashed = unstored ? crashes.unstored : crashes.newest_bad;
    if (record != NULL && record->sequence < crashed) {
        hotreload_fail(&rollback, ESP_OK, "module %u crashed %s, module %u runs", (unsigned)crashed,
                       unstored ? "and is not stored" : "on trial", (unsigned)record->sequence);
        hotreload_port_log(HOTRELOAD_LOG_WARNING, "%s", rollback.text);
        hotreload_post_event(HOTRELOAD_EVENT_ROLLED_BACK, record->sequence, rollback.text);
    }
    hotreload_status_set_rollback(&rollback);
}

static esp_err_t load_record(const hotreload_record_t *record, uint32_t caps,
                             hotreload_reason_t *reason)
{
    esp_err_t error = hotreload_program_run(record, caps, reason);
    if (error == ESP_OK) {
        hotreload_report_rollback(record);
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

static bool is_intact(const hotreload_record_t *record, hotreload_reason_t *reason)
{
    hotreload_flash_view_t view;
    if (hotreload_store_map(record, &view, reason) != ESP_OK) {
        return false;
    }
    hotreload_store_unmap(&view);
    return true;
}

/** Tells whether the partition still has what runs, a patch with its base, intact. */
static bool can_load_again(const hotreload_record_t *running)
{
    hotreload_reason_t reason;
    hotreload_record_t base;
    hotreload_fail(&reason, ESP_OK, "it was loaded from memory");
    if (running != NULL && is_intact(running, &reason) &&
        (running->base == HOTRELOAD_NO_BASE ||
         (hotreload_store_find_sequence(running->base, &base, &reason) == ESP_OK &&
          is_intact(&base, &reason)))) {
        return true;
    }
    hotreload_port_log(HOTRELOAD_LOG_WARNING, "the old module is not unloaded first: %s",
                       reason.text);
    return false;
}

/** For RAM that does not hold both: unloads the old module first, and loads it after a failure. */
static esp_err_t load_after_unload(const hotreload_record_t *record, uint32_t caps,
                                   hotreload_reason_t *reason)
{
    const hotreload_record_t old = *hotreload_program_record();
    esp_err_t error = hotreload_program_unload(false, reason);
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

/* ---- After a boot ---- */

/** Marks what crashed on trial as bad. @param blamed gets its sequence, if it is stored */
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
    /* A module from memory may be the first one: then a reload is the first to look. */
    const bool looks = !hotreload_program_is_loaded() || hotreload_store_has_untried();
    return error == ESP_OK && looks ? find_bad_modules(rolls_back, reason) : error;
}

/** A module that does not fit beside its own copy in RAM may fit once the copy is in the flash. */
static esp_err_t store_then_load(const hotreload_record_t *record, uint32_t caps,
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
    if (error == ESP_ERR_INVALID_VERSION) { /* as after app-flash, or an update of the firmware */
        hotreload_fail(
            reason, error,
            "the module in the partition was linked with another firmware: run idf.py reload");
    }
    if (error != ESP_OK && load_older(kind, record, caps)) {
        hotreload_port_log(HOTRELOAD_LOG_WARNING,
                           "the newest module was not loaded, an older one runs: %s", reason->text);
        return ESP_OK;
    }
    return error;
}

static esp_err_t load_newest(const hotreload_config_t *config, hotreload_reason_t *reason)
{
    bool rolls_back;
    hotreload_record_t record;
    esp_err_t error = open_store(config, &rolls_back, reason);
    if (error != ESP_OK) {
        return error;
    }
    /* A newer record than the one that crashed, if it was not tried yet, waits for a reload. */
    if (rolls_back &&
        hotreload_store_find(HOTRELOAD_RECORD_GOOD, NULL, &record, reason) == ESP_OK &&
        load_or_older(HOTRELOAD_RECORD_GOOD, &record, config->heap_caps, reason) == ESP_OK) {
        if (record.sequence > crashes.newest_bad) {
            hotreload_store_set_tried(record.sequence);
        }
        return ESP_OK;
    }
    hotreload_reason_clear(reason);
    error = hotreload_store_begin_try(&record, reason);
    if (error == ESP_OK) {
        error = load_or_older(HOTRELOAD_RECORD_USABLE, &record, config->heap_caps, reason);
        hotreload_store_end_try(&record);
    }
    return error;
}

esp_err_t hotreload_load_newest(const hotreload_config_t *config, hotreload_reason_t *reason)
{
    const esp_err_t error = load_newest(config, reason);
    hotreload_store_end_reading();
    return error;
}

static esp_err_t reload_record(const hotreload_record_t *record, const hotreload_config_t *config,
                               hotreload_reason_t *reason)
{
    const bool waits = hotreload_store_is_waiting();
    esp_err_t error = load_record(record, config->heap_caps, reason);
    if (error == ESP_ERR_NO_MEM && waits) {
        error = store_then_load(record, config->heap_caps, reason);
    }
    /* Without room for a patch, what runs goes on: it would lose its variables. */
    if (error == ESP_ERR_NO_MEM && config->allow_unload_first && hotreload_program_is_loaded() &&
        !hotreload_program_is_base_of(record) && can_load_again(hotreload_program_record())) {
        hotreload_reason_clear(reason);
        error = load_after_unload(record, config->heap_caps, reason);
    }
    return error;
}

esp_err_t hotreload_reload_newest(const hotreload_config_t *config, uint32_t expected,
                                  hotreload_reason_t *reason)
{
    hotreload_record_t record;
    bool rolls_back;
    esp_err_t error = open_store(config, &rolls_back, reason);
    const bool is_announced = hotreload_store_has_untried();
    if (error == ESP_OK) {
        error = hotreload_store_begin_try(&record, reason);
    }
    if (error == ESP_OK) {
        if (expected != 0 &&
            (record.sequence != expected || hotreload_program_needs_loading(&record))) {
            error = ESP_ERR_INVALID_STATE;
        } else if (!hotreload_program_runs(&record) || (expected == 0 && !is_announced)) {
            error = reload_record(&record, config, reason);
        } /* else another task was first, or what was announced is gone: no variable is lost */
        if (!hotreload_may_be_tried_again(error)) {
            hotreload_store_end_try(&record);
        } else if (is_announced) {
            hotreload_store_set_tried(0);
        }
    }
    hotreload_store_end_reading();
    return error;
}

bool hotreload_may_be_tried_again(esp_err_t error)
{
    return error == ESP_ERR_HOTRELOAD_TASK_INSIDE || error == ESP_ERR_INVALID_STATE ||
           error == ESP_ERR_TIMEOUT;
}
