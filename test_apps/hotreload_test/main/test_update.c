/* Storing modules, and noticing them. SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "subject.h"
#include "test_support.h"
#include "unity.h"

TEST_CASE("a stored module is announced until it was reloaded", "[update]")
{
    load();
    TEST_ASSERT_FALSE(hotreload_update_available());
    size_t size;
    uint8_t *module = copy_module(&size);
    EXPECT(ESP_OK, hotreload_update_partition(LABEL, module, size));
    free(module);
    TEST_ASSERT_TRUE(hotreload_update_available());
    subject_count();
    reload();
    TEST_ASSERT_FALSE(hotreload_update_available());
    TEST_ASSERT_EQUAL(0, subject_count());
}

TEST_CASE("a damaged module is not stored", "[update]")
{
    load();
    size_t size;
    uint8_t *module = copy_module(&size);
    EXPECT(ESP_ERR_INVALID_ARG, hotreload_update_partition(LABEL, NULL, size));
    EXPECT(ESP_ERR_NOT_FOUND, hotreload_update_partition("absent", module, size));
    TEST_ASSERT_NOT_EQUAL(ESP_OK, hotreload_update_partition(LABEL, module, size / 2));
    module[0] ^= 1;
    EXPECT(ESP_ERR_INVALID_RESPONSE, hotreload_update_partition(LABEL, module, size));
    free(module);
    TEST_ASSERT_FALSE(hotreload_update_available());
    reload();
}

TEST_CASE("many updates go around the partition", "[update]")
{
    load();
    size_t size;
    uint8_t *module = copy_module(&size);
    for (int round = 0; round < 40; round++) {
        EXPECT(ESP_OK, hotreload_update_partition(LABEL, module, size));
        TEST_ASSERT_TRUE(hotreload_update_available());
        reload();
        TEST_ASSERT_EQUAL(0, subject_count());
    }
    free(module);
}
