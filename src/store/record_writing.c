/*
 * The writing half of store.h: a record from its beginning to its header, received into the flash,
 * or into RAM first.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "store/record.h"
#include "store/layout.h"
#include "store/state.h"

static hotreload_store_state_t *const store = &hotreload_store_state;

enum {
    NEWEST = HOTRELOAD_ROOM_NEWEST,
    BASE, /* of the newest, if that is a patch; then the newest good one and its base */
    MAPPED = NEWEST + HOTRELOAD_SCAN_PROTECTED,
    RUNNING, /* it comes last: where room is short, it is left out */
    RUNNING_BASE,
    SPANS,
};

/** Where the record is that runs; empty: the flash has none. */
static hotreload_span_t find_running(void)
{
    hotreload_marks_t unused;
    /* What the flash did not take is not there: its place may have older records. */
    return store->is_running && hotreload_scan_find_again(&store->flash, store->reading.data,
                                                          &store->running, &unused) == ESP_OK
               ? hotreload_span_of(&store->flash, &store->running)
               : (hotreload_span_t){0};
}

/** Finds room beside what must stay: the newest usable, the newest good and the mapped record. */
static esp_err_t find_room(uint32_t length, hotreload_span_t *place, hotreload_reason_t *reason)
{
    hotreload_span_t taken[SPANS] = {{0}};
    const uint32_t size = store->flash.size;
    taken[HOTRELOAD_ROOM_OUTSIDE].start = size;
    if (hotreload_scan_protected(&store->flash, store->intact_below, &taken[NEWEST]) != ESP_OK ||
        (store->is_running &&
         hotreload_scan_base(&store->flash, &store->running, &taken[RUNNING_BASE]) != ESP_OK)) {
        return hotreload_store_fail_read(store->label, reason);
    }
    taken[MAPPED] = store->mapped;
    taken[RUNNING] = find_running();
    const uint32_t needed = hotreload_span_round(&store->flash, length + HOTRELOAD_RECORD_DATA);
    const hotreload_span_t *base = &taken[taken[BASE].end != 0 ? BASE : NEWEST];
    const uint32_t two_modules = 2 * (base->end - base->start);
    if (!hotreload_span_find_room(taken, SPANS, needed, two_modules)) {
        if (!hotreload_span_find_room(taken, RUNNING, needed, two_modules)) {
            return hotreload_fail(reason, ESP_ERR_INVALID_SIZE,
                                  "no room for %u bytes in one piece beside the modules to keep: "
                                  "partition \"%s\" has %u bytes, make it %u or more",
                                  (unsigned)length, store->label, (unsigned)size,
                                  (unsigned)(size + needed));
        }
        store->is_running = false; /* some of its sectors soon belong to the new record */
    }
    *place = taken[HOTRELOAD_ROOM_PLACE];
    return ESP_OK;
}

static esp_err_t check_length(size_t length, hotreload_reason_t *reason)
{
    if (length == 0 || length > store->flash.size - HOTRELOAD_RECORD_DATA) {
        return hotreload_fail(reason, ESP_ERR_INVALID_SIZE,
                              "%u bytes do not fit into partition \"%s\" of %u: enlarge it",
                              (unsigned)length, store->label, (unsigned)store->flash.size);
    }
    return ESP_OK;
}

static esp_err_t begin_record(size_t length, hotreload_reason_t *reason)
{
    if (store->writing) {
        return hotreload_fail(reason, ESP_ERR_INVALID_STATE,
                              "another upload is under way: try again when it is over");
    }
    uint32_t newest;
    hotreload_span_t place;
    esp_err_t error = check_length(length, reason);
    if (error == ESP_OK && hotreload_scan_newest_sequence(&store->flash, &newest) != ESP_OK) {
        error = hotreload_store_fail_read(store->label, reason);
    }
    if (error == ESP_OK) {
        error = find_room((uint32_t)length, &place, reason);
    }
    if (error != ESP_OK) {
        return error;
    }
    /* A record that the flash did not take had a sequence too, and its module may still run. */
    newest = newest > store->newest ? newest : store->newest;
    if (newest == HOTRELOAD_SEQUENCE_LAST) {
        return hotreload_fail(reason, ESP_ERR_INVALID_SIZE,
                              "partition \"%s\" has used up its sequence numbers: erase it",
                              store->label);
    }
    hotreload_held_set_state(&store->held, HOTRELOAD_HELD_NONE);
    store->sequence = newest + 1;
    hotreload_writer_begin(&store->writer, &store->flash, store->label, place, (uint32_t)length);
    store->writing = true;
    return ESP_OK;
}

