/*
 * What counts as a module in the flash, whoever put it there.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "module_builder.h"
#include "store/record.h"
#include "stored.h"
#include "store/state.h"

static hotreload_reason_t reason;

/* ---- Headers ---- */

/** Header of a record with the module "a module", as tools/hotreload/module/store_image.py writes
 * it. */
static const uint8_t header_of_the_tool[64] = {
    0x48, 0x52, 0x52, 0x31, 0x01, 0x00, 0x80, 0x00, 0x01, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00,
    0xf6, 0xc0, 0xd9, 0x45, 0xdc, 0x8a, 0x9e, 0x01, 0x85, 0x44, 0x84, 0xf4, 0xe9, 0xb1, 0x23, 0x94,
    0x59, 0x19, 0xe5, 0x53, 0x77, 0x8d, 0x43, 0x86, 0xd1, 0xd9, 0x39, 0x45, 0x1c, 0x03, 0x8a, 0x0c,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xd4, 0xa0, 0x08, 0xba};

static void place_module_of_the_tool(void)
{
    fake_flash_place(0, header_of_the_tool, sizeof header_of_the_tool);
    fake_flash_place(HOTRELOAD_RECORD_DATA, "a module", 8);
}

static void the_partition_image_of_the_tool_is_read(void **state)
{
    hotreload_flash_view_t view;
    place_module_of_the_tool();
    stored_boot();
    hotreload_record_t record = stored_newest();
    assert_int_equal(record.sequence, 1);
    assert_int_equal(hotreload_store_map(&record, &view, &reason), ESP_OK);
    assert_int_equal(view.size, 8);
    assert_memory_equal(view.data, "a module", 8);
    hotreload_store_unmap(&view);
}

static void a_partition_that_can_be_mapped_is_looked_through_without_a_read(void **state)
{
    stored_expect_ok(1, 1000);
    stored_expect_ok(2, 1000);
    hotreload_record_t by_reads = stored_newest();
    fake_flash.maps_whole = true;
    fake_flash.reads = 0;
    stored_boot();
    hotreload_record_t record = stored_newest();
    assert_int_equal(fake_flash.reads, 0);
    assert_memory_equal(&record, &by_reads, sizeof record);
}

static void the_open_partition_is_opened_without_a_look_at_it(void **state)
{
    stored_expect_ok(1, 1000);
    fake_flash.maps_whole = true;
    fake_flash.maps = 0;
    fake_flash.reads = 0;
    assert_int_equal(hotreload_store_open(FAKE_FLASH_LABEL, &reason), ESP_OK);
    assert_int_equal(fake_flash.maps, 0);
    assert_int_equal(fake_flash.reads, 0);
}

static void an_upload_looks_through_the_partition_by_one_mapping(void **state)
{
    stored_expect_ok(1, 1000);
    fake_flash.maps_whole = true;
    fake_flash.first_maps = 0;
    fake_flash.reads = 0;
    assert_int_equal(hotreload_store_begin(1000, &reason), ESP_OK);
    assert_int_equal(fake_flash.first_maps, 1);
    assert_int_equal(fake_flash.reads, 0);
    assert_int_equal(fake_flash.live_maps, 0);
    hotreload_store_abort();
}

static void a_header_with_any_bit_changed_is_none(void **state)
{
    hotreload_record_t record;
    for (size_t bit = 0; bit < 8 * sizeof header_of_the_tool; bit++) {
        place_module_of_the_tool();
        fake_flash.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        stored_boot();
        assert_int_equal(hotreload_store_find(HOTRELOAD_RECORD_ANY, NULL, &record, &reason),
                         ESP_ERR_NOT_FOUND);
        assert_false(stored_has_module());
    }
}

/** Puts a header with a right CRC at the start of a sector. */
static void place_header(uint32_t sector, uint32_t sequence, uint32_t length)
{
    hotreload_record_header_t header = {.sequence = sequence, .length = length};
    hotreload_record_seal(&header);
    fake_flash_place(sector * FAKE_FLASH_SECTOR, &header, sizeof header);
}

static void a_header_with_impossible_numbers_is_none(void **state)
{
    static const struct {
        uint32_t sector, sequence, length;
    } headers[] = {
        {0, 1, 0},
        {0, 0, 100},
        {0, UINT32_MAX, 100},
        {0, 1, 8 * FAKE_FLASH_SECTOR - HOTRELOAD_RECORD_DATA + 1},
        {0, 1, UINT32_MAX},
        {0, 1, UINT32_MAX - HOTRELOAD_RECORD_DATA + 1},
        {7, 1, FAKE_FLASH_SECTOR - HOTRELOAD_RECORD_DATA + 1},
    };
    hotreload_record_t record;
    for (size_t i = 0; i < COUNT(headers); i++) {
        stored_flash(8, FAKE_FLASH_SECTOR);
        place_header(headers[i].sector, headers[i].sequence, headers[i].length);
        stored_boot();
        assert_int_equal(hotreload_store_find(HOTRELOAD_RECORD_ANY, NULL, &record, &reason),
                         ESP_ERR_NOT_FOUND);
        stored_expect_ok(1, 100);
    }
}

/** Makes a changed header whole again; hotreload_record_seal() would undo the change. */
static void set_crc(hotreload_record_header_t *header)
{
    const uint8_t *bytes = (const uint8_t *)header;
    uint32_t crc = UINT32_MAX;
    for (size_t bit = 0; bit < 8 * (sizeof *header - sizeof header->crc); bit++) {
        uint32_t carry = (crc ^ (uint32_t)bytes[bit / 8] >> bit % 8) & 1;
        crc = crc >> 1 ^ (carry != 0 ? 0xedb88320u : 0);
    }
    header->crc = ~crc;
}

