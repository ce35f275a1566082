/* SPDX-License-Identifier: MIT */
#include "test_support.h"

#include <stdlib.h>
#include <string.h>

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

uint8_t *copy_module(size_t *size)
{
    hotreload_reason_t reason;
    hotreload_record_t record;
    hotreload_flash_view_t view;
    EXPECT(ESP_OK, hotreload_store_open(LABEL, &reason));
    EXPECT(ESP_OK, hotreload_store_find(NULL, &record, &reason));
    EXPECT(ESP_OK, hotreload_store_map(&record, &view, &reason));
    uint8_t *copy = malloc(view.size);
    TEST_ASSERT_NOT_NULL(copy);
    memcpy(copy, view.data, view.size);
    *size = view.size;
    hotreload_store_unmap(&view);
    return copy;
}
