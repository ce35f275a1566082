/* SPDX-License-Identifier: MIT */
#include "store/store.h"

#include <stdatomic.h>
#include <string.h>

#include "store/hash.h"
#include "store/marks.h"
#include "store/record.h"
#include "store/scan.h"
#include "store/span.h"
#include "store/writer.h"

/** The longest label that a partition table can hold. */
#define LABEL_SIZE 16u

/** A record that someone else relies on. */
typedef struct {
    bool used;
    hotreload_record_t record;
} claim_t;

/** Guarded by HOTRELOAD_LOCK_STORE. */
static struct {
    bool open;
    char label[LABEL_SIZE + 1];
    hotreload_flash_t flash;
    bool has_module;
    claim_t mapped;
    claim_t kept;
    /** Records from this sequence on turned out to be damaged: they need no protection. */
    uint32_t intact_below;
    bool writing;
    uint32_t sequence; /**< of the record being written */
    hotreload_writer_t writer;
} store;

/** Apart, so that it can be read without the lock. */
static atomic_uint_least32_t newest_sequence;

static esp_err_t unlock(esp_err_t error)
{
    hotreload_port_unlock(HOTRELOAD_LOCK_STORE);
    return error;
}

static hotreload_span_t writer_span(void)
{
    return store.writing ? store.writer.span : (hotreload_span_t){0};
}

static hotreload_span_t claim_span(const claim_t *claim)
{
    return claim->used ? hotreload_span_of(&store.flash, &claim->record) : (hotreload_span_t){0};
}

static esp_err_t fail_read(const char *label, hotreload_reason_t *reason)
{
    return hotreload_fail(reason, ESP_ERR_FLASH_OP_FAIL,
                          "partition \"%s\" could not be read: check the flash", label);
}

static esp_err_t fail_not_open(hotreload_reason_t *reason)
{
    return hotreload_fail(reason, ESP_ERR_INVALID_STATE, "no partition is open");
}

/* ---- Opening ---- */

