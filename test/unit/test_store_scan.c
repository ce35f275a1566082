/*
 * What counts as a module in the flash, whoever put it there.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_flash.h"
#include "fake_port.h"
#include "module_builder.h"
#include "store/record.h"
#include "stored.h"

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
    (void)state;
    hotreload_record_t record;
    hotreload_flash_view_t view;
    place_module_of_the_tool();
    stored_boot();
    assert_int_equal(hotreload_store_find(NULL, &record, &reason), ESP_OK);
    assert_int_equal(record.sequence, 1);
    assert_int_equal(hotreload_store_map(&record, &view, &reason), ESP_OK);
    assert_int_equal(view.size, 8);
    assert_memory_equal(view.data, "a module", 8);
    hotreload_store_unmap(&view);
}

static void a_header_with_any_bit_changed_is_none(void **state)
{
    (void)state;
    hotreload_record_t record;
    for (size_t bit = 0; bit < 8 * sizeof header_of_the_tool; bit++) {
        place_module_of_the_tool();
        fake_flash.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        stored_boot();
        assert_int_equal(hotreload_store_find(NULL, &record, &reason), ESP_ERR_NOT_FOUND);
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
    (void)state;
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
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        stored_flash(8, FAKE_FLASH_SECTOR);
        place_header(headers[i].sector, headers[i].sequence, headers[i].length);
        stored_boot();
        assert_int_equal(hotreload_store_find(NULL, &record, &reason), ESP_ERR_NOT_FOUND);
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
    (void)state;
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
    (void)state;
    hotreload_record_t record;
    place_header(0, 1, 8 * FAKE_FLASH_SECTOR - HOTRELOAD_RECORD_DATA);
    stored_boot();
    assert_int_equal(hotreload_store_find(NULL, &record, &reason), ESP_OK);
    assert_int_equal(stored_module(1, 100), ESP_ERR_INVALID_SIZE);
}

static void used_up_sequence_numbers_are_told(void **state)
{
    (void)state;
    place_header(0, HOTRELOAD_SEQUENCE_LAST, 100);
    stored_boot();
    assert_int_equal(hotreload_store_begin(100, &reason), ESP_ERR_INVALID_SIZE);
    assert_non_null(strstr(reason.text, "erase it"));
}

static void a_record_that_became_another_is_not_mapped(void **state)
{
    (void)state;
    hotreload_record_t record, changed;
    hotreload_flash_view_t view;
    stored_expect_ok(1, 100);
    assert_int_equal(hotreload_store_find(NULL, &record, &reason), ESP_OK);
    place_header(0, 1, 100); /* the same sequence and length, another hash */
    assert_int_equal(hotreload_store_map(&record, &view, &reason), ESP_ERR_INVALID_STATE);
    assert_int_equal(hotreload_store_find(NULL, &changed, &reason), ESP_OK);
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
    (void)state;
    static const size_t pieces[] = {1, 3, 256, 9000};
    const size_t second_sector = FAKE_FLASH_SECTOR - HOTRELOAD_RECORD_DATA;
    hotreload_record_header_t header = {.sequence = 1000, .length = 8};
    hotreload_record_seal(&header);
    stored_expect_ok(1, 100);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
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
    assert_int_equal(hotreload_store_newest_sequence(), 3);
}

static void a_record_inside_a_flashed_record_is_not_looked_at(void **state)
{
    (void)state;
    hotreload_record_t record, older;
    place_header(0, 5, 9000);
    place_header(1, 1000, 8);
    place_header(2, 1001, 8);
    place_header(3, 4, 8);
    stored_boot();
    assert_int_equal(hotreload_store_find(NULL, &record, &reason), ESP_OK);
    assert_int_equal(record.sequence, 5);
    assert_int_equal(hotreload_store_find(&record, &older, &reason), ESP_OK);
    assert_int_equal(older.sequence, 4);
}

/* ---- A bare ELF ---- */

/** Flashes a module as it is to the start of the partition. @return its length, bytes */
static size_t place_bare_elf(size_t text_size)
{
    size_t size;
    module_spec_t spec = module_spec_default();
    spec.text_size = text_size;
    uint8_t *module = module_build(&spec, NULL, &size);
    fake_flash_place(0, module, size);
    free(module);
    return size;
}

