/*
 * Fuzz target: the store. The input fills a partition with whatever, then uses the store on it,
 * with failures of the flash and power cuts.
 *
 * Always: no access outside the partition, no record outside it, the newest record found is the
 * newest there is, a record being written stays within its own sectors, the newest usable and the
 * newest good record are never touched unless known to be damaged, and after any end of a write
 * the newest is the old or the new module, whole: the new one if the store said so, the old one if
 * it said not.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "fake_flash.h"
#include "fake_port.h"
#include "flash_contents.h"
#include "must.h"
#include "sha256.h"
#include "store/record.h"
#include "store/store.h"
#include "store_reset.h"
#include "store/state.h"

#define MAX_STEPS 24u

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** A record that must stay as it is. */
typedef struct {
    hotreload_record_t record; /**< length 0: none */
    uint8_t *bytes;            /**< from its header to its end */
} protected_t;

/** What has to be so. */
static struct {
    uint32_t intact_below; /**< records from this sequence on are known to be damaged */
    bool is_unclear;       /**< the store may have failed to find out about one */
    protected_t usable, good;
    hotreload_flash_view_t view; /**< of a module that someone loads */
    hotreload_record_t seen;     /**< found some time ago; length 0: none */
} model;

/** The record being written. */
static struct {
    bool active;
    uint32_t length, taken;
    uint8_t *content;
    uint8_t *before; /**< the whole flash when it began */
    uint32_t newest; /**< sequence of the newest record then */
    bool hidden;     /**< overwriting a record then could show another */
    unsigned faults; /**< planned since the last boot, or still to come then */
} writing;

static hotreload_reason_t reason;

static esp_err_t checked(esp_err_t error)
{
    must(error == ESP_OK || reason.text[0] != '\0');
    reason.text[0] = '\0';
    return error;
}

/* ---- Failures ---- */

static unsigned *const counters[] = {&fake_flash.fail_read,     &fake_flash.fail_write,
                                     &fake_flash.fail_erase,    &fake_flash.fail_map,
                                     &fake_flash.corrupt_write, &fake_flash.cut_at,
                                     &fake_port.fail_allocation};

#define COUNTERS (sizeof counters / sizeof counters[0])

static unsigned failures_to_come(void)
{
    unsigned count = 0;
    for (size_t i = 0; i < COUNTERS; i++) {
        count += *counters[i] != 0;
    }
    return count;
}

static void plan_failure(input_t *input)
{
    unsigned *counter = counters[input_below(input, COUNTERS)];
    fake_flash.cut = (fake_flash_cut_t)input_below(input, 3);
    fake_flash.random = input_byte(input) + 1u;
    *counter = 1 + input_below(input, 16);
    writing.faults++;
}

/** The planned failures are for the store, not for those who check it. */
static void without_failures(void (*check)(void))
{
    fake_flash_t planned = fake_flash;
    unsigned planned_allocation = fake_port.fail_allocation;
    fake_flash.fail_read = fake_flash.fail_map = fake_port.fail_allocation = 0;
    fake_flash.power_off = false;
    check();
    fake_flash.fail_read = planned.fail_read;
    fake_flash.fail_map = planned.fail_map;
    fake_flash.power_off = planned.power_off;
    fake_port.fail_allocation = planned_allocation;
}

/* ---- What must not change ---- */

static uint32_t start_of(const hotreload_record_t *record)
{
    return record->offset - HOTRELOAD_RECORD_DATA;
}

static size_t size_of(const hotreload_record_t *record)
{
    return record->offset + record->length - start_of(record);
}

static void check_record(const hotreload_record_t *record)
{
    must(record->length > 0 && record->offset <= flash_contents_size());
    must(record->length <= flash_contents_size() - record->offset);
    must(record->sequence > 0);
    must(start_of(record) % fake_flash.erase_size == 0);
}

static void protect_newest(hotreload_record_kind_t kind, protected_t *protected)
{
    hotreload_record_t *record = &protected->record;
    free(protected->bytes);
    protected->bytes = NULL;
    if (model.is_unclear || !flash_contents_newest(kind, model.intact_below, record)) {
        *record = (hotreload_record_t){0};
    }
    if (record->length > 0) {
        check_record(record);
        protected->bytes = malloc(size_of(record));
        memcpy(protected->bytes, fake_flash.data + start_of(record), size_of(record));
    }
}