static esp_err_t find_partition(const char *label, hotreload_flash_t *flash,
                                hotreload_reason_t *reason)
{
    if (strlen(label) > LABEL_SIZE || hotreload_port_flash_open(label, flash) != ESP_OK) {
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

static esp_err_t open_partition(const char *label, hotreload_reason_t *reason)
{
    if (store.open && strcmp(store.label, label) == 0) {
        return ESP_OK;
    }
    if (store.writing || store.mapped.used) {
        return hotreload_fail(reason, ESP_ERR_INVALID_STATE,
                              "partition \"%s\" is in use, \"%.32s\" cannot be opened now",
                              store.label, label);
    }
    hotreload_flash_t flash;
    hotreload_record_t newest = {0};
    esp_err_t error = find_partition(label, &flash, reason);
    if (error != ESP_OK) {
        return error;
    }
    error = hotreload_scan_newest(HOTRELOAD_RECORD_ANY, &flash, (hotreload_span_t){0}, UINT32_MAX,
                                  &newest);
    if (error != ESP_OK && error != ESP_ERR_NOT_FOUND) {
        return fail_read(label, reason);
    }
    store.open = true;
    strcpy(store.label, label);
    store.flash = flash;
    store.kept.used = false;
    store.intact_below = UINT32_MAX;
    store.has_module = error == ESP_OK;
    atomic_store(&newest_sequence, store.has_module ? newest.sequence : 0);
    return ESP_OK;
}

esp_err_t hotreload_store_open(const char *label, hotreload_reason_t *reason)
{
    hotreload_port_lock(HOTRELOAD_LOCK_STORE);
    return unlock(open_partition(label, reason));
}

void hotreload_store_close(void)
{
    hotreload_port_lock(HOTRELOAD_LOCK_STORE);
    memset(&store, 0, sizeof store);
    atomic_store(&newest_sequence, 0);
    hotreload_port_unlock(HOTRELOAD_LOCK_STORE);
}

uint32_t hotreload_store_newest_sequence(void)
{
    return atomic_load(&newest_sequence);
}

/* ---- Reading ---- */

static esp_err_t find(hotreload_record_kind_t kind, uint32_t below, hotreload_record_t *record,
                      hotreload_reason_t *reason)
{
    if (!store.open) {
        return fail_not_open(reason);
    }
    esp_err_t error = hotreload_scan_newest(kind, &store.flash, writer_span(), below, record);
    if (error == ESP_ERR_NOT_FOUND && kind == HOTRELOAD_RECORD_USABLE && store.has_module) {
        return hotreload_fail(
            reason, error,
            "every module in partition \"%s\" crashed on trial: upload or flash a "
            "fixed one",
            store.label);
    }
    if (error == ESP_ERR_NOT_FOUND) {
        return hotreload_fail(reason, error, "partition \"%s\" holds no %smodule: upload one",
                              store.label, below == UINT32_MAX ? "" : "older ");
    }
    return error == ESP_OK ? ESP_OK : fail_read(store.label, reason);
}

esp_err_t hotreload_store_find(const hotreload_record_t *before, hotreload_record_t *record,
                               hotreload_reason_t *reason)
{
    return hotreload_store_find_kind(HOTRELOAD_RECORD_ANY, before, record, reason);
}

esp_err_t hotreload_store_find_kind(hotreload_record_kind_t kind, const hotreload_record_t *before,
                                    hotreload_record_t *record, hotreload_reason_t *reason)
{
    hotreload_port_lock(HOTRELOAD_LOCK_STORE);
    return unlock(find(kind, before != NULL ? before->sequence : UINT32_MAX, record, reason));
}

static esp_err_t check_hash(const hotreload_flash_view_t *view, const uint8_t *sha256,
                            hotreload_reason_t *reason)
{
    uint8_t digest[HOTRELOAD_HASH_SIZE];
    esp_err_t error = hotreload_hash_bytes(view->data, view->size, digest, reason);
    if (error == ESP_OK && memcmp(digest, sha256, sizeof digest) != 0) {
        error = hotreload_fail(reason, ESP_ERR_INVALID_CRC,
                               "the module in partition \"%s\" is damaged: upload it again",
                               store.label);
    }
    return error;
}

static esp_err_t map_flash(uint32_t offset, size_t size, hotreload_flash_view_t *view,
                           hotreload_reason_t *reason)
{
    esp_err_t error = hotreload_port_flash_map(&store.flash, offset, size, view);
    if (error != ESP_OK) {
        return hotreload_fail(reason, error, "%u bytes of partition \"%s\" could not be mapped",
                              (unsigned)size, store.label);
    }
    return ESP_OK;
}

static esp_err_t check_present(const hotreload_record_t *record, hotreload_marks_t *marks,
                               hotreload_reason_t *reason)
{
    esp_err_t error = ESP_ERR_NOT_FOUND;
    if (!hotreload_spans_overlap(writer_span(), hotreload_span_of(&store.flash, record))) {
        error = hotreload_scan_check(&store.flash, record, marks);
    }
    if (error == ESP_ERR_NOT_FOUND) {
        return hotreload_fail(reason, ESP_ERR_INVALID_STATE,
                              "the module was overwritten by a newer one: try again");
    }
    return error == ESP_OK ? ESP_OK : fail_read(store.label, reason);
}

/** Notes that a record is damaged, so that the one below it becomes the one to protect. */
static void note_damaged(const hotreload_record_t *record)
{
    hotreload_record_t protected;
    esp_err_t error = hotreload_scan_newest(HOTRELOAD_RECORD_USABLE, &store.flash,
                                            (hotreload_span_t){0}, store.intact_below, &protected);
    if (error == ESP_OK && protected.sequence == record->sequence) {
        store.intact_below = record->sequence;
    }
}

static esp_err_t map(const hotreload_record_t *record, hotreload_flash_view_t *view,
                     hotreload_reason_t *reason)
{
    *view = (hotreload_flash_view_t){0};
    if (!store.open) {
        return fail_not_open(reason);
    }
    if (store.mapped.used) {
        return hotreload_fail(reason, ESP_ERR_INVALID_STATE, "another module is being loaded");
    }
    hotreload_marks_t marks;
    esp_err_t error = check_present(record, &marks, reason);
    if (error == ESP_OK) {
        error = map_flash(record->offset, record->length, view, reason);
    }
    if (error != ESP_OK) {
        return error;
    }
    if (record->sequence != 0) {
        error = check_hash(view, record->sha256, reason);
    }
    if (error == ESP_ERR_INVALID_CRC) {
        note_damaged(record);
    }
    if (error != ESP_OK) {
        hotreload_port_flash_unmap(view);
    }
    store.mapped = (claim_t){error == ESP_OK, *record};
    return error;
}

esp_err_t hotreload_store_map(const hotreload_record_t *record, hotreload_flash_view_t *view,
                              hotreload_reason_t *reason)
{
    hotreload_port_lock(HOTRELOAD_LOCK_STORE);
    return unlock(map(record, view, reason));
}

void hotreload_store_unmap(hotreload_flash_view_t *view)
{
    hotreload_port_lock(HOTRELOAD_LOCK_STORE);
    hotreload_port_flash_unmap(view);
    store.mapped.used = false;
    hotreload_port_unlock(HOTRELOAD_LOCK_STORE);
}

void hotreload_store_keep(const hotreload_record_t *record)
{
    hotreload_port_lock(HOTRELOAD_LOCK_STORE);
    store.kept.used = record != NULL;
    if (record != NULL) {
        store.kept.record = *record;
    }
    hotreload_port_unlock(HOTRELOAD_LOCK_STORE);
}

/* ---- Marking ---- */

/** A good record stays good: no mark is added to it. */
static esp_err_t mark(const hotreload_record_t *record, hotreload_mark_t mark,
                      hotreload_marks_t *present, hotreload_reason_t *reason)
{
    if (!store.open) {
        return fail_not_open(reason);
    }
    esp_err_t error = check_present(record, present, reason);
    if (error != ESP_OK || hotreload_marks_make(*present, HOTRELOAD_RECORD_GOOD) ||
        (*present & 1u << mark) != 0) {
        return error;
    }
    uint32_t start = hotreload_span_of(&store.flash, record).start;
    if (hotreload_mark_set(&store.flash, start, mark) != ESP_OK) {
        return hotreload_fail(reason, ESP_ERR_FLASH_OP_FAIL,
                              "partition \"%s\": module %u could not be marked: check the flash",
                              store.label, (unsigned)record->sequence);
    }
    return ESP_OK;
}

esp_err_t hotreload_store_try(const hotreload_record_t *record, bool *on_trial,
                              hotreload_reason_t *reason)
{
    hotreload_marks_t marks = 0;
    hotreload_port_lock(HOTRELOAD_LOCK_STORE);
    esp_err_t error = mark(record, HOTRELOAD_MARK_TRIED, &marks, reason);
    *on_trial = !hotreload_marks_make(marks, HOTRELOAD_RECORD_GOOD);
    return unlock(error);
}

esp_err_t hotreload_store_judge(const hotreload_record_t *record, bool good,
                                hotreload_reason_t *reason)
{
    hotreload_marks_t marks = 0;
    hotreload_port_lock(HOTRELOAD_LOCK_STORE);
    return unlock(mark(record, good ? HOTRELOAD_MARK_GOOD : HOTRELOAD_MARK_BAD, &marks, reason));
}

/* ---- Writing ---- */

/** @param sequence  gets that of the newest record; 0: none, or a bare ELF */
static esp_err_t find_newest(uint32_t *sequence, hotreload_reason_t *reason)
{
    hotreload_record_t newest = {0};
    esp_err_t error = hotreload_scan_newest(HOTRELOAD_RECORD_ANY, &store.flash,
                                            (hotreload_span_t){0}, UINT32_MAX, &newest);
    *sequence = newest.sequence;
    return error == ESP_OK || error == ESP_ERR_NOT_FOUND ? ESP_OK : fail_read(store.label, reason);
}

uint32_t hotreload_store_sectors(uint32_t length)
{
    hotreload_port_lock(HOTRELOAD_LOCK_STORE);
    uint32_t sectors = store.open
                           ? hotreload_span_round(&store.flash, length + HOTRELOAD_RECORD_DATA) /
                                 store.flash.erase_size
                           : 0;
    hotreload_port_unlock(HOTRELOAD_LOCK_STORE);
    return sectors;
}

/** Finds room beside what must stay: the newest usable, the newest good and the mapped record. */
static esp_err_t find_room(uint32_t length, hotreload_span_t *place, hotreload_reason_t *reason)
{
    /* The kept one comes last: where room is short it is left out. */
    hotreload_span_t taken[HOTRELOAD_SCAN_PROTECTED + 2];
    const unsigned mapped = HOTRELOAD_SCAN_PROTECTED, kept = mapped + 1;
    if (hotreload_scan_protected(&store.flash, store.intact_below, taken) != ESP_OK) {
        return fail_read(store.label, reason);
    }
    taken[mapped] = claim_span(&store.mapped);
    taken[kept] = claim_span(&store.kept);
    const uint32_t size = store.flash.size;
    const uint32_t needed = hotreload_span_round(&store.flash, length + HOTRELOAD_RECORD_DATA);
    if (!hotreload_span_find_room(size, needed, taken[0], taken, kept + 1, place) &&
        !hotreload_span_find_room(size, needed, taken[0], taken, kept, place)) {
        return hotreload_fail(
            reason, ESP_ERR_INVALID_SIZE,
            "no room for %u bytes beside the modules to keep: partition \"%s\" has "
            "%u bytes, make it %u or more",
            (unsigned)length, store.label, (unsigned)size,
            (unsigned)(hotreload_spans_bytes(taken, kept) + needed));
    }
    return ESP_OK;
}

static esp_err_t check_length(size_t length, hotreload_reason_t *reason)
{
    if (length == 0) {
        return hotreload_fail(reason, ESP_ERR_INVALID_SIZE, "an empty module");
    }
    if (length > store.flash.size - HOTRELOAD_RECORD_DATA) {
        return hotreload_fail(reason, ESP_ERR_INVALID_SIZE,
                              "%u bytes do not fit into partition \"%s\" of %u: enlarge it",
                              (unsigned)length, store.label, (unsigned)store.flash.size);
    }
    return ESP_OK;
}

static esp_err_t begin(size_t length, hotreload_reason_t *reason)
{
    if (!store.open) {
        return fail_not_open(reason);
    }
    if (store.writing) {
        return hotreload_fail(reason, ESP_ERR_INVALID_STATE,
                              "another upload is under way: try again when it is over");
    }
    uint32_t newest;
    hotreload_span_t place;
    esp_err_t error = check_length(length, reason);
    if (error == ESP_OK) {
        error = find_newest(&newest, reason);
    }
    if (error == ESP_OK) {
        error = find_room((uint32_t)length, &place, reason);
    }
    if (error != ESP_OK) {
        return error;
    }
    if (newest == HOTRELOAD_SEQUENCE_LAST) {
        return hotreload_fail(reason, ESP_ERR_INVALID_SIZE,
                              "partition \"%s\" has used up its sequence numbers: erase it",
                              store.label);
    }
    if (hotreload_spans_overlap(place, claim_span(&store.kept))) {
        store.kept.used = false; /* the sectors where it ends soon belong to the new record */
    }
    store.sequence = newest + 1;
    hotreload_writer_begin(&store.writer, &store.flash, store.label, place, (uint32_t)length);
    store.writing = true;
    return ESP_OK;
}

esp_err_t hotreload_store_begin(size_t length, hotreload_reason_t *reason)
{
    hotreload_port_lock(HOTRELOAD_LOCK_STORE);
    return unlock(begin(length, reason));
}

uint32_t hotreload_store_begun_sequence(void)
{
    hotreload_port_lock(HOTRELOAD_LOCK_STORE);
    uint32_t sequence = store.writing ? store.sequence : 0;
    hotreload_port_unlock(HOTRELOAD_LOCK_STORE);
    return sequence;
}

static esp_err_t fail_not_begun(hotreload_reason_t *reason)
{
    return hotreload_fail(reason, ESP_ERR_INVALID_STATE, "no record is being written");
}

esp_err_t hotreload_store_write(const void *data, size_t size, hotreload_reason_t *reason)
{
    hotreload_port_lock(HOTRELOAD_LOCK_STORE);
    if (!store.writing) {
        return unlock(fail_not_begun(reason));
    }
    esp_err_t error = hotreload_writer_append(&store.writer, data, size, reason);
    store.writing = error == ESP_OK;
    return unlock(error);
}

/** Looks at the module as it is in the flash, not as it was sent. */
static esp_err_t check_written(const uint8_t *sha256, hotreload_store_check_t check,
                               hotreload_reason_t *reason)
{
    hotreload_flash_view_t view;
    uint32_t offset = store.writer.span.start + HOTRELOAD_RECORD_DATA;
    esp_err_t error = map_flash(offset, store.writer.length, &view, reason);
    if (error != ESP_OK) {
        return error;
    }
    error = check_hash(&view, sha256, reason);
    if (error == ESP_OK && check != NULL) {
        error = check(view.data, view.size, reason);
    }
    hotreload_port_flash_unmap(&view);
    return error;
}

static esp_err_t commit(const uint8_t *sha256, hotreload_store_check_t check,
                        hotreload_reason_t *reason)
{
    esp_err_t error = hotreload_writer_finish(&store.writer, reason);
    if (error == ESP_OK) {
        error = check_written(sha256, check, reason);
    }
    if (error == ESP_OK) {
        error = hotreload_writer_seal(&store.writer, store.sequence, sha256, reason);
    }
    if (error == ESP_OK) {
        store.has_module = true;
        store.intact_below = UINT32_MAX;
        atomic_store(&newest_sequence, store.sequence);
    }
    return error;
}

esp_err_t hotreload_store_commit(const uint8_t sha256[HOTRELOAD_HASH_SIZE],
                                 hotreload_store_check_t check, hotreload_reason_t *reason)
{
    hotreload_port_lock(HOTRELOAD_LOCK_STORE);
    if (!store.writing) {
        return unlock(fail_not_begun(reason));
    }
    esp_err_t error = commit(sha256, check, reason);
    store.writing = false;
    return unlock(error);
}

void hotreload_store_abort(void)
{
    hotreload_port_lock(HOTRELOAD_LOCK_STORE);
    store.writing = false;
    hotreload_port_unlock(HOTRELOAD_LOCK_STORE);
}
