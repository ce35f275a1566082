/*
 * hotreload_describe_address(): what an address is in words, before and after reloads.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "loaded.h"
#include "port.h"
#include "run/status.h"
#include "run/address_map.h"

static char words[128];

static hotreload_status_t now(void)
{
    hotreload_status_t status;
    hotreload_status_get(&status);
    return status;
}

static const char *describe(uint32_t address)
{
    return hotreload_describe_address(address, words, sizeof words);
}

static void expect(uint32_t address, uint32_t offset, const char *kind, uint32_t sequence)
{
    char expected[128];
    snprintf(expected, sizeof expected, "offset 0x%x of the %s of module %u", (unsigned)offset,
             kind, (unsigned)sequence);
    assert_non_null(describe(address));
    assert_string_equal(words, expected);
}

static void reload_to(uint32_t seed)
{
    loaded_store(seed);
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
}

static void test_running_module(void **state)
{
    loaded_start(1);
    hotreload_status_t at = now();
    expect(at.text_run, 0, "code", at.sequence);
    expect(at.text_run + at.text_size - 1, at.text_size - 1, "code", at.sequence);
    expect(at.data_run + 3, 3, "data", at.sequence);
    expect(at.data_run + at.data_size - 1, at.data_size - 1, "data", at.sequence);
    assert_null(describe(at.text_run - 1));
    assert_null(describe(at.data_run + at.data_size));
    assert_null(describe(0));
    assert_true(hotreload_is_module_code(at.text_run + at.text_size - 1));
    assert_false(hotreload_is_module_code(at.text_run + at.text_size));
    assert_false(hotreload_is_module_code(at.data_run));
}

static void test_freed_code(void **state)
{
    loaded_start(1);
    hotreload_status_t old = now();
    assert_int_equal(hotreload_unload(), ESP_OK);
    assert_non_null(describe(old.text_run + 26));
    char expected[128];
    snprintf(expected, sizeof expected,
             "offset 0x1a of the code of module %u, which was freed: a task, timer or callback "
             "still used it after a reload",
             (unsigned)old.sequence);
    assert_string_equal(words, expected);
    assert_null(describe(old.data_run));
    loaded_start(2);
}

static void test_reload_frees_the_old_one_only(void **state)
{
    loaded_start(1);
    hotreload_status_t old = now();
    reload_to(2);
    hotreload_status_t at = now();
    expect(at.text_run, 0, "code", at.sequence);
    if (old.text_run - at.text_run >= at.text_size) {
        assert_non_null(describe(old.text_run));
        assert_non_null(strstr(words, "was freed"));
    }
}

static void begin_at(uint32_t text, uint32_t sequence)
{
    hotreload_module_t module = {.text = {.run = text, .size = 64},
                                 .data = {.run = text + 4096, .size = 16}};
    hotreload_address_map_add(&module, sequence);
    hotreload_address_map_free(false);
}

static void test_module_from_memory(void **state)
{
    begin_at(0x40000000, 0);
    assert_string_equal(describe(0x40000010), "offset 0x10 of the code of an unnumbered module");
}

static void test_the_running_one_counts_where_an_older_one_was(void **state)
{
    begin_at(0x40000000, 7);
    begin_at(0x40000020, 4294967295u);
    expect(0x40000020, 0, "code", 4294967295u);
    assert_non_null(strstr(describe(0x4000001f), "module 7, which was freed"));
    begin_at(0x40000000, 9);
    assert_non_null(strstr(describe(0x40000050), "module 4294967295, which was freed"));
}

static void test_only_the_last_few_are_known(void **state)
{
    for (uint32_t i = 1; i <= 6; i++) {
        begin_at(0x41000000 + i * 0x10000, i);
    }
    assert_null(describe(0x41010000));
    assert_non_null(strstr(describe(0x41020000), "module 2, which was freed"));
    expect(0x41060000, 0, "code", 6);
}

static void test_both_run_while_the_table_changes(void **state)
{
    begin_at(0x40000000, 1);
    hotreload_module_t next = {.text = {.run = 0x40010000, .size = 64}};
    hotreload_address_map_add(&next, 2);
    expect(0x40000000, 0, "code", 1);
    expect(0x40010000, 0, "code", 2);
}

static void test_short_buffer(void **state)
{
    begin_at(0x40000000, 3);
    char small[8] = "xxxxxxx";
    assert_ptr_equal(hotreload_describe_address(0x40000000, small, sizeof small), small);
    assert_string_equal(small, "offset ");
    assert_null(hotreload_describe_address(0x40000000, small, 0));
}

static int forget(void **state)
{
    for (int i = 0; i < 5; i++) {
        const hotreload_module_t none = {0};
        hotreload_address_map_add(&none, 0);
    }
    hotreload_address_map_free(true);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_running_module, loaded_set_up, loaded_tear_down),
        cmocka_unit_test_setup_teardown(test_freed_code, loaded_set_up, loaded_tear_down),
        cmocka_unit_test_setup_teardown(test_reload_frees_the_old_one_only, loaded_set_up,
                                        loaded_tear_down),
        cmocka_unit_test_setup(test_module_from_memory, forget),
        cmocka_unit_test_setup(test_the_running_one_counts_where_an_older_one_was, forget),
        cmocka_unit_test_setup(test_only_the_last_few_are_known, forget),
        cmocka_unit_test_setup(test_both_run_while_the_table_changes, forget),
        cmocka_unit_test_setup(test_short_buffer, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
