/*
 * A patch whose base is loaded for it, after a boot or because another module runs, and partitions
 * that do not have what runs any more.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "loaded.h"
#include "patched.h"
#include "store/store.h"
#include "stored.h"

static hotreload_config_t unloads_first(void)
{
    hotreload_config_t config = loaded_config;
    config.allow_unload_first = true;
    return config;
}

/** The base 1 is good and has a constructor; its patch 2 is the newest record. */
static hotreload_record_t store_patch(void)
{
    loaded_store_with_constructors(1);
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
    const module_spec_t spec = patched_spec();
    assert_int_equal(patched_store(&spec), ESP_OK);
    return stored_newest();
}

static void expect_base_after_a_boot(void)
{
    fake_port.call_count = 0;
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    assert_int_equal(loaded_status().running.base, 1);
    assert_int_equal(loaded_status().running.patch, 0);
    assert_int_equal(fake_port.live_allocations, 2);
}

static void a_damaged_patch_is_found_before_its_base_is_loaded(void **state)
{
    const hotreload_record_t patch = store_patch();
    loaded_restart(false);
    fake_flash.data[patch.offset + 100] ^= 1;
    expect_base_after_a_boot();
    assert_int_equal(fake_port.call_count, 1);
}

static void a_base_does_not_stay_without_its_patch(void **state)
{
    (void)store_patch();
    fake_port.ram_limit = fake_port.live_bytes;
    loaded_restart(false);
    expect_base_after_a_boot();
    assert_int_equal(fake_port.call_count, 3); /* it went in between */
}

static uint8_t flash_at_call[8 * FAKE_FLASH_SECTOR];

static void keep_flash(uint32_t run_address)
{
    (void)run_address;
    assert_true(fake_flash.size <= sizeof flash_at_call);
    memcpy(flash_at_call, fake_flash.data, fake_flash.size);
    assert_int_equal(fake_port.retained, 2);
}

static void a_crash_in_the_base_blames_the_patch_that_it_is_loaded_for(void **state)
{
    (void)store_patch();
    loaded_restart(false);
    fake_port.on_call = keep_flash;
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    fake_port.on_call = NULL;
    loaded_restart(true);
    memcpy(fake_flash.data, flash_at_call, fake_flash.size);
    expect_base_after_a_boot();
    assert_non_null(strstr(loaded_status().rollback.text, "module 2 crashed on trial"));
}

static unsigned written;

static void expect_blamed(uint32_t run_address, uint32_t word)
{
    (void)run_address;
    (void)word;
    if (fake_port.event_count != 0) { /* LOADED: tasks of the base run */
        assert_int_equal(fake_port.retained, 2);
        written++;
    }
}

static void so_does_one_before_the_patch_is_applied(void **state)
{
    (void)store_patch();
    loaded_restart(false);
    fake_port.event_count = 0;
    fake_port.on_text_write = expect_blamed;
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    fake_port.on_text_write = NULL;
    assert_int_equal(loaded_status().running.patch, 2);
    assert_int_equal(fake_port.events[0].event, HOTRELOAD_EVENT_LOADED);
    assert_int_equal(fake_port.events[0].retained, 2);
    assert_true(written > 0);
}

static void a_base_that_crashed_is_not_loaded_for_a_patch(void **state)
{
    loaded_start(1);
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
    loaded_store(2);
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    const module_spec_t spec = patched_spec();
    assert_int_equal(patched_store(&spec), ESP_OK); /* 3, which is not applied */
    loaded_restart(true);
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    assert_true(hotreload_update_available());
    loaded_expect_failure(hotreload_reload(&loaded_config), ESP_ERR_NOT_FOUND,
                          "module 2, the patch's base, crashed on trial");
    loaded_expect(1);
    loaded_restart(false);
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    loaded_expect(1);
}

static void nothing_goes_that_has_lost_its_base(void **state)
{
    loaded_start(1);
    const hotreload_record_t base = stored_newest();
    const module_spec_t spec = patched_spec();
    patched_apply(&spec);
    loaded_store(3);
    fake_flash.data[base.offset + 100] ^= 1;
    fake_port.text_limit = 32;
    const hotreload_config_t config = unloads_first();
    assert_int_equal(hotreload_reload(&config), ESP_ERR_NO_MEM);
    assert_int_equal(loaded_status().running.patch, 2);
    loaded_expect_log("the old module is not unloaded first");
}

static void what_runs_is_not_looked_for_behind_the_end_of_another_partition(void **state)
{
    loaded_start(1);
    loaded_store(2);
    loaded_store(3);
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    assert_true(stored_newest().offset >= 2 * FAKE_FLASH_SECTOR);
    fake_flash.second_label = "second";
    fake_flash.maps_whole = true;
    fake_flash.size = 2 * FAKE_FLASH_SECTOR;
    fake_flash.data = realloc(fake_flash.data, fake_flash.size);
    fake_port.text_limit = 32;
    hotreload_config_t config = unloads_first();
    config.partition_label = "second";
    assert_int_equal(hotreload_reload(&config), ESP_ERR_NO_MEM);
    loaded_expect_log("the old module is not unloaded first");
    assert_true(hotreload_is_loaded());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, loaded_set_up, loaded_tear_down)
        TEST(a_damaged_patch_is_found_before_its_base_is_loaded),
        TEST(a_base_does_not_stay_without_its_patch),
        TEST(a_crash_in_the_base_blames_the_patch_that_it_is_loaded_for),
        TEST(so_does_one_before_the_patch_is_applied),
        TEST(a_base_that_crashed_is_not_loaded_for_a_patch),
        TEST(nothing_goes_that_has_lost_its_base),
        TEST(what_runs_is_not_looked_for_behind_the_end_of_another_partition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
