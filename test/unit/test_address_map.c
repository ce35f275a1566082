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
    static hotreload_module_t old;
    hotreload_address_map_free(&old);
    hotreload_address_map_add(&module, sequence);
    old = module;
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

static hotreload_module_t patch_at(uint32_t text, uint32_t text_size)
{
    return (hotreload_module_t){.text = {.run = text, .size = text_size},
                                .data = {.run = text + 4096, .size = 16}};
}

static void test_patches_in_use_do_not_hide_the_module(void **state)
{
    hotreload_module_t patches[6];
    begin_at(0x40000000, 1);
    for (uint32_t i = 0; i < 6; i++) {
        patches[i] = patch_at(0x41000000 + i * 0x10000, 64);
        hotreload_address_map_add_patch(&patches[i], 2 + i);
        assert_true(hotreload_is_module_code(0x40000000));
        assert_true(hotreload_is_module_code(patches[i].text.run));
    }
    expect(0x40000000, 0, "code", 1);
    assert_null(describe(patches[1].text.run)); /* the oldest are forgotten */
    for (uint32_t i = 0; i < 6; i++) {
        hotreload_address_map_free(&patches[i]);
    }
}

static void test_the_newest_patch_is_the_only_one_that_was_freed(void **state)
{
    hotreload_module_t patches[5];
    begin_at(0x40000000, 1);
    for (uint32_t i = 0; i < 5; i++) {
        patches[i] = patch_at(0x41000000 + i * 0x10000, 64);
        hotreload_address_map_add_patch(&patches[i], 2 + i);
        if (i == 3) {
            hotreload_address_map_free(&patches[i]);
        }
    }
    expect(0x40000000, 0, "code", 1);
    assert_non_null(describe(patches[0].text.run)); /* its tasks may still crash */
    assert_non_null(describe(patches[4].text.run));
    for (uint32_t i = 0; i < 5; i++) {
        hotreload_address_map_free(&patches[i]);
    }
}

static void test_data_alone_takes_a_place(void **state)
{
    hotreload_module_t patch = patch_at(0, 0);
    begin_at(0x40000000, 1);
    hotreload_address_map_add_patch(&patch, 2);
    for (uint32_t i = 0; i < 3; i++) {
        const hotreload_module_t next = patch_at(0x41000000 + i * 0x10000, 64);
        hotreload_address_map_add_patch(&next, 3 + i);
        hotreload_address_map_free(&next);
    }
    assert_non_null(describe(patch.data.run));
    assert_string_equal(words, "offset 0x0 of the data of patch 2");
    hotreload_address_map_free(&patch);
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
        hotreload_address_map_free(&none);
    }
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
        cmocka_unit_test_setup(test_patches_in_use_do_not_hide_the_module, forget),
        cmocka_unit_test_setup(test_the_newest_patch_is_the_only_one_that_was_freed, forget),
        cmocka_unit_test_setup(test_data_alone_takes_a_place, forget),
        cmocka_unit_test_setup(test_both_run_while_the_table_changes, forget),
        cmocka_unit_test_setup(test_short_buffer, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