esp_err_t hotreload_store_begin(size_t length, hotreload_reason_t *reason)
{
    hotreload_flash_view_t view;
    hotreload_store_lock();
    if (!store->open) {
        return hotreload_store_unlock(hotreload_store_fail_not_open(reason));
    }
    /* Else each of the scans would map the partition anew, and stop the other core for it. */
    const bool is_mapped =
        hotreload_port_flash_map(&store->flash, 0, store->flash.size, &view) == ESP_OK;
    const esp_err_t error = begin_record(length, reason);
    if (is_mapped) {
        hotreload_port_flash_unmap(&view);
    }
    return hotreload_store_unlock(error);
}

uint32_t hotreload_store_begun_sequence(void)
{
    hotreload_store_lock();
    uint32_t sequence = store->writing ? store->sequence : 0;
    hotreload_store_unlock(ESP_OK);
    return sequence;
}

static esp_err_t fail_not_begun(hotreload_reason_t *reason)
{
    return hotreload_fail(reason, ESP_ERR_INVALID_STATE, "no record is being written");
}

/** False while the record waits: then all of it has come. */
static bool is_receiving(void)
{
    return store->writing && store->held.state != HOTRELOAD_HELD_WAITING;
}

static void drop_record(void)
{
    store->writing = false;
    hotreload_held_set_state(&store->held, HOTRELOAD_HELD_NONE);
}

esp_err_t hotreload_store_hold_in_ram(hotreload_reason_t *reason)
{
    hotreload_store_lock();
    if (!is_receiving() || store->writer.taken > 0) {
        return hotreload_store_unlock(fail_not_begun(reason));
    }
    esp_err_t error = ESP_OK;
    const uint32_t offset = store->writer.span.start + HOTRELOAD_RECORD_DATA;
    if (!hotreload_held_allocate(&store->held, store->sequence, offset, store->writer.length)) {
        error = hotreload_fail(reason, ESP_ERR_NO_MEM, "no %u bytes of RAM to hold the module in",
                               (unsigned)store->writer.length);
    }
    return hotreload_store_unlock(error);
}

static esp_err_t append_held(const void *data, size_t size, hotreload_reason_t *reason)
{
    uint8_t *next = store->held.memory + store->writer.taken;
    esp_err_t error = hotreload_writer_count_bytes(&store->writer, size, reason);
    if (error == ESP_OK) {
        memcpy(next, data, size);
    }
    return error;
}

esp_err_t hotreload_store_write(const void *data, size_t size, hotreload_reason_t *reason)
{
    hotreload_store_lock();
    if (!is_receiving()) {
        return hotreload_store_unlock(fail_not_begun(reason));
    }
    esp_err_t error = store->held.state == HOTRELOAD_HELD_RECEIVING
                          ? append_held(data, size, reason)
                          : hotreload_writer_append(&store->writer, data, size, reason);
    if (error != ESP_OK) {
        drop_record();
    }
    return hotreload_store_unlock(error);
}

/** Checks the module; a patch needs its base in the flash, too. */
static esp_err_t check_module(const void *data, size_t size, hotreload_store_check_t check,
                              hotreload_reason_t *reason)
{
    esp_err_t error = check(data, size, &store->writer.base, reason);
    if (error == ESP_OK && hotreload_store_check_base(store->writer.base, reason) != ESP_OK) {
        error = ESP_ERR_INVALID_STATE;
    }
    return error;
}

/** Looks at the module as it is in the flash, not as it was sent. */
static esp_err_t check_written(const uint8_t *sha256, hotreload_store_check_t check,
                               hotreload_reason_t *reason)
{
    hotreload_flash_view_t view;
    uint32_t offset = store->writer.span.start + HOTRELOAD_RECORD_DATA;
    esp_err_t error = hotreload_store_map_flash(offset, store->writer.length, &view, reason);
    if (error != ESP_OK) {
        return error;
    }
    error = hotreload_store_check_hash(view.data, view.size, sha256, reason);
    if (error == ESP_OK && check != NULL) {
        error = check_module(view.data, view.size, check, reason);
    }
    hotreload_port_flash_unmap(&view);
    return error;
}

/** The marks that the module got while it waited must be there before the header. */
static esp_err_t write_marks(hotreload_marks_t marks, hotreload_reason_t *reason)
{
    for (unsigned mark = 0; mark < HOTRELOAD_MARK_COUNT; mark++) {
        if ((marks & 1u << mark) != 0 &&
            hotreload_mark_write(&store->flash, store->writer.span.start, mark) != ESP_OK) {
            return hotreload_record_fail_flash(store->label, "marked", reason);
        }
    }
    return ESP_OK;
}

