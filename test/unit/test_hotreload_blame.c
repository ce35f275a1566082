/*
 * Which module is to blame for a crash: the one that ran on trial, and no other.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "loaded.h"
#include "patched.h"
#include "run/status.h"
#include "run/trial.h"
#include "store/store.h"

static void reload(uint32_t sequence)
{
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    assert_int_equal(loaded_status().sequence, sequence);
}

static void start_good(uint32_t seed)
{
    loaded_start(seed);
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
}

/** Module 1 is good, module 2 on trial. */
static void run_two(void)
{
    start_good(1);
    loaded_store(2);
    reload(2);
}

static void load_file(uint8_t *file, size_t size)
{
    assert_int_equal(hotreload_load_from_buffer(file, size), ESP_OK);
    free(file);
}

static void load_from_memory(uint32_t seed)
{
    size_t size;
    uint8_t *file = loaded_module(seed, &size);
    load_file(file, size);
}

/** Restarts after a crash and loads; nobody is blamed. @param sequence of what runs then */
static void expect_no_blame(uint32_t sequence)
{
    loaded_restart(true);
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    assert_int_equal(loaded_status().sequence, sequence);
    assert_string_equal(loaded_status().rollback.text, "");
    assert_false(hotreload_update_available());
}

/** Likewise; the status says who is. */
static void expect_blame(const char *rollback)
{
    loaded_restart(true);
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    assert_string_equal(loaded_status().rollback.text, rollback);
}

/* ---- Modules that do not run any more ---- */

static void what_was_on_trial_before_the_good_one(void **state)
{
    run_two();
    loaded_store(3);
    reload(3);
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
    expect_no_blame(3);
    expect_no_blame(3);
}

/** Other tasks go on in it while all cores are being stopped: once to look, once to change. */
static void what_runs_until_all_stands_still(void **state)
{
    run_two();
    loaded_store(3);
    fake_port.stop_count = 0;
    reload(3);
    assert_true(fake_port.stop_count >= 2);
    assert_int_equal(fake_port.retained_at_stop[0], 2);
    assert_int_equal(fake_port.retained_at_stop[1], 2);
    const module_spec_t patch = patched_spec();
    assert_int_equal(patched_store(&patch), ESP_OK);
    fake_port.stop_count = 0;
    reload(4);
    assert_int_equal(fake_port.retained_at_stop[0], 3);
    assert_int_equal(fake_port.retained, 4);
}

static void what_was_unloaded(void **state)
{
    run_two();
    assert_int_equal(hotreload_unload(), ESP_OK);
    expect_no_blame(2);
    assert_true(hotreload_trial_is_running());
}

static void what_one_from_memory_replaced(void **state)
{
    run_two();
    load_from_memory(3);
    expect_no_blame(2);
    assert_true(hotreload_trial_is_running());
}

static void the_one_before_that_is_on_trial_too(void **state)
{
    run_two();
    loaded_store(3);
    reload(3);
    expect_blame("module 3 crashed on trial, module 1 runs");
    loaded_restart(false);
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    loaded_expect(2);
    assert_true(hotreload_trial_is_running());
}

/** As after a loss of power that looks like a crash. */
static void without_what_the_ram_kept(void **state)
{
    run_two();
    fake_port.retained = 0;
    expect_no_blame(2);
    assert_true(hotreload_trial_is_running());
}

static void what_is_good_already(void **state)
{
    run_two();
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
    assert_int_equal(fake_port.retained, 0);
    fake_port.retained = 2; /* the crash came between the two */
    expect_no_blame(2);
    assert_false(hotreload_trial_is_running());
}

/** An application whose first module is part of its firmware never calls hotreload_load(). */
static void what_replaced_one_from_memory(void **state)
{
    load_from_memory(9);
    loaded_store(1);
    reload(1);
    assert_true(hotreload_trial_is_running());
    loaded_restart(true);
    load_from_memory(9);
    hotreload_reason_t reason;
    assert_int_equal(hotreload_store_open(FAKE_FLASH_LABEL, &reason), ESP_OK); /* as the server */
    assert_true(hotreload_update_available());
    loaded_expect_failure(hotreload_reload(&loaded_config), ESP_ERR_NOT_FOUND, "crashed on trial");
    assert_false(hotreload_update_available());
    loaded_expect(9);
}

/* ---- Modules that do ---- */

