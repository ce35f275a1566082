/* Loading, unloading and reloading. SPDX-License-Identifier: MIT */
#include "subject.h"
#include "test_support.h"
#include "unity.h"

TEST_CASE("load makes functions callable", "[load]")
{
    load();
    TEST_ASSERT_EQUAL(0, subject_count());
    TEST_ASSERT_EQUAL(1, subject_count());
}

TEST_CASE("constructors run before anything else", "[load]")
{
    load();
    TEST_ASSERT_TRUE(subject_is_constructed());
    subject_count();
    reload();
    TEST_ASSERT_TRUE(subject_is_constructed());
}

TEST_CASE("a second load is refused", "[load]")
{
    load();
    subject_count();
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    EXPECT(ESP_ERR_INVALID_STATE, hotreload_load(&config));
    TEST_ASSERT_EQUAL(1, subject_count());
}

TEST_CASE("reload begins with fresh data", "[load]")
{
    load();
    subject_count();
    subject_count();
    const void *before = subject_variable();
    reload();
    TEST_ASSERT_NOT_EQUAL(before, subject_variable());
    TEST_ASSERT_EQUAL(0, subject_count());
}

TEST_CASE("reload without a module is a load", "[load]")
{
    reload();
    TEST_ASSERT_EQUAL(0, subject_count());
}

TEST_CASE("unload, then load again", "[load]")
{
    load();
    subject_count();
    EXPECT(ESP_OK, hotreload_unload());
    EXPECT(ESP_ERR_HOTRELOAD_NOT_LOADED, hotreload_unload());
    load();
    TEST_ASSERT_EQUAL(0, subject_count());
}

TEST_CASE("no configuration, no label, no such partition", "[load]")
{
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    EXPECT(ESP_ERR_INVALID_ARG, hotreload_load(NULL));
    EXPECT(ESP_ERR_INVALID_ARG, hotreload_reload(NULL));
    config.partition_label = NULL;
    EXPECT(ESP_ERR_INVALID_ARG, hotreload_load(&config));
    config.partition_label = "absent";
    EXPECT(ESP_ERR_NOT_FOUND, hotreload_load(&config));
}
