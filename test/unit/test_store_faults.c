/*
 * Flash and memory that fail at any one operation: an error, the old module stays, the next update
 * works, nothing leaks.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "stored.h"
#include "store_reset.h"
#include "store/state.h"

#define SIZE 6000u

static hotreload_reason_t reason;

/** Lets the n-th operation that `count` counts down fail, for every n, until none is left. */
static unsigned fail_every(unsigned *count, esp_err_t expected)
{
    for (unsigned n = 1;; n++) {
        stored_flash(4, FAKE_FLASH_SECTOR);
        stored_expect_ok(1, SIZE);
        *count = n;
        uint8_t *bytes = stored_bytes(2, SIZE);
        reason.text[0] = '\0';
        esp_err_t error = stored_write(bytes, SIZE, 1000, &reason);
        free(bytes);
        bool reached = *count == 0;
        *count = 0;
        if (!reached) {
            assert_int_equal(error, ESP_OK);
            return n - 1;
        }
        assert_int_equal(error, expected);
        assert_true(strlen(reason.text) > 0);
        stored_expect_newest(1, SIZE);
        assert_int_equal(hotreload_store_write("x", 1, &reason), ESP_ERR_INVALID_STATE);
        stored_boot();
        stored_expect_newest(1, SIZE);
        stored_expect_ok(3, SIZE);
        stored_boot();
        stored_expect_newest(3, SIZE);
    }
}

static void an_erase_that_fails(void **state)
{
    assert_int_equal(fail_every(&fake_flash.fail_erase, ESP_ERR_FLASH_OP_FAIL), 2);
}

static void a_write_that_fails(void **state)
{
    /* Six pieces of 1000 bytes, of which three end a unit that the one before began, a border of
     * sectors, and the header. */
    assert_int_equal(fail_every(&fake_flash.fail_write, ESP_ERR_FLASH_OP_FAIL), 6 + 3 + 1 + 1);
}

static void a_read_that_fails(void **state)
{
    /* Scans for the newest, the usable and the good one, with the old record in 2 of 4 sectors, and
     * the header read back. */
    assert_int_equal(fail_every(&fake_flash.fail_read, ESP_ERR_FLASH_OP_FAIL), 3 * 3 + 1);
}

static void a_map_that_fails(void **state)
{
    assert_int_equal(fail_every(&fake_flash.fail_map, ESP_ERR_FLASH_OP_FAIL), 1);
}

static void an_allocation_that_fails(void **state)
{
    assert_int_equal(fail_every(&fake_port.fail_allocation, ESP_ERR_NO_MEM), 2);
}

static void a_hash_that_fails(void **state)
{
    assert_int_equal(fail_every(&fake_port.fail_hash_update, ESP_FAIL), 1);
    assert_int_equal(fail_every(&fake_port.fail_hash_end, ESP_FAIL), 1);
}

static void messages_name_the_partition(void **state)
{
    fake_flash.fail_erase = 1;
    uint8_t *bytes = stored_bytes(1, SIZE);
    assert_int_equal(stored_write(bytes, SIZE, SIZE, &reason), ESP_ERR_FLASH_OP_FAIL);
    assert_string_equal(
        reason.text,
        "partition \"hotreload\" could not be erased: check the flash and its write protection");
    fake_flash.fail_write = 2;
    assert_int_equal(stored_write(bytes, SIZE, SIZE, &reason), ESP_ERR_FLASH_OP_FAIL);
    assert_string_equal(
        reason.text,
        "partition \"hotreload\" could not be written: check the flash and its write protection");
    free(bytes);
}

static void a_header_that_is_there_despite_an_error_does_not_count(void **state)
{
    stored_expect_ok(1, 100);
    fake_flash.fail_read = 3 * 8 + 1; /* the header's read back, after 3 scans of 8 sectors */
    assert_int_equal(stored_module(2, 100), ESP_ERR_FLASH_OP_FAIL);
    stored_boot();
    stored_expect_newest(1, 100);
}

static void a_header_that_cannot_be_taken_back_is_counted_on_from(void **state)
{
    stored_expect_ok(1, 100);
    fake_flash.fail_read = 3 * 8 + 1;
    fake_flash.fail_erase = 2;
    assert_int_equal(stored_module(2, 100), ESP_ERR_FLASH_OP_FAIL);
    stored_expect_ok(3, 100);
    stored_boot();
    stored_expect_newest(3, 100);
    assert_int_equal(hotreload_store_state.newest, 3);
}

