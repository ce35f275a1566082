/*
 * Where a new record goes, and what it never overwrites.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "store/record.h"
#include "stored.h"
#include "store_reset.h"

#define SECTOR FAKE_FLASH_SECTOR

static hotreload_reason_t reason;

/** Number of the sector that a record starts in. */
static uint32_t sector_of(const hotreload_record_t *record)
{
    return (record->offset - HOTRELOAD_RECORD_DATA) / SECTOR;
}

/** Stores a module of so many sectors. @return the sector that it went to */
static uint32_t store_at(uint32_t seed, uint32_t sectors)
{
    stored_expect_ok(seed, sectors * SECTOR - HOTRELOAD_RECORD_DATA);
    hotreload_record_t record = stored_newest();
    return sector_of(&record);
}

static void records_go_round_the_partition(void **state)
{
    stored_flash(16, SECTOR);
    for (uint32_t i = 0; i < 50; i++) {
        assert_int_equal(store_at(i, 2), 2 * (i % 8));
    }
    for (uint32_t i = 0; i < 50; i++) {
        uint32_t expected = (4 + i) % 16; /* the last of 2 sectors ended with sector 3 */
        assert_int_equal(store_at(i, 1), expected);
    }
}

static void what_does_not_fit_at_the_end_begins_at_the_start(void **state)
{
    assert_int_equal(store_at(1, 3), 0);
    assert_int_equal(store_at(2, 3), 3);
    assert_int_equal(store_at(3, 3), 0);
    assert_int_equal(store_at(4, 5), 3);
    assert_int_equal(store_at(5, 3), 0);
    assert_int_equal(store_at(6, 1), 3);
    assert_int_equal(store_at(7, 4), 4);
}

static void the_newest_is_never_overwritten(void **state)
{
    /* 5 of 8 sectors are taken at the start, then at the end: 4 fit nowhere, 3 do. */
    store_at(1, 5);
    assert_int_equal(hotreload_store_begin(4 * SECTOR - HOTRELOAD_RECORD_DATA, &reason),
                     ESP_ERR_INVALID_SIZE);
    assert_string_equal(
        reason.text, "no room for 16256 bytes in one piece beside the modules to keep: partition "
                     "\"hotreload\" has 32768 bytes, make it 49152 or more");
    assert_int_equal(store_at(2, 3), 5);
    assert_int_equal(store_at(3, 5), 0);
    assert_int_equal(hotreload_store_begin(3 * SECTOR - HOTRELOAD_RECORD_DATA + 1, &reason),
                     ESP_ERR_INVALID_SIZE);
    stored_boot();
    stored_expect_newest(3, 5 * SECTOR - HOTRELOAD_RECORD_DATA);
}

static void what_is_larger_than_the_partition_is_refused(void **state)
{
    static const size_t sizes[] = {8 * SECTOR - HOTRELOAD_RECORD_DATA + 1, 8 * SECTOR,
                                   UINT32_MAX - 100, UINT32_MAX, SIZE_MAX};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        assert_int_equal(hotreload_store_begin(sizes[i], &reason), ESP_ERR_INVALID_SIZE);
        assert_non_null(strstr(reason.text, "partition \"hotreload\" of 32768: enlarge it"));
    }
    assert_int_equal(hotreload_store_begin(0, &reason), ESP_ERR_INVALID_SIZE);
    assert_int_equal(store_at(1, 8), 0);
}

static void the_running_one_is_spared_where_there_is_room(void **state)
{
    store_at(1, 2);
    hotreload_record_t running = stored_newest();
    hotreload_store_set_running(&running);
    for (uint32_t seed = 2; seed < 30; seed++) {
        store_at(seed, 1 + seed % 3);
        assert_true(stored_holds(&running, 1, 2 * SECTOR - HOTRELOAD_RECORD_DATA));
    }
}

