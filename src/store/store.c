/* SPDX-License-Identifier: MIT */
#include "store/store.h"

#include <string.h>

#include "store/record.h"
#include "store/layout.h"
#include "store/state.h"

static hotreload_store_state_t *const store = &hotreload_store_state;

/* ---- Opening ---- */

static esp_err_t find_partition(const char *label, hotreload_flash_t *flash,
                                hotreload_reason_t *reason)
{
    if (strlen(label) > HOTRELOAD_STORE_LABEL_SIZE ||
        hotreload_port_flash_open(label, flash) != ESP_OK) {
        return hotreload_fail(reason, ESP_ERR_NOT_FOUND,
                              "no partition \"%.32s\": add one of type app, subtype 0x40 to the "
                              "partition table",
                              label);
    }
    flash->size &= ~(flash->erase_size - 1);
    if (flash->size / flash->erase_size < 2) {
        return hotreload_fail(reason, ESP_ERR_INVALID_SIZE,
                              "partition \"%s\" has fewer than two sectors of %u bytes: enlarge it",
                              label, (unsigned)flash->erase_size);
    }
    return ESP_OK;
}

static esp_err_t open_partition(const char *label, const hotreload_flash_t *flash,
                                hotreload_reason_t *reason)
{
    if (store->open && strcmp(store->label, label) == 0) {
        return ESP_OK;
    }
    if (store->writing || store->mapped.end != 0 || store->readers != 0) {
        return hotreload_fail(reason, ESP_ERR_INVALID_STATE,
                              "partition \"%s\" is in use, \"%.32s\" cannot be opened now",
                              store->label, label);
    }
    uint32_t newest;
    if (hotreload_scan_newest_sequence(flash, &newest) != ESP_OK) {
        return hotreload_store_fail_read(label, reason);
    }
    hotreload_held_set_state(&store->held, HOTRELOAD_HELD_NONE);
    store->open = true;
    strcpy(store->label, label);
    store->flash = *flash;
    store->is_running = false;
    store->intact_below = UINT32_MAX;
    store->has_module = newest != 0;
    store->tried = 0; /* sequences of another partition say nothing here */
    hotreload_store_set_newest(newest);
    return ESP_OK;
}

esp_err_t hotreload_store_open(const char *label, hotreload_reason_t *reason)
{
    hotreload_flash_t flash;
    hotreload_store_lock();
    esp_err_t error = find_partition(label, &flash, reason);
    if (error == ESP_OK) {
        error = open_partition(label, &flash, reason);
    }
    return hotreload_store_unlock(error);
}

esp_err_t hotreload_store_begin_reading(const char *label, hotreload_reason_t *reason)
{
    hotreload_flash_t flash;
    hotreload_flash_view_t view = {0};
    hotreload_store_lock();
    esp_err_t error = find_partition(label, &flash, reason);
    if (error == ESP_OK) {
        if (store->reading.size == 0) {
            (void)hotreload_port_flash_map(&flash, 0, flash.size, &view);
        }
        error = open_partition(label, &flash, reason);
    }
    if (error == ESP_OK && view.size != 0) {
        store->reading = view;
    } else if (view.size != 0) {
        hotreload_port_flash_unmap(&view);
    }
    store->readers++;
    return hotreload_store_unlock(error);
}

void hotreload_store_end_reading(void)
{
    hotreload_store_lock();
    if (--store->readers == 0 && store->reading.size != 0) {
        hotreload_port_flash_unmap(&store->reading);
    }
    hotreload_store_unlock(ESP_OK);
}

bool hotreload_store_has_untried(void)
{
    return atomic_load(&hotreload_store_untried) != 0;
}

void hotreload_store_set_tried(uint32_t sequence)
{
    hotreload_store_lock();
    hotreload_store_note_tried(sequence);
    hotreload_store_unlock(ESP_OK);
}

/* ---- Reading ---- */

static esp_err_t find_record(hotreload_record_kind_t kind, uint32_t below,
                             hotreload_record_t *record, hotreload_reason_t *reason)
{
    if (!store->open) {
        return hotreload_store_fail_not_open(reason);
    }
    if (hotreload_held_can_load(&store->held, kind, below)) {
        *record = store->held.record; /* newer than all that the flash has */
        return ESP_OK;
    }
    esp_err_t error =
        hotreload_scan_newest(kind, &store->flash, hotreload_store_writer_span(), below, record);
    if (error == ESP_ERR_NOT_FOUND && kind == HOTRELOAD_RECORD_USABLE && store->has_module) {
        return hotreload_fail(
            reason, error,
            "every module in partition \"%s\" crashed on trial: upload or flash a "
            "fixed one",
            store->label);
    }
    if (error == ESP_ERR_NOT_FOUND) {
        return hotreload_fail(reason, error, "partition \"%s\" holds no %smodule: upload one",
                              store->label, below == UINT32_MAX ? "" : "older ");
    }
    return error == ESP_OK ? ESP_OK : hotreload_store_fail_read(store->label, reason);
}

