/*
 * The marks of records: what they make of a record, what tears them, and what they protect.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "module_builder.h"
#include "store/record.h"
#include "stored.h"
#include "store_reset.h"

#define SECTOR FAKE_FLASH_SECTOR
#define BLOCK  16u

static hotreload_reason_t reason;

/** Sequence of the newest record of a kind; -1: there is none. */
static int64_t newest_of(hotreload_record_kind_t kind)
{
    hotreload_record_t record;
    esp_err_t error = hotreload_store_find(kind, NULL, &record, &reason);
    if (error != ESP_OK) {
        assert_int_equal(error, ESP_ERR_NOT_FOUND);
        return -1;
    }
    return record.sequence;
}

static void expect_kinds(int64_t usable, int64_t good, int64_t on_trial, int64_t bad)
{
    for (int boot = 0; boot < 2; boot++) {
        assert_int_equal(newest_of(HOTRELOAD_RECORD_USABLE), usable);
        assert_int_equal(newest_of(HOTRELOAD_RECORD_GOOD), good);
        assert_int_equal(newest_of(HOTRELOAD_RECORD_ON_TRIAL), on_trial);
        assert_int_equal(newest_of(HOTRELOAD_RECORD_BAD), bad);
        stored_boot();
    }
}

static hotreload_record_t store_one(uint32_t seed)
{
    stored_expect_ok(seed, 100);
    return stored_newest();
}

static void try_it(const hotreload_record_t *record, bool expected)
{
    bool on_trial = !expected;
    assert_int_equal(hotreload_store_mark_tried(record, &on_trial, &reason), ESP_OK);
    assert_int_equal(on_trial, expected);
}

static void judge(const hotreload_record_t *record, bool good)
{
    assert_int_equal(hotreload_store_mark_judged(record, good, &reason), ESP_OK);
}

static void a_record_goes_from_new_over_trial_to_good(void **state)
{
    hotreload_record_t record = store_one(1);
    expect_kinds(1, -1, -1, -1);
    try_it(&record, true);
    expect_kinds(1, -1, 1, -1);
    try_it(&record, true);
    judge(&record, true);
    expect_kinds(1, 1, -1, -1);
    const unsigned writes = fake_flash.writes;
    try_it(&record, false);
    judge(&record, true);
    judge(&record, false); /* what was good once is not blamed any more */
    assert_int_equal(fake_flash.writes, writes);
    expect_kinds(1, 1, -1, -1);
}

static void a_record_that_crashed_is_not_usable(void **state)
{
    hotreload_record_t first = store_one(1);
    hotreload_record_t second = store_one(2);
    hotreload_record_t third = store_one(3);
    try_it(&second, true);
    try_it(&third, true);
    judge(&third, false);
    expect_kinds(2, -1, 2, 3);
    judge(&second, false);
    judge(&first, true);
    expect_kinds(1, 1, -1, 3);
}

static void bad_outweighs_good(void **state)
{
    uint8_t blocks[HOTRELOAD_MARKS_SIZE];
    hotreload_record_t record = store_one(1);
    judge(&record, false);
    memcpy(blocks, fake_flash.data + 64, sizeof blocks);
    memcpy(blocks + BLOCK, "hotreload: good.", BLOCK);
    hotreload_marks_t marks = hotreload_marks_parse(blocks);
    assert_true(hotreload_marks_are_of_kind(marks, HOTRELOAD_RECORD_BAD));
    assert_false(hotreload_marks_are_of_kind(marks, HOTRELOAD_RECORD_GOOD));
    assert_false(hotreload_marks_are_of_kind(marks, HOTRELOAD_RECORD_USABLE));
}

static void with_nothing_but_bad_records_it_says_what_to_do(void **state)
{
    hotreload_record_t record = store_one(1);
    judge(&record, false);
    assert_int_equal(hotreload_store_find(HOTRELOAD_RECORD_USABLE, NULL, &record, &reason),
                     ESP_ERR_NOT_FOUND);
    assert_string_equal(reason.text, "every module in partition \"hotreload\" crashed on trial: "
                                     "upload or flash a fixed one");
    expect_kinds(-1, -1, -1, 1);
}

/** The module and its mark as tools/hotreload/module/store_image.py writes them. */
static void what_the_tool_flashes_is_good(void **state)
{
    hotreload_record_t record = store_one(1);
    fake_flash_place(64 + BLOCK, "hotreload: good.", BLOCK);
    expect_kinds(1, 1, -1, -1);
    try_it(&record, false);
}

/** Each bit of a mark counts: one that is wrong, and it is not set; writing it again sets it. */
static void a_torn_mark_is_none_and_can_be_completed(void **state)
{
    for (size_t bit = 0; bit < 8 * BLOCK; bit++) {
        stored_flash(4, SECTOR);
        hotreload_record_t record = store_one(1);
        judge(&record, true);
        uint8_t *byte = fake_flash.data + 64 + BLOCK + bit / 8;
        if ((*byte & 1u << bit % 8) != 0) {
            continue; /* a write only clears bits: this one was not to be cleared */
        }
        *byte |= (uint8_t)(1u << bit % 8);
        expect_kinds(1, -1, -1, -1);
        judge(&record, true);
        expect_kinds(1, 1, -1, -1);
    }
}

static void a_new_record_begins_without_marks(void **state)
{
    stored_flash(2, SECTOR);
    for (uint32_t seed = 1; seed < 6; seed++) {
        hotreload_record_t record = store_one(seed);
        expect_kinds(seed, seed == 1 ? -1 : (int64_t)seed - 1, -1, -1);
        try_it(&record, true);
        judge(&record, true);
    }
}

