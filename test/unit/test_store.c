/*
 * The store in good times: opening, writing, finding, mapping, and the order of calls.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "stored.h"
#include "store_reset.h"
#include "store/state.h"

static hotreload_reason_t reason;

/* ---- Opening ---- */

static void an_unknown_partition_is_not_found(void **state)
{
    assert_int_equal(hotreload_store_open("nothing", &reason), ESP_ERR_NOT_FOUND);
    assert_non_null(strstr(reason.text, "\"nothing\""));
    assert_int_equal(hotreload_store_open("a label that no partition table can hold", &reason),
                     ESP_ERR_NOT_FOUND);
}

static void a_partition_of_one_sector_is_refused(void **state)
{
    store_reset();
    fake_flash_create(1, FAKE_FLASH_SECTOR);
    assert_int_equal(hotreload_store_open(FAKE_FLASH_LABEL, &reason), ESP_ERR_INVALID_SIZE);
    assert_non_null(strstr(reason.text, "4096 bytes: enlarge it"));
    assert_int_equal(
        hotreload_store_find(HOTRELOAD_RECORD_ANY, NULL, &(hotreload_record_t){0}, &reason),
        ESP_ERR_INVALID_STATE);
}

static void an_empty_partition_has_no_module(void **state)
{
    hotreload_record_t record;
    assert_int_equal(hotreload_store_find(HOTRELOAD_RECORD_ANY, NULL, &record, &reason),
                     ESP_ERR_NOT_FOUND);
    assert_false(stored_has_module());
    assert_int_equal(hotreload_store_state.newest, 0);
}

static void opening_again_does_nothing(void **state)
{
    stored_expect_ok(1, 100);
    unsigned reads = fake_flash.reads;
    assert_int_equal(hotreload_store_open(FAKE_FLASH_LABEL, &reason), ESP_OK);
    assert_int_equal(fake_flash.reads, reads);
    stored_expect_newest(1, 100);
}

static void another_partition_is_opened_unless_this_one_is_in_use(void **state)
{
    hotreload_flash_view_t view;
    fake_flash.second_label = "other";
    stored_expect_ok(1, 100);

    assert_int_equal(hotreload_store_begin(10, &reason), ESP_OK);
    assert_int_equal(hotreload_store_open("other", &reason), ESP_ERR_INVALID_STATE);
    hotreload_store_abort();

    hotreload_record_t record = stored_newest();
    assert_int_equal(hotreload_store_map(&record, &view, &reason), ESP_OK);
    assert_int_equal(hotreload_store_open("other", &reason), ESP_ERR_INVALID_STATE);
    hotreload_store_unmap(&view);

    assert_int_equal(hotreload_store_begin_reading(FAKE_FLASH_LABEL, &reason), ESP_OK);
    assert_int_equal(hotreload_store_begin_reading("other", &reason), ESP_ERR_INVALID_STATE);
    hotreload_store_end_reading();
    assert_int_equal(hotreload_store_open("other", &reason), ESP_ERR_INVALID_STATE);
    hotreload_store_end_reading();
    assert_int_equal(hotreload_store_open("nothing", &reason), ESP_ERR_NOT_FOUND);
    stored_expect_newest(1, 100);

    hotreload_store_set_tried(1);
    assert_false(hotreload_store_has_untried());
    assert_int_equal(hotreload_store_open("other", &reason), ESP_OK);
    stored_expect_newest(1, 100);
    assert_true(hotreload_store_has_untried()); /* what was tried there says nothing here */
}

static void a_closed_store_refuses_work(void **state)
{
    hotreload_flash_view_t view;
    const uint8_t sha256[HOTRELOAD_HASH_SIZE] = {0};
    stored_expect_ok(1, 100);
    hotreload_record_t record = stored_newest();
    store_reset();
    assert_int_equal(hotreload_store_state.newest, 0);
    assert_false(stored_has_module());
    assert_int_equal(hotreload_store_find(HOTRELOAD_RECORD_ANY, NULL, &record, &reason),
                     ESP_ERR_INVALID_STATE);
    assert_int_equal(hotreload_store_map(&record, &view, &reason), ESP_ERR_INVALID_STATE);
    assert_int_equal(hotreload_store_begin(10, &reason), ESP_ERR_INVALID_STATE);
    assert_int_equal(hotreload_store_write("x", 1, &reason), ESP_ERR_INVALID_STATE);
    assert_int_equal(hotreload_store_commit(sha256, NULL, &reason), ESP_ERR_INVALID_STATE);
}

