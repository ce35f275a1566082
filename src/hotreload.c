/*
 * The public functions that load: which module runs, and how one takes the place of another.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hotreload.h"

#include <stddef.h>

#include "loader/loader.h"
#include "port.h"
#include "run/settle.h"
#include "run/status.h"
#include "store/store.h"
#include "run/trial.h"
#include "run/address_map.h"

/** Guarded by HOTRELOAD_LOCK_MODULE. */
static struct {
    bool loaded;
    hotreload_module_t module;
    bool stored; /**< the module came from `record`, not from memory */
    hotreload_record_t record;
    uint32_t suspect;    /**< sequence of what crashed on trial in the last run; 0: it was judged */
    uint32_t unstored;   /**< the same, if the flash does not have it; 0: it has */
    uint32_t newest_bad; /**< sequence; 0: none is bad */
} state;

static void lock_module(void)
{
    hotreload_port_lock(HOTRELOAD_LOCK_MODULE);
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
    hotreload_reason_t rollback = {0};
    const bool unstored = state.unstored > state.newest_bad;
    const uint32_t crashed = unstored ? state.unstored : state.newest_bad;
    if (record != NULL && record->sequence < crashed) {
        hotreload_reason_set(&rollback, "module %u crashed %s, module %u runs", (unsigned)crashed,
                             unstored ? "before it was stored" : "on trial",
                             (unsigned)record->sequence);
        hotreload_port_log(HOTRELOAD_LOG_WARNING, "%s", rollback.text);
    }
    hotreload_status_set_rollback(&rollback);
}

/**
 * Changes the table and runs the constructors of the new module, then the destructors of the old
 * one. A crash in a constructor blames the new module.
 */
static void exchange_modules(const hotreload_image_t *image, const hotreload_module_t *staged,
                             uint32_t blamed)
{
    hotreload_trial_end();
    hotreload_port_retain(blamed);
    hotreload_loader_commit(image, staged);
    hotreload_port_retain(0); /* the old one is not loaded again, on trial or not */
    hotreload_loader_run_destructors(&state.module);
    hotreload_address_map_free_older(); /* before the code is cleared: a task may still be in it */
    hotreload_loader_release(&state.module);
    state.module = *staged;
}

/** Makes a staged module the running one in place of the old one, if any. */
static void run_staged(const hotreload_image_t *image, const hotreload_module_t *staged,
                       const hotreload_record_t *record, bool on_trial)
{
    uint32_t sequence = record != NULL ? record->sequence : 0;
    hotreload_address_map_add(staged, sequence);
    exchange_modules(image, staged, on_trial ? sequence : 0);
    state.loaded = true;
    state.stored = record != NULL;
    if (record != NULL) {
        state.record = *record;
    }
    hotreload_store_set_running(record);
    if (on_trial) {
        hotreload_trial_begin(record);
    }
    hotreload_status_set_module(staged, sequence);
    report_rollback(record);
    hotreload_port_log(HOTRELOAD_LOG_INFO,
                       "module loaded: %u bytes of text at 0x%08x, %u bytes of data at 0x%08x",
                       (unsigned)staged->text.size, (unsigned)staged->text.run,
                       (unsigned)staged->data.size, (unsigned)staged->data.run);
}

/** For the store, the record still runs: it may be loaded again. */
static void unload_module(void)
{
    hotreload_loader_unbind();
    hotreload_loader_run_destructors(&state.module);
    hotreload_trial_end(); /* its destructors were still on trial */
    hotreload_address_map_free_all();
    hotreload_loader_release(&state.module);
    state.loaded = false;
    hotreload_status_set_module(NULL, 0);
}

/** Runs a staged module. The flash is marked first, because the module may crash at once. */
static esp_err_t mark_and_run(const hotreload_image_t *image, hotreload_module_t *staged,
                              const hotreload_record_t *record, hotreload_reason_t *reason)
{
    bool on_trial;
    esp_err_t error = hotreload_store_mark_tried(record, &on_trial, reason);
    if (error == ESP_OK) {
        run_staged(image, staged, record, on_trial);
    } else {
        hotreload_loader_release(staged); /* no constructor ran, so no destructor may */
    }
    return error;
}