static void protect(void)
{
    protect_newest(HOTRELOAD_RECORD_USABLE, &model.usable);
    protect_newest(HOTRELOAD_RECORD_GOOD, &model.good);
}

/** All of it, but for the marks. */
static void check_untouched(const protected_t *protected)
{
    const hotreload_record_t *record = &protected->record;
    if (record->length > 0) {
        uint32_t start = start_of(record);
        must(memcmp(protected->bytes, fake_flash.data + start, sizeof(hotreload_record_header_t)) ==
             0);
        must(memcmp(protected->bytes + record->offset - start, fake_flash.data + record->offset,
                    record->length) == 0);
    }
}

static void check_protected(void)
{
    check_untouched(&model.usable);
    check_untouched(&model.good);
}

/** What was changed since the writing began is not more than a record of this length takes. */
static void check_confined(void)
{
    uint32_t sector = fake_flash.erase_size;
    uint32_t first = UINT32_MAX;
    uint32_t end = 0;
    for (uint32_t i = 0; i < fake_flash.size; i++) {
        if (writing.before[i] != fake_flash.data[i]) {
            first = i / sector < first ? i / sector : first;
            end = i / sector + 1;
        }
    }
    uint32_t sectors = (writing.length + HOTRELOAD_RECORD_DATA + sector - 1) / sector;
    must(end == 0 || end - first <= sectors);
}

/* ---- Reading ---- */

/** A damaged record is not protected any more, if it was the newest. */
static void note_damaged(const hotreload_record_t *record)
{
    hotreload_record_t newest;
    if (fake_flash.fail_read != 0 || fake_flash.power_off) {
        model.is_unclear = true;
    } else if (flash_contents_newest(HOTRELOAD_RECORD_USABLE, model.intact_below, &newest) &&
               newest.sequence == record->sequence) {
        model.intact_below = record->sequence;
    }
    if (!writing.active) {
        without_failures(protect);
    }
}

static void unmap(input_t *input)
{
    (void)input;
    if (model.view.data != NULL) {
        hotreload_store_unmap(&model.view);
        model.view = (hotreload_flash_view_t){0};
    }
}

static void check_view(const hotreload_record_t *record)
{
    uint8_t digest[HOTRELOAD_HASH_SIZE];
    sha256_t hash;
    sha256_begin(&hash);
    sha256_update(&hash, model.view.data, model.view.size);
    sha256_end(&hash, digest);
    must(model.view.size == record->length);
    must(memcmp(model.view.data, fake_flash.data + record->offset, record->length) == 0);
    must(memcmp(digest, record->sha256, sizeof digest) == 0);
}

/** Maps a record and leaves it mapped. */
static void map(const hotreload_record_t *record)
{
    if (model.view.data != NULL) {
        hotreload_flash_view_t second;
        must(checked(hotreload_store_map(record, &second, &reason)) != ESP_OK);
        return;
    }
    esp_err_t error = checked(hotreload_store_map(record, &model.view, &reason));
    must((error == ESP_OK) == (model.view.data != NULL));
    if (error == ESP_OK) {
        check_view(record);
    } else if (error == ESP_ERR_INVALID_CRC) {
        note_damaged(record);
    }
}

/** Notes what became of a module; the protected ones are others then. */
static void mark(const hotreload_record_t *record, uint32_t choice)
{
    bool on_trial;
    if (!flash_contents_can_mark(record)) {
        return;
    }
    if (choice == 0) {
        checked(hotreload_store_mark_tried(record, &on_trial, &reason));
    } else if (choice < 3) {
        checked(hotreload_store_mark_judged(record, choice == 1, &reason));
    }
    if (!writing.active) {
        without_failures(protect);
    } else if (record->sequence > 0) {
        uint32_t marks = start_of(record) + (uint32_t)sizeof(hotreload_record_header_t);
        memcpy(writing.before + marks, fake_flash.data + marks, record->offset - marks);
    }
}