/* ---- Writing and reading back ---- */

static void modules_of_every_size_are_stored_in_any_pieces(void **state)
{
    static const size_t sizes[] = {1,   15,   16,   17,   127,  128,  129,  255,  256,
                                   257, 1000, 3967, 3968, 3969, 4096, 9000, 12160};
    static const size_t pieces[] = {1, 7, 16, 255, 256, 257, 4096, 20000};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        for (size_t j = 0; j < COUNT(pieces); j++) {
            uint32_t seed = (uint32_t)(100 * i + j);
            uint8_t *bytes = stored_bytes(seed, sizes[i]);
            assert_int_equal(stored_write(bytes, sizes[i], pieces[j], &reason), ESP_OK);
            free(bytes);
            stored_expect_newest(seed, sizes[i]);
            stored_boot();
            stored_expect_newest(seed, sizes[i]);
        }
    }
}

static void pieces_of_no_bytes_change_nothing(void **state)
{
    uint8_t sha256[HOTRELOAD_HASH_SIZE];
    stored_sha256("abc", 3, sha256);
    assert_int_equal(hotreload_store_begin(3, &reason), ESP_OK);
    assert_int_equal(hotreload_store_write(NULL, 0, &reason), ESP_OK);
    assert_int_equal(hotreload_store_write("abc", 3, &reason), ESP_OK);
    assert_int_equal(hotreload_store_write(NULL, 0, &reason), ESP_OK);
    assert_int_equal(hotreload_store_commit(sha256, NULL, &reason), ESP_OK);
}

static void what_is_not_written_stays_erased(void **state)
{
    uint8_t erased[FAKE_FLASH_SECTOR];
    memset(erased, 0xff, sizeof erased);
    stored_expect_ok(1, 5);
    assert_memory_equal(fake_flash.data + 64, erased, 64); /* room for marks */
    assert_memory_equal(fake_flash.data + 128 + 5, erased, FAKE_FLASH_SECTOR - 128 - 5);
}

static void only_the_sectors_needed_are_erased(void **state)
{
    stored_expect_ok(1, FAKE_FLASH_SECTOR - 128);
    assert_int_equal(fake_flash.erases, 1);
    stored_expect_ok(2, FAKE_FLASH_SECTOR - 127);
    assert_int_equal(fake_flash.erases, 1 + 2);
}

static void nothing_is_erased_before_the_first_unit_is_full(void **state)
{
    uint8_t bytes[15] = {0};
    assert_int_equal(hotreload_store_begin(5000, &reason), ESP_OK);
    assert_int_equal(hotreload_store_write(bytes, sizeof bytes, &reason), ESP_OK);
    assert_int_equal(fake_flash.erases + fake_flash.writes, 0);
    assert_int_equal(hotreload_store_write(bytes, 1, &reason), ESP_OK);
    assert_int_equal(fake_flash.erases, 1);
    assert_int_equal(fake_flash.writes, 1);
    hotreload_store_abort();
}

static void a_piece_is_one_write_in_each_sector(void **state)
{
    uint8_t bytes[2 * FAKE_FLASH_SECTOR] = {0};
    assert_int_equal(hotreload_store_begin(sizeof bytes, &reason), ESP_OK);
    assert_int_equal(hotreload_store_write(bytes, 1024, &reason), ESP_OK);
    assert_int_equal(fake_flash.writes, 1);
    assert_int_equal(hotreload_store_write(bytes + 1024, FAKE_FLASH_SECTOR, &reason), ESP_OK);
    assert_int_equal(fake_flash.writes, 1 + 2);
    assert_int_equal(fake_flash.erases, 2);
    hotreload_store_abort();
}

