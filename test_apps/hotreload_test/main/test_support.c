/* SPDX-License-Identifier: MIT */
#include "test_support.h"

#include <stdlib.h>
#include <string.h>

#include "esp_heap_caps.h"
#include "store/store.h"
#include "unity.h"

void expect_error(esp_err_t expected, esp_err_t error, const char *what, int line)
{
    if (error != expected) {
        printf("%s: %s, expected %s\n", what, esp_err_to_name(error), esp_err_to_name(expected));
    }
    UNITY_TEST_ASSERT_EQUAL_HEX32(expected, error, line, what);
}

void load(void)
{
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    EXPECT(ESP_OK, hotreload_load(&config));
}

void reload(void)
{
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    EXPECT(ESP_OK, hotreload_reload(&config));
}

heap_use_t heap_use(void)
{
    multi_heap_info_t info;
    heap_caps_get_info(&info, MALLOC_CAP_INTERNAL | MALLOC_CAP_32BIT);
    return (heap_use_t){.blocks = info.allocated_blocks, .bytes = info.total_allocated_bytes};
}

void expect_heap(heap_use_t before)
{
    heap_use_t now = heap_use();
    TEST_ASSERT_EQUAL(before.blocks, now.blocks);
    TEST_ASSERT_UINT_WITHIN(32, before.bytes, now.bytes);
}

uint8_t *copy_module(size_t *size)
{
    hotreload_reason_t reason;
    hotreload_record_t record;
    hotreload_flash_view_t view;
    EXPECT(ESP_OK, hotreload_store_open(LABEL, &reason));
    EXPECT(ESP_OK, hotreload_store_find(HOTRELOAD_RECORD_ANY, NULL, &record, &reason));
    EXPECT(ESP_OK, hotreload_store_map(&record, &view, &reason));
    uint8_t *copy = malloc(view.size);
    TEST_ASSERT_NOT_NULL(copy);
    memcpy(copy, view.data, view.size);
    *size = view.size;
    hotreload_store_unmap(&view);
    return copy;
}