static void the_running_one_goes_where_room_is_short(void **state)
{
    store_at(1, 3);
    hotreload_record_t running = stored_newest();
    hotreload_store_set_running(&running);
    fake_flash.fail_read = 1;
    assert_false(hotreload_store_has_running());
    assert_true(hotreload_store_has_running());
    assert_int_equal(store_at(2, 3), 3);
    /* Sectors 6 and 7 are free: enough for 2, not for 3. */
    assert_int_equal(store_at(3, 2), 6);
    assert_true(stored_holds(&running, 1, 3 * SECTOR - HOTRELOAD_RECORD_DATA));
    assert_int_equal(store_at(4, 4), 0);
    assert_false(hotreload_store_has_running());
    assert_false(stored_holds(&running, 1, 3 * SECTOR - HOTRELOAD_RECORD_DATA));
}

static void nothing_is_kept_any_more_when_told_so(void **state)
{
    store_at(1, 2);
    hotreload_record_t running = stored_newest();
    hotreload_store_set_running(&running);
    hotreload_store_set_running(NULL);
    assert_int_equal(store_at(2, 3), 2);
    assert_int_equal(store_at(3, 3), 5);
    assert_int_equal(store_at(4, 1), 0);
}

static void nothing_is_kept_of_another_partition(void **state)
{
    fake_flash.second_label = "other";
    store_at(1, 2);
    hotreload_record_t running = stored_newest();
    hotreload_store_set_running(&running);
    assert_int_equal(hotreload_store_open("other", &reason), ESP_OK);
    assert_int_equal(store_at(2, 3), 2);
    assert_int_equal(store_at(3, 3), 5);
    assert_int_equal(store_at(4, 1), 0);
}

static void the_place_is_taken_that_leaves_most_in_one_piece(void **state)
{
    hotreload_flash_view_t view;
    store_at(1, 2);
    store_at(2, 2);
    hotreload_record_t loading = stored_newest();
    assert_int_equal(hotreload_store_map(&loading, &view, &reason), ESP_OK);
    assert_int_equal(store_at(3, 2), 0); /* 4 to 7 stay free */
    assert_int_equal(store_at(4, 2), 4);
    assert_int_equal(store_at(5, 1), 0);
    hotreload_store_unmap(&view);
}

static void a_mapped_record_is_never_overwritten(void **state)
{
    hotreload_flash_view_t view;
    store_at(1, 3);
    hotreload_record_t loading = stored_newest();
    store_at(2, 3);
    assert_int_equal(hotreload_store_map(&loading, &view, &reason), ESP_OK);
    /* The fake flash fails the test when the mapped sectors 0 to 2 are touched. */
    assert_int_equal(store_at(3, 2), 6);
    assert_int_equal(store_at(4, 3), 3);
    assert_int_equal(hotreload_store_begin(3 * SECTOR, &reason), ESP_ERR_INVALID_SIZE);
    hotreload_store_unmap(&view);
    assert_int_equal(hotreload_store_begin(3 * SECTOR, &reason), ESP_ERR_INVALID_SIZE);
    assert_int_equal(store_at(5, 3), 0);
}

static void a_size_that_is_no_whole_number_of_sectors_is_rounded_down(void **state)
{
    store_reset();
    fake_flash.size = 3 * SECTOR + 32; /* too few for a header: to read one would fail the test */
    assert_int_equal(hotreload_store_open(FAKE_FLASH_LABEL, &reason), ESP_OK);
    assert_int_equal(store_at(1, 1), 0);
    assert_int_equal(store_at(2, 1), 1);
    assert_int_equal(store_at(3, 1), 0);
    assert_int_equal(store_at(4, 2), 1);
    assert_int_equal(hotreload_store_begin(3 * SECTOR - HOTRELOAD_RECORD_DATA, &reason),
                     ESP_ERR_INVALID_SIZE);
}