static void records_are_found_from_the_newest_to_the_oldest(void **state)
{
    hotreload_record_t record, older;
    stored_flash(16, FAKE_FLASH_SECTOR);
    for (uint32_t seed = 1; seed <= 5; seed++) {
        stored_expect_ok(seed, 1000 * seed);
    }
    assert_int_equal(hotreload_store_find(HOTRELOAD_RECORD_ANY, NULL, &record, &reason), ESP_OK);
    uint32_t newest = record.sequence;
    assert_int_equal(newest, 5);
    assert_true(stored_holds(&record, 5, 5000));
    /* Together they need 7 sectors, so that all are there still. */
    for (uint32_t seed = 4; seed >= 1; seed--) {
        assert_int_equal(hotreload_store_find(HOTRELOAD_RECORD_ANY, &record, &older, &reason),
                         ESP_OK);
        assert_int_equal(older.sequence, seed);
        assert_true(stored_holds(&older, seed, 1000 * seed));
        record = older;
    }
    assert_int_equal(hotreload_store_find(HOTRELOAD_RECORD_ANY, &record, &older, &reason),
                     ESP_ERR_NOT_FOUND);
    assert_non_null(strstr(reason.text, "no older module"));
}

static void every_stored_module_changes_the_sequence(void **state)
{
    for (uint32_t i = 1; i <= 20; i++) {
        stored_expect_ok(7, 3000);
        assert_int_equal(hotreload_store_state.newest, i);
    }
    stored_boot();
    assert_int_equal(hotreload_store_state.newest, 20);
}

/* ---- Committing ---- */

static const uint8_t *seen;
static uint8_t seen_bytes[5];

static esp_err_t look(const void *data, size_t size, uint32_t *base, hotreload_reason_t *why)
{
    (void)base;
    (void)why;
    seen = data;
    assert_int_equal(size, sizeof seen_bytes);
    memcpy(seen_bytes, data, size);
    return ESP_OK;
}

static esp_err_t refuse(const void *data, size_t size, uint32_t *base, hotreload_reason_t *why)
{
    (void)base;
    (void)data;
    (void)size;
    return hotreload_fail(why, ESP_ERR_NOT_SUPPORTED, "not this one");
}

static void the_check_sees_the_module_in_place(void **state)
{
    uint8_t sha256[HOTRELOAD_HASH_SIZE];
    stored_sha256("12345", 5, sha256);
    assert_int_equal(hotreload_store_begin(5, &reason), ESP_OK);
    assert_int_equal(hotreload_store_write("12345", 5, &reason), ESP_OK);
    assert_int_equal(hotreload_store_commit(sha256, look, &reason), ESP_OK);
    assert_non_null(seen);
    assert_memory_equal(seen_bytes, "12345", 5);
}

static void what_the_check_refuses_does_not_count(void **state)
{
    uint8_t sha256[HOTRELOAD_HASH_SIZE];
    stored_expect_ok(1, 100);
    stored_sha256("12345", 5, sha256);
    assert_int_equal(hotreload_store_begin(5, &reason), ESP_OK);
    assert_int_equal(hotreload_store_write("12345", 5, &reason), ESP_OK);
    assert_int_equal(hotreload_store_commit(sha256, refuse, &reason), ESP_ERR_NOT_SUPPORTED);
    assert_string_equal(reason.text, "not this one");
    stored_expect_newest(1, 100);
    stored_boot();
    stored_expect_newest(1, 100);
}

