/* SPDX-License-Identifier: MIT */
#include "testing.h"
#include "fakes/fake_log.h"
#include "fakes/fake_partition.h"
#include "port.h"

static hotreload_flash_t flash;

static int setup(void **test)
{
    fake_partition_reset();
    fake_log[0] = '\0';
    return hotreload_port_flash_open("hotreload", &flash);
}

static void the_partition_is_found_by_label_type_and_subtype(void **test)
{
    assert_int_equal(flash.size, FAKE_PARTITION_SIZE);
    assert_int_equal(flash.erase_size, 0x1000);
    const char *const others[] = {"data", "factory", "missing"};
    for (size_t i = 0; i < COUNT(others); i++) {
        hotreload_flash_t other;
        assert_int_equal(hotreload_port_flash_open(others[i], &other), ESP_ERR_NOT_FOUND);
    }
}

static void what_was_written_is_read_and_seen_in_a_map(void **test)
{
    const uint8_t data[32] = "thirty-one characters and a NUL";
    uint8_t read[32];
    hotreload_flash_view_t view;
    assert_int_equal(hotreload_port_flash_write(&flash, 0x2010, data, sizeof data), ESP_OK);
    assert_int_equal(hotreload_port_flash_read(&flash, 0x2010, read, sizeof read), ESP_OK);
    assert_memory_equal(read, data, sizeof data);
    assert_int_equal(hotreload_port_flash_map(&flash, 0x2010, sizeof data, &view), ESP_OK);
    assert_memory_equal(view.data, data, sizeof data);
    assert_int_equal(view.size, sizeof data);
    assert_int_equal(fake_partition.maps, 1);
    hotreload_port_flash_unmap(&view);
    assert_int_equal(fake_partition.maps, 0);
    assert_null(view.data);
}

static void erasing_reaches_just_the_range(void **test)
{
    memset(fake_partition.content, 0, sizeof fake_partition.content);
    assert_int_equal(hotreload_port_flash_erase(&flash, 0x3000, 0x2000), ESP_OK);
    assert_int_equal(fake_partition.content[0x2fff], 0x00);
    assert_int_equal(fake_partition.content[0x3000], 0xff);
    assert_int_equal(fake_partition.content[0x4fff], 0xff);
    assert_int_equal(fake_partition.content[0x5000], 0x00);
}

static void every_failure_is_one_error_and_a_line_in_the_log(void **test)
{
    uint8_t data[16] = {0};
    hotreload_flash_view_t view;
    fake_partition.fail = ESP_ERR_INVALID_SIZE;
    assert_int_equal(hotreload_port_flash_read(&flash, 0, data, 16), ESP_ERR_FLASH_OP_FAIL);
    assert_non_null(strstr(fake_log, "read of 16 bytes at 0x0 failed: 0x104"));
    fake_partition.fail = ESP_ERR_TIMEOUT;
    assert_int_equal(hotreload_port_flash_write(&flash, 0x20, data, 16), ESP_ERR_FLASH_OP_FAIL);
    assert_non_null(strstr(fake_log, "write of 16 bytes at 0x20 failed: 0x107"));
    fake_partition.fail = ESP_FAIL;
    assert_int_equal(hotreload_port_flash_erase(&flash, 0x1000, 0x1000), ESP_ERR_FLASH_OP_FAIL);
    assert_non_null(strstr(fake_log, "erase of 4096 bytes at 0x1000 failed"));
    fake_partition.fail = ESP_FAIL;
    assert_int_equal(hotreload_port_flash_map(&flash, 0x1000, 4, &view), ESP_ERR_FLASH_OP_FAIL);
    assert_non_null(strstr(fake_log, "map of 65536 bytes at 0x0 failed"));
}

static void views_share_one_mapping(void **test)
{
    hotreload_flash_view_t first, second;
    assert_int_equal(hotreload_port_flash_map(&flash, 0x1000, 16, &first), ESP_OK);
    assert_int_equal(hotreload_port_flash_map(&flash, 0x2000, 16, &second), ESP_OK);
    assert_int_equal(fake_partition.maps, 1);
    hotreload_port_flash_unmap(&first);
    assert_int_equal(fake_partition.maps, 1);
    assert_ptr_equal(second.data, fake_partition.content + 0x2000);
    hotreload_port_flash_unmap(&second);
    assert_int_equal(fake_partition.maps, 0);
}

static void few_pages_map_a_part_or_are_no_memory(void **test)
{
    const int errors[] = {ESP_ERR_NO_MEM, ESP_ERR_NOT_FOUND};
    for (size_t i = 0; i < COUNT(errors); i++) {
        hotreload_flash_view_t view;
        fake_partition.too_few_pages = errors[i];
        fake_partition.most_mapped = 16;
        assert_int_equal(hotreload_port_flash_map(&flash, 0x1000, 16, &view), ESP_OK);
        assert_ptr_equal(view.data, fake_partition.content + 0x1000);
        hotreload_port_flash_unmap(&view);
        assert_int_equal(fake_partition.maps, 0);
        assert_int_equal(hotreload_port_flash_map(&flash, 0, 17, &view), ESP_ERR_NO_MEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_partition_is_found_by_label_type_and_subtype, setup),
        cmocka_unit_test_setup(what_was_written_is_read_and_seen_in_a_map, setup),
        cmocka_unit_test_setup(erasing_reaches_just_the_range, setup),
        cmocka_unit_test_setup(every_failure_is_one_error_and_a_line_in_the_log, setup),
        cmocka_unit_test_setup(views_share_one_mapping, setup),
        cmocka_unit_test_setup(few_pages_map_a_part_or_are_no_memory, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