/** Its place may have older records, which are in the way of what begins inside them. */
static void nothing_is_kept_of_what_the_flash_did_not_take(void **state)
{
    const size_t size = 3 * SECTOR - HOTRELOAD_RECORD_DATA;
    uint8_t *bytes = stored_bytes(5, size);
    uint8_t sha256[HOTRELOAD_HASH_SIZE];
    hotreload_settled_t settled;
    store_at(1, 2);
    store_at(2, 2);
    assert_int_equal(store_at(3, 3), 4);
    assert_int_equal(store_at(4, 2), 0);
    stored_sha256(bytes, size, sha256);
    assert_int_equal(hotreload_store_begin(size, &reason), ESP_OK);
    assert_int_equal(hotreload_store_hold_in_ram(&reason), ESP_OK);
    assert_int_equal(hotreload_store_write(bytes, size, &reason), ESP_OK);
    assert_int_equal(hotreload_store_commit(sha256, NULL, &reason), ESP_OK);
    free(bytes);
    const hotreload_record_t held = stored_newest();
    assert_int_equal(sector_of(&held), 2);
    hotreload_store_set_running(&held);
    hotreload_store_end_try(&held);
    fake_flash.fail_erase = 2;
    while (hotreload_store_settle(&settled, &reason) == ESP_OK) {
        assert_true(settled.more);
    }
    store_at(6, 1);
    stored_boot();
    stored_expect_newest(6, SECTOR - HOTRELOAD_RECORD_DATA);
}

/* ---- Room for one more ---- */

static uint32_t base_of_next; /* sequence; HOTRELOAD_NO_BASE: it is no patch */

static esp_err_t set_base(const void *data, size_t size, uint32_t *base, hotreload_reason_t *unused)
{
    *base = base_of_next;
    return ESP_OK;
}

/** Stores a record that runs from now on. @return its sequence */
static uint32_t store_and_run(uint32_t sectors, uint32_t base, bool is_good)
{
    const size_t size = sectors * SECTOR - HOTRELOAD_RECORD_DATA;
    uint8_t *bytes = stored_bytes(1, size);
    uint8_t sha256[HOTRELOAD_HASH_SIZE];
    bool on_trial;
    stored_sha256(bytes, size, sha256);
    base_of_next = base;
    assert_int_equal(hotreload_store_begin(size, &reason), ESP_OK);
    assert_int_equal(hotreload_store_write(bytes, size, &reason), ESP_OK);
    assert_int_equal(hotreload_store_commit(sha256, set_base, &reason), ESP_OK);
    free(bytes);
    const hotreload_record_t record = stored_newest();
    assert_int_equal(hotreload_store_mark_tried(&record, &on_trial, &reason), ESP_OK);
    if (is_good) {
        assert_int_equal(hotreload_store_mark_judged(&record, true, &reason), ESP_OK);
    }
    hotreload_store_set_running(&record);
    return record.sequence;
}

/** A number below a limit; the same ones in each run. */
static uint32_t pick(uint32_t below)
{
    static uint32_t state = 1;
    state = state * 1664525 + 1013904223;
    return (state >> 16) % below;
}

/**
 * Modules of so many sectors and their patches: another module always finds room.
 *
 * @param judged  of three records, so many are good before the next comes
 */
static void expect_room(uint32_t sectors, uint32_t module, uint32_t judged)
{
    stored_flash(sectors, SECTOR);
    uint32_t base = store_and_run(module, HOTRELOAD_NO_BASE, true);
    for (uint32_t i = 1; i < 300; i++) {
        const bool is_good = pick(3) < judged;
        if (pick(8) == 0) {
            base = store_and_run(module, HOTRELOAD_NO_BASE, is_good);
        } else {
            store_and_run(1, base, is_good);
        }
        assert_int_equal(hotreload_store_begin(module * SECTOR - HOTRELOAD_RECORD_DATA, &reason),
                         ESP_OK);
        hotreload_store_abort();
    }
}

static void three_modules_and_three_sectors_are_enough_after_a_trial(void **state)
{
    for (uint32_t module = 1; module < 10; module++) {
        expect_room(3 * module + 3, module, 3);
        expect_room(3 * module + 5, module, 3);
    }
}

static void four_modules_and_three_sectors_are_enough_during_a_trial(void **state)
{
    for (uint32_t module = 1; module < 10; module++) {
        expect_room(4 * module + 3, module, 2);
        expect_room(4 * module + 5, module, 1);
    }
}

/* ---- Damaged records ---- */

static void damage(const hotreload_record_t *record)
{
    hotreload_flash_view_t view;
    fake_flash.data[record->offset + record->length / 2] ^= 0x10;
    assert_int_equal(hotreload_store_map(record, &view, &reason), ESP_ERR_INVALID_CRC);
    assert_non_null(strstr(reason.text, "damaged"));
}