static void another_hash_does_not_count(void **state)
{
    uint8_t sha256[HOTRELOAD_HASH_SIZE];
    stored_expect_ok(1, 100);
    stored_sha256("12345", 5, sha256);
    for (size_t bit = 0; bit < 8 * sizeof sha256; bit++) {
        sha256[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(hotreload_store_begin(5, &reason), ESP_OK);
        assert_int_equal(hotreload_store_write("12345", 5, &reason), ESP_OK);
        assert_int_equal(hotreload_store_commit(sha256, NULL, &reason), ESP_ERR_INVALID_CRC);
        sha256[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    stored_boot();
    stored_expect_newest(1, 100);
}

static void less_or_more_than_announced_does_not_count(void **state)
{
    const uint8_t sha256[HOTRELOAD_HASH_SIZE] = {0};
    stored_expect_ok(1, 100);
    assert_int_equal(hotreload_store_begin(6, &reason), ESP_OK);
    assert_int_equal(hotreload_store_write("12345", 5, &reason), ESP_OK);
    assert_int_equal(hotreload_store_commit(sha256, NULL, &reason), ESP_ERR_INVALID_SIZE);
    assert_string_equal(reason.text, "only 5 of the announced 6 bytes came");

    assert_int_equal(hotreload_store_begin(6, &reason), ESP_OK);
    assert_int_equal(hotreload_store_write("12345", 5, &reason), ESP_OK);
    assert_int_equal(hotreload_store_write("67", 2, &reason), ESP_ERR_INVALID_SIZE);
    assert_string_equal(reason.text, "more than the announced 6 bytes");
    assert_int_equal(hotreload_store_write("6", 1, &reason), ESP_ERR_INVALID_STATE);
    stored_boot();
    stored_expect_newest(1, 100);
}

static void one_record_is_written_at_a_time(void **state)
{
    assert_int_equal(hotreload_store_begin(10, &reason), ESP_OK);
    assert_int_equal(hotreload_store_begin(10, &reason), ESP_ERR_INVALID_STATE);
    assert_non_null(strstr(reason.text, "under way"));
    hotreload_store_abort();
    hotreload_store_abort();
    stored_expect_ok(1, 10);
}

/* ---- Mapping ---- */

static void one_record_is_mapped_at_a_time(void **state)
{
    hotreload_flash_view_t view, second;
    stored_expect_ok(1, 100);
    hotreload_record_t record = stored_newest();
    assert_int_equal(hotreload_store_map(&record, &view, &reason), ESP_OK);
    assert_int_equal(hotreload_store_map(&record, &second, &reason), ESP_ERR_INVALID_STATE);
    hotreload_store_unmap(&view);
    assert_int_equal(hotreload_store_map(&record, &view, &reason), ESP_OK);
    hotreload_store_unmap(&view);
}

static void a_record_that_was_overwritten_is_not_mapped(void **state)
{
    hotreload_flash_view_t view;
    stored_flash(2, FAKE_FLASH_SECTOR);
    stored_expect_ok(1, 100);
    hotreload_record_t record = stored_newest();
    stored_expect_ok(2, 100);
    stored_expect_ok(3, 100);
    assert_int_equal(hotreload_store_map(&record, &view, &reason), ESP_ERR_INVALID_STATE);
    assert_non_null(strstr(reason.text, "does not hold the module any more"));
}

static void a_record_that_is_being_overwritten_is_gone(void **state)
{
    hotreload_record_t oldest, record;
    hotreload_flash_view_t view;
    stored_flash(2, FAKE_FLASH_SECTOR);
    stored_expect_ok(1, 100);
    assert_int_equal(hotreload_store_find(HOTRELOAD_RECORD_ANY, NULL, &oldest, &reason), ESP_OK);
    stored_expect_ok(2, 100);
    assert_int_equal(hotreload_store_begin(100, &reason), ESP_OK);
    assert_int_equal(hotreload_store_map(&oldest, &view, &reason), ESP_ERR_INVALID_STATE);
    assert_int_equal(hotreload_store_find(HOTRELOAD_RECORD_ANY, NULL, &record, &reason), ESP_OK);
    assert_int_equal(hotreload_store_find(HOTRELOAD_RECORD_ANY, &record, &record, &reason),
                     ESP_ERR_NOT_FOUND);
    stored_expect_newest(2, 100);
    hotreload_store_abort();
    assert_true(stored_holds(&oldest, 1, 100));
}

#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, stored_set_up, stored_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(an_unknown_partition_is_not_found),
        STORE_TEST(a_partition_of_one_sector_is_refused),
        STORE_TEST(an_empty_partition_has_no_module),
        STORE_TEST(opening_again_does_nothing),
        STORE_TEST(another_partition_is_opened_unless_this_one_is_in_use),
        STORE_TEST(a_closed_store_refuses_work),
        STORE_TEST(modules_of_every_size_are_stored_in_any_pieces),
        STORE_TEST(pieces_of_no_bytes_change_nothing),
        STORE_TEST(what_is_not_written_stays_erased),
        STORE_TEST(only_the_sectors_needed_are_erased),
        STORE_TEST(nothing_is_erased_before_the_first_unit_is_full),
        STORE_TEST(a_piece_is_one_write_in_each_sector),
        STORE_TEST(records_are_found_from_the_newest_to_the_oldest),
        STORE_TEST(every_stored_module_changes_the_sequence),
        STORE_TEST(the_check_sees_the_module_in_place),
        STORE_TEST(what_the_check_refuses_does_not_count),
        STORE_TEST(another_hash_does_not_count),
        STORE_TEST(less_or_more_than_announced_does_not_count),
        STORE_TEST(one_record_is_written_at_a_time),
        STORE_TEST(one_record_is_mapped_at_a_time),
        STORE_TEST(a_record_that_was_overwritten_is_not_mapped),
        STORE_TEST(a_record_that_is_being_overwritten_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