static void a_bare_elf_is_the_oldest_module(void **state)
{
    (void)state;
    hotreload_record_t record, older;
    hotreload_flash_view_t view;
    size_t size = place_bare_elf(64);
    stored_boot();
    assert_true(stored_has_module());
    assert_int_equal(hotreload_store_newest_sequence(), 0);
    assert_int_equal(hotreload_store_find(NULL, &record, &reason), ESP_OK);
    assert_int_equal(record.sequence, 0);
    assert_int_equal(record.offset, 0);
    assert_int_equal(record.length, size);
    assert_int_equal(hotreload_store_map(&record, &view, &reason), ESP_OK);
    assert_memory_equal(view.data, fake_flash.data, size);
    hotreload_store_unmap(&view);
    assert_int_equal(hotreload_store_find(&record, &older, &reason), ESP_ERR_NOT_FOUND);

    stored_expect_ok(1, 100);
    stored_boot();
    stored_expect_newest(1, 100);
    assert_int_equal(hotreload_store_newest_sequence(), 1);
    assert_int_equal(hotreload_store_find(NULL, &record, &reason), ESP_OK);
    assert_int_equal(hotreload_store_find(&record, &older, &reason), ESP_OK);
    assert_int_equal(older.sequence, 0);
    assert_int_equal(older.length, size);
}

static void the_first_update_spares_a_bare_elf(void **state)
{
    (void)state;
    stored_flash(4, FAKE_FLASH_SECTOR);
    size_t size = place_bare_elf(5000);
    stored_boot();
    uint8_t *before = malloc(size);
    assert_non_null(before);
    memcpy(before, fake_flash.data, size);
    stored_expect_ok(1, FAKE_FLASH_SECTOR);
    assert_memory_equal(fake_flash.data, before, size);
    free(before);
    stored_expect_newest(1, FAKE_FLASH_SECTOR);

    /* It is the newest good one until the first update has passed its trial. */
    assert_int_equal(stored_module(2, FAKE_FLASH_SECTOR), ESP_ERR_INVALID_SIZE);
    hotreload_record_t record;
    assert_int_equal(hotreload_store_find(NULL, &record, &reason), ESP_OK);
    assert_int_equal(hotreload_store_judge(&record, true, &reason), ESP_OK);
    stored_expect_ok(2, FAKE_FLASH_SECTOR);
    assert_int_equal(hotreload_store_find(NULL, &record, &reason), ESP_OK);
    assert_int_equal(record.offset, HOTRELOAD_RECORD_DATA);
}

static void a_bare_elf_that_is_being_overwritten_is_gone(void **state)
{
    (void)state;
    hotreload_record_t record, older;
    stored_flash(2, FAKE_FLASH_SECTOR);
    place_bare_elf(64);
    stored_boot();
    stored_expect_ok(1, 100);
    assert_int_equal(hotreload_store_find(NULL, &record, &reason), ESP_OK);
    assert_int_equal(hotreload_store_judge(&record, true, &reason), ESP_OK);
    assert_int_equal(hotreload_store_begin(100, &reason), ESP_OK);
    assert_int_equal(hotreload_store_find(&record, &older, &reason), ESP_ERR_NOT_FOUND);
    hotreload_store_abort();
    assert_int_equal(hotreload_store_find(&record, &older, &reason), ESP_OK);
    assert_int_equal(older.sequence, 0);
}

static void a_bare_elf_without_room_beside_it_is_told(void **state)
{
    (void)state;
    stored_flash(2, FAKE_FLASH_SECTOR);
    place_bare_elf(5000);
    stored_boot();
    assert_int_equal(hotreload_store_begin(100, &reason), ESP_ERR_INVALID_SIZE);
    assert_non_null(strstr(reason.text, "has 8192 bytes, make it 12288 or more"));
}