esp_err_t hotreload_store_find(hotreload_record_kind_t kind, const hotreload_record_t *before,
                               hotreload_record_t *record, hotreload_reason_t *reason)
{
    hotreload_store_lock();
    return hotreload_store_unlock(
        find_record(kind, before != NULL ? before->sequence : UINT32_MAX, record, reason));
}

esp_err_t hotreload_store_find_record(uint32_t sequence, hotreload_record_t *record,
                                      hotreload_reason_t *reason)
{
    esp_err_t error = find_record(HOTRELOAD_RECORD_ANY, sequence + 1, record, reason);
    if (error == ESP_ERR_NOT_FOUND || (error == ESP_OK && record->sequence != sequence)) {
        return hotreload_fail(
            reason, ESP_ERR_NOT_FOUND,
            "partition \"%s\" does not hold module %u, the patch's base, any more", store->label,
            (unsigned)sequence);
    }
    return error;
}

esp_err_t hotreload_store_check_base(uint32_t base, hotreload_reason_t *reason)
{
    hotreload_record_t record;
    return base == HOTRELOAD_NO_BASE ? ESP_OK : hotreload_store_find_record(base, &record, reason);
}

esp_err_t hotreload_store_find_sequence(uint32_t sequence, hotreload_record_t *record,
                                        hotreload_reason_t *reason)
{
    hotreload_store_lock();
    return hotreload_store_unlock(hotreload_store_find_record(sequence, record, reason));
}

esp_err_t hotreload_store_begin_try(hotreload_record_t *record, hotreload_reason_t *reason)
{
    hotreload_store_lock();
    esp_err_t error = find_record(HOTRELOAD_RECORD_USABLE, UINT32_MAX, record, reason);
    if (error == ESP_OK) {
        hotreload_store_note_tried(store->newest);
    }
    return hotreload_store_unlock(error);
}

void hotreload_store_end_try(const hotreload_record_t *record)
{
    hotreload_store_lock();
    if (hotreload_held_is_record(&store->held, record)) {
        hotreload_held_set_tried(&store->held);
    }
    hotreload_store_unlock(ESP_OK);
}

static esp_err_t check_present(const hotreload_record_t *record, hotreload_marks_t *marks,
                               hotreload_reason_t *reason)
{
    esp_err_t error = ESP_ERR_NOT_FOUND;
    if (!hotreload_spans_overlap(hotreload_store_writer_span(),
                                 hotreload_span_of(&store->flash, record))) {
        error = hotreload_scan_find_again(&store->flash, store->reading.data, record, marks);
    }
    if (error == ESP_ERR_NOT_FOUND) {
        return hotreload_fail(reason, ESP_ERR_INVALID_STATE,
                              "partition \"%s\" does not hold the module any more: try again",
                              store->label);
    }
    return error == ESP_OK ? ESP_OK : hotreload_store_fail_read(store->label, reason);
}

/** Notes that a record is damaged, so that the one below it becomes the one to protect. */
static void note_damaged(const hotreload_record_t *record)
{
    hotreload_record_t protected;
    esp_err_t error = hotreload_scan_newest(HOTRELOAD_RECORD_USABLE, &store->flash,
                                            (hotreload_span_t){0}, store->intact_below, &protected);
    if (error == ESP_OK && protected.sequence == record->sequence) {
        store->intact_below = record->sequence;
    }
}

/** What is held in RAM was checked there, and is read there. */
static void map_held(hotreload_flash_view_t *view)
{
    hotreload_held_set_mapped(&store->held, true);
    *view = (hotreload_flash_view_t){.data = store->held.memory, .size = store->held.record.length};
    store->mapped = hotreload_span_of(&store->flash, &store->held.record);
}

static esp_err_t map_stored(const hotreload_record_t *record, hotreload_flash_view_t *view,
                            hotreload_reason_t *reason)
{
    hotreload_marks_t marks;
    esp_err_t error = check_present(record, &marks, reason);
    if (error == ESP_OK) {
        error = hotreload_store_map_flash(record->offset, record->length, view, reason);
    }
    if (error != ESP_OK) {
        return error;
    }
    error = hotreload_store_check_hash(view->data, view->size, record->sha256, reason);
    if (error == ESP_ERR_INVALID_CRC) {
        note_damaged(record);
    }
    if (error == ESP_OK) {
        store->mapped = hotreload_span_of(&store->flash, record);
    } else {
        hotreload_port_flash_unmap(view);
    }
    return error;
}