static void use_record(const hotreload_record_t *record, uint32_t choices)
{
    if (choices & 1) {
        map(record);
    }
    if (choices & 2) {
        unmap(NULL);
    }
    if (choices & 4) {
        hotreload_store_set_running(record);
    }
    mark(record, choices >> 3 & 7);
}

/** Records of a kind from the newest to the oldest, as a load does that finds one bad. */
static void look_at_all(input_t *input)
{
    hotreload_record_t record, newest;
    const hotreload_record_kind_t kind = (hotreload_record_kind_t)input_below(input, 5);
    uint32_t count = 0;
    esp_err_t error = checked(hotreload_store_find(kind, NULL, &record, &reason));
    /* While a record is written, those that it overwrites are not found. */
    if (error == ESP_OK && !writing.active && flash_contents_newest(kind, UINT32_MAX, &newest)) {
        must(record.sequence == newest.sequence && record.offset == newest.offset);
    }
    while (error == ESP_OK) {
        check_record(&record);
        must(count++ < 10);
        use_record(&record, input_byte(input));
        model.seen = record;
        hotreload_record_t before = record;
        error = checked(hotreload_store_find(kind, &before, &record, &reason));
        must(error != ESP_OK || record.sequence < before.sequence);
    }
    must(error == ESP_ERR_NOT_FOUND || error == ESP_ERR_FLASH_OP_FAIL ||
         error == ESP_ERR_INVALID_STATE);
}

/** What was found may be overwritten by now. */
static void use_seen(input_t *input)
{
    if (model.seen.length > 0) {
        use_record(&model.seen, input_byte(input) & ~4u);
    }
}

/* ---- Writing ---- */

static void end_writing(void)
{
    writing.active = false;
    free(writing.content);
    free(writing.before);
    writing.content = writing.before = NULL;
    without_failures(protect);
}

static void begin(input_t *input)
{
    size_t length = input_below(input, 16) == 15 ? (size_t)input_below(input, UINT32_MAX)
                                                 : input_below(input, fake_flash.size);
    hotreload_record_t newest = {0};
    esp_err_t error = checked(hotreload_store_begin(length, &reason));
    must(error == ESP_OK || error == ESP_ERR_INVALID_STATE || error == ESP_ERR_INVALID_SIZE ||
         error == ESP_ERR_FLASH_OP_FAIL);
    if (error != ESP_OK) {
        return;
    }
    must(!writing.active);
    writing.active = true;
    writing.length = (uint32_t)length;
    writing.taken = 0;
    writing.hidden = flash_contents_has_hidden_header();
    flash_contents_newest(HOTRELOAD_RECORD_ANY, UINT32_MAX, &newest);
    /* No sequence is given twice, not even that of a record which is gone. */
    const uint32_t known = hotreload_store_state.newest;
    writing.newest = newest.sequence > known ? newest.sequence : known;
    writing.before = malloc(fake_flash.size);
    memcpy(writing.before, fake_flash.data, fake_flash.size);
    writing.content = malloc(length);
    uint32_t seed = input_byte(input);
    for (size_t i = 0; i < length; i++) {
        writing.content[i] = seed < 8 ? (uint8_t) "HRR1"[i % 4] : (uint8_t)(seed * (i + 1));
    }
}

static void write_part(input_t *input)
{
    uint32_t left = writing.length - writing.taken;
    uint32_t choice = input_byte(input);
    uint32_t size = choice < 128 ? left : choice < 250 ? input_below(input, left + 1) : left + 1;
    uint8_t *part = malloc((size_t)size + 1);
    memset(part, 0, (size_t)size + 1);
    if (writing.active) {
        memcpy(part, writing.content + writing.taken, size < left ? size : left);
    }
    esp_err_t error = checked(hotreload_store_write(part, size, &reason));
    free(part);
    must(error != ESP_OK || (writing.active && size <= left));
    if (error == ESP_OK) {
        writing.taken += size;
    } else if (writing.active) {
        end_writing();
    }
}