static void a_bare_elf_that_was_overwritten_in_part_is_none(void **state)
{
    (void)state;
    hotreload_record_t record, older;
    place_bare_elf(5000);
    place_header(1, 3, 8);
    stored_boot();
    assert_int_equal(hotreload_store_find(NULL, &record, &reason), ESP_OK);
    assert_int_equal(record.sequence, 3);
    assert_int_equal(hotreload_store_find(&record, &older, &reason), ESP_ERR_NOT_FOUND);
}

/** Places a bare ELF with a field changed. @return what finding it says */
static esp_err_t find_changed_elf(size_t at, uint32_t value, unsigned bytes)
{
    hotreload_record_t record;
    place_bare_elf(64);
    for (unsigned i = 0; i < bytes; i++) {
        fake_flash.data[at + i] = (uint8_t)(value >> 8 * i);
    }
    stored_boot();
    return hotreload_store_find(NULL, &record, &reason);
}

static void an_elf_that_cannot_be_whole_is_none(void **state)
{
    (void)state;
    const uint32_t size = 8 * FAKE_FLASH_SECTOR;
    assert_int_equal(find_changed_elf(0, 0x7f, 1), ESP_OK);
    assert_int_equal(find_changed_elf(0, 0x7e, 1), ESP_ERR_NOT_FOUND);
    assert_int_equal(find_changed_elf(4, 2, 1), ESP_ERR_NOT_FOUND);           /* 64-bit */
    assert_int_equal(find_changed_elf(5, 2, 1), ESP_ERR_NOT_FOUND);           /* big-endian */
    assert_int_equal(find_changed_elf(28, size - 127, 4), ESP_ERR_NOT_FOUND); /* e_phoff */
    assert_int_equal(find_changed_elf(28, UINT32_MAX, 4), ESP_ERR_NOT_FOUND);
    assert_int_equal(find_changed_elf(42, 31, 2), ESP_ERR_NOT_FOUND);        /* e_phentsize */
    assert_int_equal(find_changed_elf(44, 0xffff, 2), ESP_ERR_NOT_FOUND);    /* e_phnum */
    assert_int_equal(find_changed_elf(52 + 4, size, 4), ESP_ERR_NOT_FOUND);  /* p_offset */
    assert_int_equal(find_changed_elf(52 + 16, size, 4), ESP_ERR_NOT_FOUND); /* p_filesz */
    assert_int_equal(find_changed_elf(52 + 16, UINT32_MAX, 4), ESP_ERR_NOT_FOUND);
    stored_expect_ok(1, 100);
    stored_expect_newest(1, 100);
}

static void the_section_table_of_a_bare_elf_belongs_to_it(void **state)
{
    (void)state;
    hotreload_record_t record;
    place_bare_elf(64);
    module_put32(fake_flash.data + 32, 6000); /* e_shoff */
    module_put16(fake_flash.data + 46, 40);   /* e_shentsize */
    module_put16(fake_flash.data + 48, 10);   /* e_shnum */
    stored_boot();
    assert_int_equal(hotreload_store_find(NULL, &record, &reason), ESP_OK);
    assert_int_equal(record.length, 6400);
}

#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, stored_set_up, stored_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(the_partition_image_of_the_tool_is_read),
        STORE_TEST(a_header_with_any_bit_changed_is_none),
        STORE_TEST(a_header_with_impossible_numbers_is_none),
        STORE_TEST(a_header_of_another_format_is_none),
        STORE_TEST(a_module_that_fills_the_partition_is_read),
        STORE_TEST(a_record_that_became_another_is_not_mapped),
        STORE_TEST(used_up_sequence_numbers_are_told),
        STORE_TEST(a_record_inside_an_upload_is_refused),
        STORE_TEST(a_record_inside_a_flashed_record_is_not_looked_at),
        STORE_TEST(a_bare_elf_is_the_oldest_module),
        STORE_TEST(the_first_update_spares_a_bare_elf),
        STORE_TEST(a_bare_elf_that_is_being_overwritten_is_gone),
        STORE_TEST(a_bare_elf_without_room_beside_it_is_told),
        STORE_TEST(a_bare_elf_that_was_overwritten_in_part_is_none),
        STORE_TEST(an_elf_that_cannot_be_whole_is_none),
        STORE_TEST(the_section_table_of_a_bare_elf_belongs_to_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