static void a_header_of_another_format_is_none(void **state)
{
    hotreload_record_header_t header = {.sequence = 1, .length = 100};
    hotreload_record_seal(&header);
    set_crc(&header);
    assert_true(hotreload_record_is_valid(&header, FAKE_FLASH_SECTOR));
    /* Magic, format and place of the data: nothing is guessed about what is not known. */
    for (size_t at = 0; at < 8; at++) {
        hotreload_record_header_t changed = header;
        ((uint8_t *)&changed)[at] ^= 1;
        set_crc(&changed);
        assert_false(hotreload_record_is_valid(&changed, FAKE_FLASH_SECTOR));
    }
    assert_false(hotreload_record_is_valid(&header, HOTRELOAD_RECORD_DATA + 99));
    assert_true(hotreload_record_is_valid(&header, HOTRELOAD_RECORD_DATA + 100));
    assert_false(hotreload_record_is_valid(&header, 64));
}

static void a_module_that_fills_the_partition_is_read(void **state)
{
    place_header(0, 1, 8 * FAKE_FLASH_SECTOR - HOTRELOAD_RECORD_DATA);
    stored_boot();
    stored_newest();
    assert_int_equal(stored_module(1, 100), ESP_ERR_INVALID_SIZE);
}

static void used_up_sequence_numbers_are_told(void **state)
{
    place_header(0, HOTRELOAD_SEQUENCE_LAST, 100);
    stored_boot();
    assert_int_equal(hotreload_store_begin(100, &reason), ESP_ERR_INVALID_SIZE);
    assert_non_null(strstr(reason.text, "erase it"));
}

static void a_record_that_became_another_is_not_mapped(void **state)
{
    hotreload_record_t record, changed;
    hotreload_flash_view_t view;
    stored_expect_ok(1, 100);
    assert_int_equal(hotreload_store_find(HOTRELOAD_RECORD_ANY, NULL, &record, &reason), ESP_OK);
    place_header(0, 1, 100); /* the same sequence and length, another hash */
    assert_int_equal(hotreload_store_map(&record, &view, &reason), ESP_ERR_INVALID_STATE);
    assert_int_equal(hotreload_store_find(HOTRELOAD_RECORD_ANY, NULL, &changed, &reason), ESP_OK);
    changed.length = 99;
    assert_int_equal(hotreload_store_map(&changed, &view, &reason), ESP_ERR_INVALID_STATE);
    changed.length = 100;
    assert_int_equal(hotreload_store_map(&changed, &view, &reason), ESP_ERR_INVALID_CRC);
}

/* ---- Modules that look like records ---- */

/** Stores a module of 3 sectors with `inside` at `offset`. @return the first error */
static esp_err_t store_with(const void *inside, size_t inside_size, size_t offset, size_t piece)
{
    uint8_t *bytes = stored_bytes(9, 9000);
    memcpy(bytes + offset, inside, inside_size);
    esp_err_t error = stored_write(bytes, 9000, piece, &reason);
    free(bytes);
    return error;
}

static void a_record_inside_an_upload_is_refused(void **state)
{
    static const size_t pieces[] = {1, 3, 256, 9000};
    const size_t second_sector = FAKE_FLASH_SECTOR - HOTRELOAD_RECORD_DATA;
    hotreload_record_header_t header = {.sequence = 1000, .length = 8};
    hotreload_record_seal(&header);
    stored_expect_ok(1, 100);
    for (size_t i = 0; i < COUNT(pieces); i++) {
        assert_int_equal(store_with(&header, sizeof header, second_sector, pieces[i]),
                         ESP_ERR_INVALID_RESPONSE);
        assert_non_null(strstr(reason.text, "byte 3968 of the module"));
        stored_boot();
        stored_expect_newest(1, 100);
    }
    /* Where no sector begins it is but data. */
    assert_int_equal(store_with(&header, sizeof header, second_sector + 16, 256), ESP_OK);
    assert_int_equal(store_with(&header, sizeof header, 0, 256), ESP_OK);
    stored_boot();
    assert_int_equal(hotreload_store_state.newest, 3);
}

static void a_record_inside_a_flashed_record_is_not_looked_at(void **state)
{
    hotreload_record_t record, older;
    place_header(0, 5, 9000);
    place_header(1, 1000, 8);
    place_header(2, 1001, 8);
    place_header(3, 4, 8);
    stored_boot();
    assert_int_equal(hotreload_store_find(HOTRELOAD_RECORD_ANY, NULL, &record, &reason), ESP_OK);
    assert_int_equal(record.sequence, 5);
    assert_int_equal(hotreload_store_find(HOTRELOAD_RECORD_ANY, &record, &older, &reason), ESP_OK);
    assert_int_equal(older.sequence, 4);
}

#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, stored_set_up, stored_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(the_partition_image_of_the_tool_is_read),
        STORE_TEST(a_partition_that_can_be_mapped_is_looked_through_without_a_read),
        STORE_TEST(the_open_partition_is_opened_without_a_look_at_it),
        STORE_TEST(an_upload_looks_through_the_partition_by_one_mapping),
        STORE_TEST(a_header_with_any_bit_changed_is_none),
        STORE_TEST(a_header_with_impossible_numbers_is_none),
        STORE_TEST(a_header_of_another_format_is_none),
        STORE_TEST(a_module_that_fills_the_partition_is_read),
        STORE_TEST(a_record_that_became_another_is_not_mapped),
        STORE_TEST(used_up_sequence_numbers_are_told),
        STORE_TEST(a_record_inside_an_upload_is_refused),
        STORE_TEST(a_record_inside_a_flashed_record_is_not_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