/* ---- What is protected ---- */

static hotreload_record_t store_sectors(uint32_t seed, uint32_t sectors)
{
    stored_expect_ok(seed, sectors * SECTOR - HOTRELOAD_RECORD_DATA);
    return stored_newest();
}

static void the_newest_good_one_is_never_overwritten(void **state)
{
    hotreload_record_t good = store_sectors(1, 2);
    judge(&good, true);
    for (uint32_t seed = 2; seed < 40; seed++) {
        store_sectors(seed, 1 + seed % 3);
        assert_true(stored_holds(&good, 1, 2 * SECTOR - HOTRELOAD_RECORD_DATA));
    }
}

static void without_room_beside_both_it_says_how_much_is_needed(void **state)
{
    hotreload_record_t good = store_sectors(1, 3);
    judge(&good, true);
    hotreload_record_t on_trial = store_sectors(2, 3);
    try_it(&on_trial, true);
    assert_int_equal(stored_module(3, 3 * SECTOR - HOTRELOAD_RECORD_DATA), ESP_ERR_INVALID_SIZE);
    assert_int_equal(hotreload_store_begin(3 * SECTOR, &reason), ESP_ERR_INVALID_SIZE);
    assert_string_equal(
        reason.text, "no room for 12288 bytes in one piece beside the modules to keep: partition "
                     "\"hotreload\" has 32768 bytes, make it 49152 or more");
    /* Passed or crashed, one of the two gives way. */
    judge(&on_trial, true);
    store_sectors(3, 3);
    assert_true(stored_holds(&on_trial, 2, 3 * SECTOR - HOTRELOAD_RECORD_DATA));
    assert_false(stored_holds(&good, 1, 3 * SECTOR - HOTRELOAD_RECORD_DATA));
}

static void a_bad_one_gives_way(void **state)
{
    stored_flash(4, SECTOR);
    hotreload_record_t good = store_sectors(1, 2);
    judge(&good, true);
    for (uint32_t seed = 2; seed < 12; seed++) {
        hotreload_record_t record = store_sectors(seed, 2);
        assert_int_equal(record.sequence, seed); /* bad ones count on */
        try_it(&record, true);
        judge(&record, false);
        expect_kinds(1, 1, -1, seed);
    }
    assert_true(stored_holds(&good, 1, 2 * SECTOR - HOTRELOAD_RECORD_DATA));
}

/* ---- Faults ---- */

static void a_mark_that_cannot_be_written_is_an_error(void **state)
{
    bool on_trial;
    hotreload_record_t record = store_one(1);
    fake_flash.fail_write = 1;
    assert_int_equal(hotreload_store_mark_tried(&record, &on_trial, &reason),
                     ESP_ERR_FLASH_OP_FAIL);
    assert_string_equal(reason.text,
                        "partition \"hotreload\" could not be marked: check the flash and its "
                        "write protection");
    expect_kinds(1, -1, -1, -1);
    fake_flash.corrupt_write = 1;
    assert_int_equal(hotreload_store_mark_judged(&record, true, &reason), ESP_ERR_FLASH_OP_FAIL);
    expect_kinds(1, -1, -1, -1);
    for (unsigned n = 1; n <= 2; n++) { /* its header, the mark read back */
        fake_flash.fail_read = n;
        assert_int_equal(hotreload_store_mark_judged(&record, false, &reason),
                         ESP_ERR_FLASH_OP_FAIL);
    }
}

static void a_record_that_is_gone_is_not_marked(void **state)
{
    bool on_trial;
    stored_flash(2, SECTOR);
    hotreload_record_t gone = store_one(1);
    store_one(2);
    hotreload_record_t third = store_one(3); /* where the first was */
    assert_int_equal(third.offset, gone.offset);
    const unsigned writes = fake_flash.writes;
    assert_int_equal(hotreload_store_mark_judged(&gone, true, &reason), ESP_ERR_INVALID_STATE);
    assert_int_equal(hotreload_store_mark_tried(&gone, &on_trial, &reason), ESP_ERR_INVALID_STATE);
    assert_int_equal(hotreload_store_begin(100, &reason), ESP_OK);
    hotreload_record_t second = third;
    assert_int_equal(hotreload_store_find(HOTRELOAD_RECORD_ANY, &third, &second, &reason),
                     ESP_ERR_NOT_FOUND);
    store_reset();
    assert_int_equal(hotreload_store_mark_judged(&third, true, &reason), ESP_ERR_INVALID_STATE);
    assert_int_equal(fake_flash.writes, writes);
}

#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, stored_set_up, stored_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_record_goes_from_new_over_trial_to_good),
        STORE_TEST(a_record_that_crashed_is_not_usable),
        STORE_TEST(bad_outweighs_good),
        STORE_TEST(with_nothing_but_bad_records_it_says_what_to_do),
        STORE_TEST(what_the_tool_flashes_is_good),
        STORE_TEST(a_torn_mark_is_none_and_can_be_completed),
        STORE_TEST(a_new_record_begins_without_marks),
        STORE_TEST(the_newest_good_one_is_never_overwritten),
        STORE_TEST(without_room_beside_both_it_says_how_much_is_needed),
        STORE_TEST(a_bad_one_gives_way),
        STORE_TEST(a_mark_that_cannot_be_written_is_an_error),
        STORE_TEST(a_record_that_is_gone_is_not_marked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