static void what_is_on_trial_since_the_boot(void **state)
{
    run_two();
    loaded_restart(false);
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    expect_blame("module 2 crashed on trial, module 1 runs");
}

/** Who hears of a module that has been loaded may call it at once. */
static void what_runs_for_the_first_time_after_a_boot(void **state)
{
    start_good(1);
    loaded_store(2);
    loaded_restart(false);
    fake_port.event_count = 0;
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    assert_int_equal(fake_port.events[0].event, HOTRELOAD_EVENT_LOADED);
    assert_int_equal(fake_port.events[0].retained, 2);
    expect_blame("module 2 crashed on trial, module 1 runs");
}

static void what_goes_on_after_a_reload_that_failed(void **state)
{
    hotreload_config_t config = loaded_config;
    run_two();
    loaded_store(3);
    for (unsigned unload_first = 0; unload_first < 2; unload_first++) {
        config.allow_unload_first = unload_first == 1;
        fake_port.ram_limit = 88; /* one module */
        fake_flash.fail_map = unload_first == 1 ? 3 : 0;
        assert_int_not_equal(hotreload_reload(&config), ESP_OK);
        fake_port.ram_limit = SIZE_MAX;
        loaded_expect(2);
    }
    loaded_restart(true);
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    loaded_expect(1);
    assert_string_equal(loaded_status().rollback.text, "module 2 crashed on trial, module 1 runs");
}

static void one_after_the_other_until_none_is_left(void **state)
{
    loaded_store(1);
    loaded_store(2);
    loaded_start(3);
    expect_blame("module 3 crashed on trial, module 2 runs");
    expect_blame("module 3 crashed on trial, module 1 runs");
    loaded_restart(true);
    loaded_expect_failure(hotreload_load(&loaded_config), ESP_ERR_NOT_FOUND,
                          "every module in partition \"hotreload\" crashed on trial");
}

/** It was the newest that could be loaded, once. */
static void an_older_one_than_the_good_one(void **state)
{
    start_good(1);
    loaded_store(2);
    loaded_store(3);
    reload(3);
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
    loaded_restart(false);
    fake_flash.fail_map = 1;
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    loaded_expect(2);
    expect_blame("");
    loaded_expect(3);
    loaded_restart(false);
    fake_flash.fail_map = 1;
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    loaded_expect(1);
}

/** Goes on until the flash stops. */
static void update(uint32_t seed)
{
    size_t size;
    uint8_t *file = loaded_module(seed, &size);
    if (hotreload_update_partition(FAKE_FLASH_LABEL, file, size) == ESP_OK &&
        hotreload_reload(&loaded_config) == ESP_OK) {
        (void)hotreload_mark_valid();
    }
    free(file);
}

/** What ran on trial then, until the mark "good" was whole. */
static void whatever_runs_when_the_flash_is_written(void **state)
{
    static const char *const rollbacks[] = {"", "", "module 2 crashed on trial, module 1 runs",
                                            "module 3 crashed on trial, module 1 runs"};
    unsigned crashes[4] = {0}, good = 0, waits = 0;
    for (fake_flash_cut_t cut = FAKE_FLASH_CUT_BEFORE; cut <= FAKE_FLASH_CUT_AFTER; cut++) {
        for (unsigned at = 1; at <= 6; at++) {
            loaded_tear_down(state);
            loaded_set_up(state);
            run_two();
            fake_flash.cut_at = at;
            fake_flash.cut = cut;
            update(3);
            assert_true(fake_flash.power_off);
            fake_flash_power_on();
            const uint32_t sequence = fake_port.retained;
            assert_in_range(sequence, 2, 3);
            if (at == 6 && cut == FAKE_FLASH_CUT_AFTER) {
                expect_no_blame(3);
                good++;
            } else {
                expect_blame(rollbacks[sequence]);
                crashes[sequence]++;
                waits += hotreload_update_available();
            }
        }
    }
    /* One sector erased, two pages and a header written: 2 runs; 3 is marked as tried, and good. */
    assert_int_equal(crashes[2], 3 * 5);
    assert_int_equal(crashes[3], 2);
    assert_int_equal(good, 1);
    assert_int_equal(waits, 1 + 3); /* from the whole header on, until it ran */
}

/* ---- Constructors and destructors ---- */

/** What a crash in each of them would be blamed on, in the order of their calls. */
static uint32_t blamed[8];
static unsigned calls;