static void the_newest_whole_one_is_spared_not_a_damaged_one(void **state)
{
    const size_t size = 2 * SECTOR - HOTRELOAD_RECORD_DATA;
    stored_flash(12, SECTOR);
    store_at(1, 2);
    store_at(2, 2);
    hotreload_record_t third;
    store_at(3, 2);
    third = stored_newest();
    hotreload_record_t second;
    assert_int_equal(hotreload_store_find(HOTRELOAD_RECORD_ANY, &third, &second, &reason), ESP_OK);
    damage(&third);
    damage(&second);
    /* Only the first is whole: the next goes beside it, and the one after that too. */
    assert_int_equal(store_at(4, 4), 2);
    hotreload_record_t fourth = stored_newest();
    assert_int_equal(fourth.sequence, 4);
    hotreload_record_t first;
    assert_int_equal(hotreload_store_find(HOTRELOAD_RECORD_ANY, &fourth, &first, &reason), ESP_OK);
    assert_int_equal(first.sequence, 1);
    assert_true(stored_holds(&first, 1, size));
    /* Now the fourth is the one to protect. */
    assert_int_equal(store_at(5, 2), 0);
    assert_true(stored_holds(&fourth, 4, 4 * SECTOR - HOTRELOAD_RECORD_DATA));
    stored_boot();
    stored_expect_newest(5, size);
}

static void a_damaged_old_one_changes_nothing_for_the_newest(void **state)
{
    stored_flash(4, SECTOR);
    store_at(1, 2);
    store_at(2, 2);
    hotreload_record_t second = stored_newest();
    assert_int_equal(store_at(3, 2), 0);
    hotreload_record_t third = stored_newest();
    damage(&second);
    assert_int_equal(store_at(4, 2), 2);
    assert_true(stored_holds(&third, 3, 2 * SECTOR - HOTRELOAD_RECORD_DATA));
}

/** A record that begins inside another one would not be found. */
static void a_record_never_begins_inside_what_took_the_place_of_the_kept_one(void **state)
{
    hotreload_flash_view_t view;
    stored_flash(6, SECTOR);
    assert_int_equal(store_at(1, 1), 0);
    assert_int_equal(store_at(2, 1), 1);
    hotreload_record_t mapped = stored_newest();
    assert_int_equal(store_at(3, 1), 2);
    hotreload_record_t kept = stored_newest();
    assert_int_equal(store_at(4, 1), 3);
    hotreload_store_set_running(&kept);
    assert_int_equal(hotreload_store_map(&mapped, &view, &reason), ESP_OK);
    assert_int_equal(store_at(5, 1), 0);
    assert_int_equal(store_at(6, 4), 2); /* room for it only in the place of the kept one */
    assert_int_equal(store_at(7, 1), 0);
    assert_int_equal(store_at(8, 1), 2);
    hotreload_store_unmap(&view);
}

#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, stored_set_up, stored_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(records_go_round_the_partition),
        STORE_TEST(what_does_not_fit_at_the_end_begins_at_the_start),
        STORE_TEST(the_newest_is_never_overwritten),
        STORE_TEST(what_is_larger_than_the_partition_is_refused),
        STORE_TEST(the_running_one_is_spared_where_there_is_room),
        STORE_TEST(the_running_one_goes_where_room_is_short),
        STORE_TEST(a_record_never_begins_inside_what_took_the_place_of_the_kept_one),
        STORE_TEST(nothing_is_kept_any_more_when_told_so),
        STORE_TEST(nothing_is_kept_of_another_partition),
        STORE_TEST(nothing_is_kept_of_what_the_flash_did_not_take),
        STORE_TEST(the_place_is_taken_that_leaves_most_in_one_piece),
        STORE_TEST(a_mapped_record_is_never_overwritten),
        STORE_TEST(a_size_that_is_no_whole_number_of_sectors_is_rounded_down),
        STORE_TEST(three_modules_and_three_sectors_are_enough_after_a_trial),
        STORE_TEST(four_modules_and_three_sectors_are_enough_during_a_trial),
        STORE_TEST(the_newest_whole_one_is_spared_not_a_damaged_one),
        STORE_TEST(a_damaged_old_one_changes_nothing_for_the_newest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