/** Without hidden headers, an announced record is the newest, and what failed is not there. */
static void check_outcome(esp_err_t error)
{
    hotreload_record_t newest = {0};
    bool found = flash_contents_newest(HOTRELOAD_RECORD_ANY, UINT32_MAX, &newest);
    if (error == ESP_OK) {
        must(writing.taken == writing.length);
        must(found && newest.length == writing.length);
        must(newest.sequence == writing.newest + 1);
        must(newest.sequence == hotreload_store_state.newest);
        must(memcmp(fake_flash.data + newest.offset, writing.content, newest.length) == 0);
    } else if (writing.faults < 2 && !fake_flash.power_off) {
        must(newest.sequence <= writing.newest);
    }
}

static void commit(input_t *input)
{
    uint8_t digest[HOTRELOAD_HASH_SIZE] = {0};
    if (writing.active && input_below(input, 8) != 7) {
        sha256_t hash;
        sha256_begin(&hash);
        sha256_update(&hash, writing.content, writing.length);
        sha256_end(&hash, digest);
    }
    esp_err_t error = checked(hotreload_store_commit(digest, NULL, &reason));
    must(error != ESP_OK || writing.active);
    if (!writing.active) {
        return;
    }
    check_protected();
    check_confined();
    if (!writing.hidden) {
        check_outcome(error);
    }
    if (error == ESP_OK) {
        model.intact_below = UINT32_MAX;
        model.is_unclear = false;
    }
    /* After a power cut the old one stays the one to protect, whatever the flash holds now. */
    if (!fake_flash.power_off) {
        end_writing();
    }
}

static void drop(input_t *input)
{
    (void)input;
    hotreload_store_abort();
    if (writing.active) {
        end_writing();
    }
}

static void write_whole(input_t *input)
{
    begin(input);
    write_part(input);
    commit(input);
}

/* ---- Booting ---- */

/** What was being written when the power went is there whole, or not at all. */
static void check_cut(void)
{
    hotreload_record_t newest;
    if (!writing.hidden && flash_contents_newest(HOTRELOAD_RECORD_ANY, UINT32_MAX, &newest) &&
        newest.sequence > writing.newest) {
        must(newest.sequence == writing.newest + 1 && newest.length == writing.length);
        must(memcmp(fake_flash.data + newest.offset, writing.content, newest.length) == 0);
    }
}

static void boot(input_t *input)
{
    unmap(input);
    store_reset();
    fake_flash_power_on();
    if (writing.active) {
        check_cut();
        end_writing();
    }
    writing.faults = failures_to_come();
    model.intact_below = UINT32_MAX;
    model.is_unclear = false;
    without_failures(protect);
    esp_err_t error = checked(hotreload_store_open(FAKE_FLASH_LABEL, &reason));
    must(error == ESP_OK || error == ESP_ERR_FLASH_OP_FAIL || error == ESP_ERR_INVALID_SIZE);
    must((error == ESP_ERR_INVALID_SIZE) == (flash_contents_size() / fake_flash.erase_size < 2));
}

static void forget_kept(input_t *input)
{
    (void)input;
    hotreload_store_set_running(NULL);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return setenv("CMOCKA_TEST_ABORT", "1", 1); /* the fakes' checks then abort() too */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const steps[])(input_t *) = {use_seen,    boot,         look_at_all, look_at_all,
                                               begin,       begin,        write_part,  write_part,
                                               commit,      drop,         write_whole, write_whole,
                                               write_whole, plan_failure, unmap,       forget_kept};
    input_t input = {data, size};
    fake_port_reset();
    model.seen.length = 0;
    flash_contents_create(&input);
    boot(&input);
    for (uint32_t i = 0; i < MAX_STEPS && input.left > 0; i++) {
        steps[input_below(&input, sizeof steps / sizeof steps[0])](&input);
        check_protected();
        if (writing.active) {
            check_confined();
        }
    }
    boot(&input);
    fake_flash_destroy();
    fake_port_expect_idle();
    store_reset();
    free(model.usable.bytes);
    free(model.good.bytes);
    model.usable.bytes = model.good.bytes = NULL;
    return 0;
}