static void note_blamed(uint32_t run_address)
{
    (void)run_address;
    assert_true(calls < COUNT(blamed));
    blamed[calls++] = fake_port.retained;
}

static void expect_blamed(uint32_t constructor, uint32_t destructor)
{
    assert_int_equal(calls, 2);
    assert_int_equal(blamed[0], constructor);
    assert_int_equal(blamed[1], destructor);
    calls = 0;
}

/** Module 1 is good; both have a constructor and a destructor. */
static void reload_two_with_constructors(void)
{
    loaded_store_with_constructors(1);
    reload(1);
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
    calls = 0;
    fake_port.on_call = note_blamed;
    loaded_store_with_constructors(2);
    reload(2);
}

/** Else a good module that cannot be destroyed would make every module after it bad. */
static void a_destructor_is_not_the_fault_of_the_next_module(void **state)
{
    reload_two_with_constructors();
    expect_blamed(2, 0);
    assert_int_equal(fake_port.retained, 2);
    loaded_store_with_constructors(3);
    reload(3);
    expect_blamed(3, 0);
    assert_int_equal(fake_port.retained, 3);
}

static void pass_old_trial(uint32_t run_address)
{
    (void)run_address;
    fake_port.on_call = NULL;
    fake_port.trial_expired(fake_port.trial);
    blamed[0] = fake_port.retained;
}

/** The time of the old module ends while a constructor of the new one runs. */
static void a_trial_that_ends_meanwhile_leaves_the_blame(void **state)
{
    loaded_start(1);
    loaded_store_with_constructors(2);
    fake_port.on_call = pass_old_trial;
    reload(2);
    assert_int_equal(blamed[0], 2);
    expect_blame("module 2 crashed on trial, module 1 runs");
}

/** Else the next boot would load, and unload, it again. */
static void the_destructors_of_what_is_unloaded_are_on_trial(void **state)
{
    reload_two_with_constructors();
    calls = 0;
    assert_int_equal(hotreload_unload(), ESP_OK);
    assert_int_equal(calls, 1);
    assert_int_equal(blamed[0], 2);
    assert_int_equal(fake_port.retained, 0);
}

static void constructors_from_memory_are_nobodys_fault(void **state)
{
    size_t size;
    reload_two_with_constructors();
    calls = 0;
    uint8_t *file = loaded_module_with_constructors(3, &size);
    load_file(file, size);
    expect_blamed(0, 0);
    assert_int_equal(fake_port.retained, 0);
}

/** The marks of a crash are written and read while the partition is mapped for the load. */
static void is_seen_through_the_mapping(void **state)
{
    fake_flash.maps_whole = true;
    run_two();
    expect_blame("module 2 crashed on trial, module 1 runs");
    assert_int_equal(fake_flash.live_maps, 0);
    loaded_store(3);
    reload(3);
    expect_blame("module 3 crashed on trial, module 1 runs");
    assert_int_equal(fake_flash.live_maps, 0);
}

static void is_seen_without_room_for_the_mapping(void **state)
{
    run_two();
    loaded_restart(true);
    fake_flash.maps_whole = true;
    fake_flash.fail_map = 1;
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    assert_string_equal(loaded_status().rollback.text, "module 2 crashed on trial, module 1 runs");
    assert_int_equal(fake_flash.live_maps, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, loaded_set_up, loaded_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_on_trial_before_the_good_one),
        TEST(what_runs_until_all_stands_still),
        TEST(what_was_unloaded),
        TEST(what_one_from_memory_replaced),
        TEST(what_replaced_one_from_memory),
        TEST(the_one_before_that_is_on_trial_too),
        TEST(without_what_the_ram_kept),
        TEST(what_is_good_already),
        TEST(what_is_on_trial_since_the_boot),
        TEST(what_runs_for_the_first_time_after_a_boot),
        TEST(what_goes_on_after_a_reload_that_failed),
        TEST(one_after_the_other_until_none_is_left),
        TEST(an_older_one_than_the_good_one),
        TEST(whatever_runs_when_the_flash_is_written),
        TEST(a_destructor_is_not_the_fault_of_the_next_module),
        TEST(a_trial_that_ends_meanwhile_leaves_the_blame),
        TEST(the_destructors_of_what_is_unloaded_are_on_trial),
        TEST(constructors_from_memory_are_nobodys_fault),
        TEST(is_seen_through_the_mapping),
        TEST(is_seen_without_room_for_the_mapping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
