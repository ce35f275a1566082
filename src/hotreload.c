/*
 * The public functions that load: which module runs, and how one takes the place of another.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hotreload.h"

#include <stdatomic.h>

#include "loader/loader.h"
#include "port.h"
#include "status.h"
#include "store/store.h"

/** Guarded by HOTRELOAD_LOCK_MODULE, but for `tried`. */
static struct {
    bool loaded;
    hotreload_module_t module;
    bool stored; /**< the module came from `record`, not from memory */
    hotreload_record_t record;
    /** Sequence of the newest record that was loaded or refused. */
    atomic_uint_least32_t tried;
} state;

static void begin(void)
{
    hotreload_port_lock(HOTRELOAD_LOCK_MODULE);
}

/** Ends a public function: what it failed for goes into the log and the status. */
static esp_err_t end(esp_err_t error, const char *what, const hotreload_reason_t *reason)
{
    hotreload_port_unlock(HOTRELOAD_LOCK_MODULE);
    hotreload_status_set_error(reason);
    if (error != ESP_OK) {
        hotreload_port_log(HOTRELOAD_LOG_ERROR, "%s failed: %s (%s)", what, reason->text,
                           esp_err_to_name(error));
    }
    return error;
}

/** Makes a staged module the running one; the old one, if any, goes after the table changed. */
static void switch_to(const hotreload_image_t *image, const hotreload_module_t *staged,
                      const hotreload_record_t *record)
{
    hotreload_module_t old = state.module;
    hotreload_loader_commit(image, staged);
    state.module = *staged;
    state.loaded = true;
    state.stored = record != NULL;
    if (record != NULL) {
        state.record = *record;
    }
    hotreload_store_keep(record);
    hotreload_status_set_module(staged, record != NULL ? record->sequence : 0);
    hotreload_loader_release(&old);
    hotreload_port_log(HOTRELOAD_LOG_INFO,
                       "module loaded: %u bytes of text at 0x%08x, %u bytes of data at 0x%08x",
                       (unsigned)staged->text.size, (unsigned)staged->text.run,
                       (unsigned)staged->data.size, (unsigned)staged->data.run);
}

/** The record stays the one to keep, as it may be loaded again. */
static void unload(void)
{
    hotreload_loader_unbind();
    hotreload_loader_release(&state.module);
    state.loaded = false;
    hotreload_status_set_module(NULL, 0);
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
        switch_to(&image, &staged, record);
    }
    hotreload_store_unmap(&view);
    return error;
}

/** Whether the running module is still in the partition: overwritten or damaged, it is the last. */
static bool can_come_back(void)
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

/** For RAM that does not hold both: the old module goes first, and comes back after a failure. */
static esp_err_t load_after_unload(const hotreload_record_t *record, uint32_t caps,
                                   hotreload_reason_t *reason)
{
    const hotreload_record_t old = state.record;
    unload();
    esp_err_t error = load_record(record, caps, reason);
    if (error != ESP_OK) {
        hotreload_reason_t old_reason;
        if (load_record(&old, caps, &old_reason) != ESP_OK) {
            hotreload_store_keep(NULL);
            hotreload_port_log(HOTRELOAD_LOG_ERROR, "the old module could not be loaded again: %s",
                               old_reason.text);
        }
    }
    return error;
}

static esp_err_t find_newest(const hotreload_config_t *config, hotreload_record_t *record,
                             hotreload_reason_t *reason)
{
    esp_err_t error = hotreload_store_open(config->partition_label, reason);
    if (error == ESP_OK) {
        error = hotreload_store_find(NULL, record, reason);
    }
    if (error == ESP_OK) {
        atomic_store(&state.tried, record->sequence);
    }
    return error;
}

static bool is_usable(const hotreload_config_t *config)
{
    return config != NULL && config->partition_label != NULL;
}

/** Loads the newest usable one of those older than `record`. @return false: there is none */
static bool load_older(const hotreload_record_t *record, uint32_t caps)
{
    hotreload_reason_t reason;
    hotreload_record_t failed = *record;
    hotreload_record_t older;
    while (hotreload_store_find(&failed, &older, &reason) == ESP_OK) {
        if (load_record(&older, caps, &reason) == ESP_OK) {
            return true;
        }
        failed = older;
    }
    return false;
}

/** Loads the newest record that can be loaded; the error is that of the newest. */
static esp_err_t load_newest_usable(const hotreload_config_t *config, hotreload_reason_t *reason)
{
    hotreload_record_t record;
    esp_err_t error = find_newest(config, &record, reason);
    if (error != ESP_OK) {
        return error;
    }
    error = load_record(&record, config->heap_caps, reason);
    if (error != ESP_OK && load_older(&record, config->heap_caps)) {
        hotreload_port_log(HOTRELOAD_LOG_WARNING,
                           "the newest module was not loaded, an older one runs: %s", reason->text);
        return ESP_OK;
    }
    return error;
}

esp_err_t hotreload_load(const hotreload_config_t *config)
{
    if (!is_usable(config)) {
        return ESP_ERR_INVALID_ARG;
    }
    hotreload_reason_t reason = {0};
    begin();
    esp_err_t error;
    if (state.loaded) {
        error = hotreload_fail(&reason, ESP_ERR_INVALID_STATE,
                               "a module is loaded already: use hotreload_reload()");
    } else {
        error = load_newest_usable(config, &reason);
    }
    return end(error, "load", &reason);
}

esp_err_t hotreload_reload(const hotreload_config_t *config)
{
    if (!is_usable(config)) {
        return ESP_ERR_INVALID_ARG;
    }
    hotreload_reason_t reason = {0};
    hotreload_record_t record;
    begin();
    esp_err_t error = find_newest(config, &record, &reason);
    if (error == ESP_OK) {
        error = load_record(&record, config->heap_caps, &reason);
    }
    if (error == ESP_ERR_NO_MEM && config->allow_unload_first && state.loaded && can_come_back()) {
        reason.text[0] = '\0';
        error = load_after_unload(&record, config->heap_caps, &reason);
    }
    return end(error, "reload", &reason);
}

esp_err_t hotreload_load_from_buffer(const void *data, size_t size)
{
    if (data == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    hotreload_reason_t reason = {0};
    hotreload_image_t image;
    hotreload_module_t staged;
    begin();
    esp_err_t error = hotreload_loader_stage(data, size, 0, &image, &staged, &reason);
    if (error == ESP_OK) {
        switch_to(&image, &staged, NULL);
    }
    return end(error, "load from memory", &reason);
}

esp_err_t hotreload_unload(void)
{
    hotreload_reason_t reason = {0};
    begin();
    if (!state.loaded) {
        return end(hotreload_fail(&reason, ESP_ERR_INVALID_STATE, "no module is loaded"), "unload",
                   &reason);
    }
    unload();
    hotreload_store_keep(NULL);
    return end(ESP_OK, "unload", &reason);
}

bool hotreload_update_available(void)
{
    uint32_t newest = hotreload_store_newest_sequence();
    return newest != 0 && newest != atomic_load(&state.tried);
}