static esp_err_t map_record(const hotreload_record_t *record, hotreload_flash_view_t *view,
                            hotreload_reason_t *reason)
{
    *view = (hotreload_flash_view_t){0};
    if (!store->open) {
        return hotreload_store_fail_not_open(reason);
    }
    if (store->mapped.end != 0) {
        return hotreload_fail(reason, ESP_ERR_INVALID_STATE, "another module is being loaded");
    }
    if (hotreload_held_is_record(&store->held, record) && store->held.memory != NULL) {
        map_held(view);
        return ESP_OK;
    }
    return map_stored(record, view, reason);
}

esp_err_t hotreload_store_map(const hotreload_record_t *record, hotreload_flash_view_t *view,
                              hotreload_reason_t *reason)
{
    hotreload_store_lock();
    return hotreload_store_unlock(map_record(record, view, reason));
}

void hotreload_store_unmap(hotreload_flash_view_t *view)
{
    hotreload_store_lock();
    if (store->held.mapped) {
        *view = (hotreload_flash_view_t){0};
        hotreload_held_set_mapped(&store->held, false);
    } else {
        hotreload_port_flash_unmap(view);
    }
    store->mapped = (hotreload_span_t){0};
    hotreload_store_unlock(ESP_OK);
}

void hotreload_store_set_running(const hotreload_record_t *record)
{
    hotreload_store_lock();
    store->is_running = record != NULL;
    if (record != NULL) {
        store->running = *record;
    }
    hotreload_store_unlock(ESP_OK);
}

bool hotreload_store_has_running(void)
{
    hotreload_marks_t marks;
    hotreload_reason_t reason;
    hotreload_store_lock();
    bool stored = store->is_running && !hotreload_held_is_record(&store->held, &store->running) &&
                  check_present(&store->running, &marks, &reason) == ESP_OK &&
                  hotreload_store_check_base(store->running.base, &reason) == ESP_OK;
    hotreload_store_unlock(ESP_OK);
    return stored;
}

/* ---- Marking ---- */

/** One that is not in the flash yet gets its marks there with its header. */
static esp_err_t mark_held(hotreload_mark_t which, hotreload_marks_t *present)
{
    *present = store->held.marks;
    store->held.marks |= (hotreload_marks_t)(1u << which);
    return ESP_OK;
}

/** A good record stays good: no mark is added to it. */
static esp_err_t mark_record(const hotreload_record_t *record, hotreload_mark_t which,
                             hotreload_marks_t *present, hotreload_reason_t *reason)
{
    if (!store->open) {
        return hotreload_store_fail_not_open(reason);
    }
    if (hotreload_held_is_record(&store->held, record)) {
        return mark_held(which, present);
    }
    esp_err_t error = check_present(record, present, reason);
    if (error != ESP_OK || hotreload_marks_are_of_kind(*present, HOTRELOAD_RECORD_GOOD) ||
        (*present & 1u << which) != 0) {
        return error;
    }
    uint32_t start = hotreload_span_of(&store->flash, record).start;
    if (hotreload_mark_write(&store->flash, start, which) != ESP_OK) {
        return hotreload_record_fail_flash(store->label, "marked", reason);
    }
    return ESP_OK;
}

esp_err_t hotreload_store_mark_tried(const hotreload_record_t *record, bool *on_trial,
                                     hotreload_reason_t *reason)
{
    hotreload_marks_t marks = 0;
    hotreload_store_lock();
    esp_err_t error = mark_record(record, HOTRELOAD_MARK_TRIED, &marks, reason);
    *on_trial = !hotreload_marks_are_of_kind(marks, HOTRELOAD_RECORD_GOOD);
    return hotreload_store_unlock(error);
}

void hotreload_store_warn_of_lost(const hotreload_record_t *record, hotreload_reason_t *reason)
{
    hotreload_store_lock();
    if (store->held.state == HOTRELOAD_HELD_LOST &&
        hotreload_held_is_record(&store->held, record)) {
        hotreload_fail(reason, ESP_OK,
                       "module %u is in RAM only, the flash did not take it: upload it again",
                       (unsigned)record->sequence);
    }
    hotreload_store_unlock(ESP_OK);
}

esp_err_t hotreload_store_mark_judged(const hotreload_record_t *record, bool good,
                                      hotreload_reason_t *reason)
{
    hotreload_marks_t marks = 0;
    hotreload_store_lock();
    return hotreload_store_unlock(
        mark_record(record, good ? HOTRELOAD_MARK_GOOD : HOTRELOAD_MARK_BAD, &marks, reason));
}