static void flash_that_changes_what_was_written_is_noticed(void **state)
{
    uint8_t sha256[HOTRELOAD_HASH_SIZE];
    uint8_t *bytes = stored_bytes(2, SIZE);
    stored_sha256(bytes, SIZE, sha256);
    stored_expect_ok(1, SIZE);
    assert_int_equal(hotreload_store_begin(SIZE, &reason), ESP_OK);
    assert_int_equal(hotreload_store_write(bytes, SIZE, &reason), ESP_OK);
    fake_flash.data[2 * FAKE_FLASH_SECTOR + 128 + 1000] ^= 4;
    assert_int_equal(hotreload_store_commit(sha256, NULL, &reason), ESP_ERR_INVALID_CRC);
    free(bytes);
    stored_boot();
    stored_expect_newest(1, SIZE);
}

static void a_header_that_reads_back_wrong_does_not_count(void **state)
{
    stored_expect_ok(1, 100);
    fake_flash.corrupt_write = 3; /* after 96 bytes and the last 4 */
    assert_int_equal(stored_module(2, 100), ESP_ERR_FLASH_OP_FAIL);
    stored_expect_newest(1, 100);
    stored_boot();
    stored_expect_newest(1, 100);
    stored_expect_ok(3, 100);
}

static void opening_needs_a_flash_that_can_be_read(void **state)
{
    stored_expect_ok(1, 100);
    for (unsigned n = 1; n <= 8; n++) {
        store_reset();
        fake_flash.fail_read = n;
        assert_int_equal(hotreload_store_open(FAKE_FLASH_LABEL, &reason), ESP_ERR_FLASH_OP_FAIL);
        assert_string_equal(
            reason.text, "partition \"hotreload\" could not be read: check the flash and its write "
                         "protection");
        assert_int_equal(hotreload_store_begin(1, &reason), ESP_ERR_INVALID_STATE);
    }
    stored_boot();
    stored_expect_newest(1, 100);
}

static void finding_and_mapping_tell_what_failed(void **state)
{
    hotreload_flash_view_t view;
    stored_expect_ok(1, 100);
    hotreload_record_t record = stored_newest();

    fake_flash.fail_read = 3;
    assert_int_equal(hotreload_store_find(HOTRELOAD_RECORD_ANY, NULL, &record, &reason),
                     ESP_ERR_FLASH_OP_FAIL);
    fake_flash.fail_read = 1;
    assert_int_equal(hotreload_store_map(&record, &view, &reason), ESP_ERR_FLASH_OP_FAIL);
    fake_flash.fail_map = 1;
    assert_int_equal(hotreload_store_map(&record, &view, &reason), ESP_ERR_FLASH_OP_FAIL);
    for (unsigned n = 1; n <= 2; n++) {
        fake_port.fail_allocation = n;
        assert_int_equal(hotreload_store_map(&record, &view, &reason), ESP_ERR_NO_MEM);
        assert_int_equal(fake_flash.live_maps, 0);
    }
    fake_port.fail_hash_update = 1;
    assert_int_equal(hotreload_store_map(&record, &view, &reason), ESP_FAIL);
    assert_true(stored_holds(&record, 1, 100));
}

#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, stored_set_up, stored_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(an_erase_that_fails),
        STORE_TEST(a_write_that_fails),
        STORE_TEST(a_read_that_fails),
        STORE_TEST(a_map_that_fails),
        STORE_TEST(an_allocation_that_fails),
        STORE_TEST(a_hash_that_fails),
        STORE_TEST(messages_name_the_partition),
        STORE_TEST(a_header_that_is_there_despite_an_error_does_not_count),
        STORE_TEST(a_header_that_cannot_be_taken_back_is_counted_on_from),
        STORE_TEST(a_header_that_reads_back_wrong_does_not_count),
        STORE_TEST(flash_that_changes_what_was_written_is_noticed),
        STORE_TEST(opening_needs_a_flash_that_can_be_read),
        STORE_TEST(finding_and_mapping_tell_what_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