/** Ends the record in the flash. */
static esp_err_t commit_to_flash(const uint8_t *sha256, hotreload_marks_t marks,
                                 hotreload_store_check_t check, hotreload_reason_t *reason)
{
    esp_err_t error = hotreload_writer_finish(&store->writer, reason);
    if (error == ESP_OK) {
        error = check_written(sha256, check, reason);
    }
    if (error == ESP_OK) {
        error = write_marks(marks, reason);
    }
    if (error == ESP_OK) {
        error = hotreload_writer_write_header(&store->writer, store->sequence, sha256, reason);
    }
    if (error == ESP_OK) {
        store->has_module = true;
        store->intact_below = UINT32_MAX;
        hotreload_store_set_newest(store->sequence);
    }
    return error;
}

/** The record counts from now on; its place in the flash stays taken. */
static esp_err_t commit_held(const uint8_t *sha256, hotreload_store_check_t check,
                             hotreload_reason_t *reason)
{
    hotreload_held_t *held = &store->held;
    esp_err_t error = hotreload_writer_check_counted(&store->writer, held->memory, reason);
    if (error == ESP_OK && check != NULL) {
        error = check_module(held->memory, held->record.length, check, reason);
    }
    if (error == ESP_OK) {
        memcpy(held->record.sha256, sha256, sizeof held->record.sha256);
        held->record.base = store->writer.base;
        hotreload_held_set_state(held, HOTRELOAD_HELD_WAITING);
        hotreload_store_set_newest(store->sequence);
    }
    return error;
}

esp_err_t hotreload_store_commit(const uint8_t sha256[HOTRELOAD_HASH_SIZE],
                                 hotreload_store_check_t check, hotreload_reason_t *reason)
{
    hotreload_store_lock();
    if (!is_receiving()) {
        return hotreload_store_unlock(fail_not_begun(reason));
    }
    if (store->held.state == HOTRELOAD_HELD_RECEIVING) {
        esp_err_t error = commit_held(sha256, check, reason);
        if (error != ESP_OK) {
            drop_record();
        }
        return hotreload_store_unlock(error);
    }
    esp_err_t error = commit_to_flash(sha256, 0, check, reason);
    store->writing = false;
    return hotreload_store_unlock(error);
}

void hotreload_store_abort(void)
{
    hotreload_store_lock();
    if (is_receiving()) {
        drop_record();
    }
    hotreload_store_unlock(ESP_OK);
}

/* ---- From RAM to the flash ---- */

bool hotreload_store_is_waiting(void)
{
    hotreload_store_lock();
    bool waits = store->held.state == HOTRELOAD_HELD_WAITING;
    hotreload_store_unlock(ESP_OK);
    return waits;
}

/** Writes what goes into the next sector. */
static esp_err_t write_sector(hotreload_reason_t *reason)
{
    hotreload_writer_t *writer = &store->writer;
    const uint32_t sector = store->flash.erase_size;
    const uint32_t left = writer->length - writer->taken;
    const uint32_t room = sector - (HOTRELOAD_RECORD_DATA + writer->taken) % sector;
    return hotreload_writer_append(writer, store->held.memory + writer->taken,
                                   left < room ? left : room, reason);
}

static esp_err_t settle_next_piece(hotreload_reason_t *reason)
{
    if (store->writer.taken < store->writer.length) {
        return write_sector(reason);
    }
    esp_err_t error = commit_to_flash(store->held.record.sha256, store->held.marks, NULL, reason);
    if (error == ESP_OK) {
        drop_record();
    }
    return error;
}

esp_err_t hotreload_store_settle(hotreload_settled_t *settled, hotreload_reason_t *reason)
{
    hotreload_held_t *held = &store->held;
    hotreload_store_lock();
    *settled = (hotreload_settled_t){0};
    esp_err_t error = ESP_OK;
    if (held->state == HOTRELOAD_HELD_WAITING) {
        settled->sequence = held->record.sequence;
        settled->size = held->record.length;
        error = settle_next_piece(reason);
        if (error != ESP_OK) {
            store->writing = false;
            hotreload_held_set_state(held, HOTRELOAD_HELD_LOST);
        }
        settled->more = held->state == HOTRELOAD_HELD_WAITING;
    }
    return hotreload_store_unlock(error);
}