static esp_err_t load_record(const hotreload_record_t *record, uint32_t caps,
                             hotreload_reason_t *reason)
{
    hotreload_flash_view_t view;
    esp_err_t error = hotreload_store_map(record, &view, reason);
    if (error != ESP_OK) {
        return error;
    }
    hotreload_image_t image;
    hotreload_module_t staged;
    error = hotreload_loader_stage(view.data, view.size, caps, &image, &staged, reason);
    if (error == ESP_OK) {
        error = mark_and_run(&image, &staged, record, reason);
    }
    hotreload_store_unmap(&view);
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

/** Tells whether the partition still has the running module, intact. */
static bool can_load_again(void)
{
    hotreload_reason_t reason = {.text = "it was loaded from memory"};
    hotreload_flash_view_t view;
    if (!state.stored || hotreload_store_map(&state.record, &view, &reason) != ESP_OK) {
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
    const hotreload_record_t old = state.record;
    unload_module();
    esp_err_t error = load_record(record, caps, reason);
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
    hotreload_record_t record = {.sequence = state.suspect + 1};
    esp_err_t error = hotreload_store_find(HOTRELOAD_RECORD_ON_TRIAL, &record, &record, reason);
    if (error != ESP_OK && error != ESP_ERR_NOT_FOUND) {
        return error;
    }
    const bool stored = error == ESP_OK && record.sequence == state.suspect;
    state.unstored = stored ? 0 : state.suspect;
    if (stored) {
        *blamed = state.suspect;
        if (hotreload_store_mark_judged(&record, false, reason) != ESP_OK) {
            hotreload_port_log(HOTRELOAD_LOG_WARNING, "%s", reason->text);
        }
    }
    state.suspect = 0;
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
        state.suspect = crashed;
    }
    if (state.suspect != 0) {
        error = judge_last_run(&blamed, reason);
    }
    if (error == ESP_OK) {
        error = hotreload_store_find(HOTRELOAD_RECORD_BAD, NULL, &bad, reason);
    }
    if (error != ESP_OK && error != ESP_ERR_NOT_FOUND) {
        return error;
    }
    reason->text[0] = '\0';
    *rolls_back = blamed != 0;
    state.newest_bad = bad.sequence > blamed ? bad.sequence : blamed;
    hotreload_store_set_tried(state.newest_bad);
    return ESP_OK;
}

/* ---- Loading from the partition ---- */

/** @param rolls_back gets whether the module on trial crashed: a good one is to be loaded */
static esp_err_t open_store(const hotreload_config_t *config, bool *rolls_back,
                            hotreload_reason_t *reason)
{
    *rolls_back = false;
    esp_err_t error = hotreload_store_open(config->partition_label, reason);
    return error == ESP_OK && !state.loaded ? find_bad_modules(rolls_back, reason) : error;
}

/** A module that does not fit beside its own copy in RAM may fit once the copy is in the flash. */
static esp_err_t load_from_flash(const hotreload_record_t *record, uint32_t caps,
                                 hotreload_reason_t *reason)
{
    if (hotreload_settle_all() != ESP_OK) {
        return ESP_ERR_NO_MEM;
    }
    reason->text[0] = '\0';
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
        if (record.sequence > state.newest_bad) {
            hotreload_store_set_tried(record.sequence);
        }
        return ESP_OK;
    }
    reason->text[0] = '\0';
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
    hotreload_reason_t reason = {0};
    lock_module();
    esp_err_t error;
    if (state.loaded) {
        error = hotreload_fail(&reason, ESP_ERR_INVALID_STATE,
                               "a module is loaded already: use hotreload_reload()");
    } else {
        error = load_newest(config, &reason);
    }
    return report_and_unlock(error, "load", &reason);
}

esp_err_t hotreload_reload(const hotreload_config_t *config)
{
    if (!is_valid_config(config)) {
        return ESP_ERR_INVALID_ARG;
    }
    hotreload_reason_t reason = {0};
    hotreload_record_t record;
    bool rolls_back;
    lock_module();
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
    if (error == ESP_ERR_NO_MEM && config->allow_unload_first && state.loaded && can_load_again()) {
        reason.text[0] = '\0';
        error = load_after_unload(&record, config->heap_caps, &reason);
    }
    return report_and_unlock(error, "reload", &reason);
}

esp_err_t hotreload_load_from_buffer(const void *data, size_t size)
{
    if (data == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    hotreload_reason_t reason = {0};
    hotreload_image_t image;
    hotreload_module_t staged;
    lock_module();
    esp_err_t error = hotreload_loader_stage(data, size, 0, &image, &staged, &reason);
    if (error == ESP_OK) {
        run_staged(&image, &staged, NULL, false);
    }
    return report_and_unlock(error, "load from memory", &reason);
}

esp_err_t hotreload_unload(void)
{
    hotreload_reason_t reason = {0};
    lock_module();
    if (!state.loaded) {
        return report_and_unlock(
            hotreload_fail(&reason, ESP_ERR_INVALID_STATE, "no module is loaded"), "unload",
            &reason);
    }
    unload_module();
    hotreload_store_set_running(NULL);
    return report_and_unlock(ESP_OK, "unload", &reason);
}

esp_err_t hotreload_mark_valid(void)
{
    hotreload_reason_t reason = {0};
    lock_module();
    esp_err_t error = state.loaded
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
