/*
 * Trial and rollback: a new module is good when it says so or has run for a while; one that crashes
 * before is never run again.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "loaded.h"
#include "run/status.h"
#include "store/store.h"
#include "run/trial.h"

/** Restarts and loads; the module `seed` must run. */
static void boot(bool crashed, uint32_t seed)
{
    loaded_restart(crashed);
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    loaded_expect(seed);
}

static void reload(uint32_t seed)
{
    loaded_store(seed);
    assert_true(hotreload_update_available());
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    loaded_expect(seed);
    assert_true(hotreload_trial_is_running());
}

static void start_good(uint32_t seed)
{
    loaded_start(seed);
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
    assert_false(hotreload_trial_is_running());
}

static void expire(void)
{
    assert_non_null(fake_port.trial_expired);
    fake_port.trial_expired(fake_port.trial);
}

static void expect_rollback(const char *text)
{
    assert_string_equal(loaded_status().rollback.text, text);
    loaded_expect_log(text);
    assert_false(hotreload_update_available());
}

/** Before the time that has passed is noted. */
static void mark_valid_meanwhile(void)
{
    fake_port.on_unlock = NULL;
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
}

/* ---- The trial ---- */

static void a_new_module_is_on_trial_until_it_is_marked(void **state)
{
    loaded_start(1);
    assert_true(hotreload_trial_is_running());
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
    assert_false(hotreload_trial_is_running());
    loaded_expect_log("I module 1 is good");
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
    boot(false, 1);
    assert_false(hotreload_trial_is_running());
    boot(true, 1);
    assert_string_equal(loaded_status().rollback.text, "");
}

static void time_ends_the_trial(void **state)
{
    start_good(1);
    reload(2);
    expire();
    assert_false(hotreload_trial_is_running());
    loaded_expect_log("I module 2 is good");
    boot(true, 2);
}

static void a_module_that_lost_power_on_trial_is_on_trial_again(void **state)
{
    start_good(1);
    reload(2);
    boot(false, 2);
    assert_true(hotreload_trial_is_running());
    boot(true, 1);
    expect_rollback("module 2 crashed on trial, module 1 runs");
}

static void a_late_timer_marks_nothing(void **state)
{
    start_good(1);
    reload(2);
    void (*expired)(uint32_t) = fake_port.trial_expired;
    uint32_t trial = fake_port.trial;
    reload(3);
    expired(trial);
    assert_true(hotreload_trial_is_running());
    trial = fake_port.trial;
    assert_int_equal(hotreload_unload(), ESP_OK);
    assert_null(fake_port.trial_expired);
    expired(trial);
    boot(false, 3);
    assert_true(hotreload_trial_is_running());
    boot(true, 1);
    expect_rollback("module 3 crashed on trial, module 1 runs");
}

static void nothing_from_memory_is_on_trial(void **state)
{
    start_good(1);
    reload(2);
    size_t size;
    uint8_t *file = loaded_module(3, &size);
    assert_int_equal(hotreload_load_from_buffer(file, size), ESP_OK);
    free(file);
    assert_false(hotreload_trial_is_running());
    assert_null(fake_port.trial_expired);
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
    boot(false, 2); /* the call was not for the one that ran before */
    assert_true(hotreload_trial_is_running());
}

static void marking_needs_a_module(void **state)
{
    loaded_expect_failure(hotreload_mark_valid(), ESP_ERR_HOTRELOAD_NOT_LOADED,
                          "no module is loaded");
    loaded_start(1);
    assert_int_equal(hotreload_unload(), ESP_OK);
    loaded_expect_failure(hotreload_mark_valid(), ESP_ERR_HOTRELOAD_NOT_LOADED,
                          "no module is loaded");
}

static void marking_does_not_hide_the_last_error(void **state)
{
    loaded_start(1);
    assert_int_equal(hotreload_load_from_buffer("", 0), ESP_ERR_INVALID_SIZE);
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
    assert_string_not_equal(loaded_status().last_error.text, "");
}

static void marking_that_fails_leaves_the_module_on_trial(void **state)
{
    start_good(1);
    reload(2);
    fake_flash.fail_write = 1;
    loaded_expect_failure(hotreload_mark_valid(), ESP_ERR_FLASH_OP_FAIL, "could not be marked");
    assert_true(hotreload_trial_is_running());
    fake_flash.fail_write = 1;
    expire();
    assert_true(hotreload_trial_is_running());
    loaded_expect_log("E the module stays on trial: ");
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
    boot(true, 2);
}

static void a_trial_whose_end_fails_gets_more_time(void **state)
{
    start_good(1);
    reload(2);
    for (unsigned i = 0; i < 3; i++) {
        void (*expired)(uint32_t) = fake_port.trial_expired;
        assert_non_null(expired);
        fake_port.trial_expired = NULL;
        fake_flash.fail_write = 1;
        expired(fake_port.trial);
        assert_true(hotreload_trial_is_running());
    }
    assert_int_equal(loaded_count_log("the module stays on trial"), 1);
    expire();
    assert_false(hotreload_trial_is_running());
    boot(true, 2);
}

static void what_has_passed_is_told_once(void **state)
{
    start_good(1);
    reload(2);
    void (*expired)(uint32_t) = fake_port.trial_expired;
    fake_port.on_unlock = mark_valid_meanwhile;
    expired(fake_port.trial);
    assert_null(fake_port.on_unlock);
    assert_int_equal(loaded_count_log("module 2 is good"), 1);
}

static void a_trial_goes_on_without_a_timer(void **state)
{
    fake_port.trial_result = ESP_ERR_NO_MEM;
    loaded_start(1);
    assert_true(hotreload_trial_is_running());
    loaded_expect_log("W no timer for the trial");
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
}

/** Otherwise a crash would bring it back for ever. */
static void a_module_that_cannot_be_put_on_trial_does_not_run(void **state)
{
    start_good(1);
    loaded_store(2);
    const unsigned calls = (unsigned)fake_port.call_count;
    fake_flash.fail_write = 1;
    loaded_expect_failure(hotreload_reload(&loaded_config), ESP_ERR_FLASH_OP_FAIL,
                          "could not be marked");
    loaded_expect(1);
    assert_int_equal(fake_port.call_count, calls);
    loaded_restart(false);
    fake_flash.fail_write = 1;
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    loaded_expect(1);
}

/* ---- Rollback ---- */

static void a_crash_brings_the_newest_good_one_back(void **state)
{
    start_good(1);
    reload(2);
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
    reload(3);
    boot(true, 2);
    expect_rollback("module 3 crashed on trial, module 2 runs");
    assert_false(hotreload_trial_is_running());
    /* Never again: not after a loss of power, not by a reload. */
    boot(false, 2);
    expect_rollback("module 3 crashed on trial, module 2 runs");
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    loaded_expect(2);
    /* A fixed one works, and ends the story. */
    reload(4);
    assert_string_equal(loaded_status().rollback.text, "");
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
    boot(true, 4);
    assert_string_equal(loaded_status().rollback.text, "");
}

static void every_module_that_crashes_is_tried_once(void **state)
{
    start_good(1);
    for (uint32_t seed = 2; seed < 60; seed++) {
        char text[64];
        reload(seed);
        boot(true, 1);
        snprintf(text, sizeof text, "module %u crashed on trial, module 1 runs", (unsigned)seed);
        expect_rollback(text);
        boot(true, 1); /* a crash of the good one is no reason to roll back */
        assert_int_equal(loaded_status().sequence, 1);
    }
}

static void one_that_was_flashed_by_cable_comes_back(void **state)
{
    loaded_store(7);
    fake_flash_place(80, "hotreload: good.", 16); /* as tools/hotreload writes it */
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    assert_false(hotreload_trial_is_running());
    reload(8);
    boot(true, 7);
    expect_rollback("module 2 crashed on trial, module 1 runs");
}

static void good_comes_before_newer_ones_that_were_never_proven(void **state)
{
    start_good(1);
    reload(2); /* not long enough to be good */
    reload(3);
    boot(true, 1);
    expect_rollback("module 3 crashed on trial, module 1 runs");
}

static void without_a_good_one_an_older_one_runs(void **state)
{
    loaded_store(1);
    loaded_start(2);
    boot(true, 1);
    expect_rollback("module 2 crashed on trial, module 1 runs");
    assert_true(hotreload_trial_is_running());
}

static void without_any_other_it_says_what_to_do(void **state)
{
    loaded_start(1);
    for (int i = 0; i < 2; i++) {
        loaded_restart(i == 0);
        loaded_expect_failure(hotreload_load(&loaded_config), ESP_ERR_NOT_FOUND,
                              "every module in partition \"hotreload\" crashed on trial: upload or "
                              "flash a fixed one");
        loaded_expect_none();
        assert_false(hotreload_update_available());
        loaded_expect_failure(hotreload_reload(&loaded_config), ESP_ERR_NOT_FOUND, "crashed");
    }
    reload(2);
}

/** It was uploaded, but the program crashed before it reloaded. */
static void an_untried_one_waits_after_a_rollback(void **state)
{
    start_good(1);
    reload(2);
    loaded_store(3);
    loaded_restart(true);
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    loaded_expect(1);
    assert_string_equal(loaded_status().rollback.text, "module 2 crashed on trial, module 1 runs");
    assert_true(hotreload_update_available());
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    loaded_expect(3);
    assert_string_equal(loaded_status().rollback.text, "");
}

static void with_no_good_one_the_untried_one_runs_at_once(void **state)
{
    loaded_start(1);
    loaded_store(2);
    boot(true, 2);
    assert_false(hotreload_update_available());
}

static void a_crash_is_blamed_once_per_boot(void **state)
{
    start_good(1);
    reload(2);
    boot(true, 1);
    reload(3);
    assert_int_equal(hotreload_unload(), ESP_OK);
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    loaded_expect(3);
    assert_true(hotreload_trial_is_running());
}

static void a_first_load_by_reload_looks_back_too(void **state)
{
    start_good(1);
    reload(2);
    loaded_restart(true);
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    loaded_expect(1);
    expect_rollback("module 2 crashed on trial, module 1 runs");
}

/** The crash is judged as soon as the flash can be read, and not forgotten until then. */
static void a_flash_that_cannot_be_read_puts_off_the_judgement(void **state)
{
    for (unsigned n = 1; n <= 8 * 5; n++) {
        loaded_tear_down(state);
        loaded_set_up(state);
        start_good(1);
        reload(2);
        loaded_restart(true);
        fake_flash.fail_read = n;
        if (hotreload_load(&loaded_config) != ESP_OK) {
            fake_flash.fail_read = 0;
            loaded_expect_none();
            assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
        }
        fake_flash.fail_read = 0;
        loaded_expect(1);
    }
}

static void a_crash_that_cannot_be_noted_still_rolls_back(void **state)
{
    start_good(1);
    reload(2);
    loaded_restart(true);
    fake_flash.fail_write = 1;
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    loaded_expect(1);
    loaded_expect_log("W partition \"hotreload\" could not be marked: check the flash");
    expect_rollback("module 2 crashed on trial, module 1 runs");
}

static void a_module_that_comes_back_into_ram_keeps_its_trial(void **state)
{
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    config.allow_unload_first = true;
    start_good(1);
    reload(2);
    loaded_store(3);
    fake_port.ram_limit = 88; /* one module */
    fake_flash.fail_map = 3;  /* the new one, the old one to be sure, the new one again */
    assert_int_not_equal(hotreload_reload(&config), ESP_OK);
    fake_port.ram_limit = SIZE_MAX;
    loaded_expect(2);
    assert_true(hotreload_trial_is_running());
    expire();
    boot(true, 3); /* 2 is good now, and 3 was not tried */
    assert_true(hotreload_trial_is_running());
    boot(true, 2);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, loaded_set_up, loaded_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_module_is_on_trial_until_it_is_marked),
        TEST(time_ends_the_trial),
        TEST(a_module_that_lost_power_on_trial_is_on_trial_again),
        TEST(a_late_timer_marks_nothing),
        TEST(nothing_from_memory_is_on_trial),
        TEST(marking_needs_a_module),
        TEST(marking_does_not_hide_the_last_error),
        TEST(marking_that_fails_leaves_the_module_on_trial),
        TEST(a_trial_whose_end_fails_gets_more_time),
        TEST(what_has_passed_is_told_once),
        TEST(a_trial_goes_on_without_a_timer),
        TEST(a_module_that_cannot_be_put_on_trial_does_not_run),
        TEST(a_crash_brings_the_newest_good_one_back),
        TEST(every_module_that_crashes_is_tried_once),
        TEST(one_that_was_flashed_by_cable_comes_back),
        TEST(good_comes_before_newer_ones_that_were_never_proven),
        TEST(without_a_good_one_an_older_one_runs),
        TEST(without_any_other_it_says_what_to_do),
        TEST(an_untried_one_waits_after_a_rollback),
        TEST(with_no_good_one_the_untried_one_runs_at_once),
        TEST(a_crash_is_blamed_once_per_boot),
        TEST(a_first_load_by_reload_looks_back_too),
        TEST(a_flash_that_cannot_be_read_puts_off_the_judgement),
        TEST(a_crash_that_cannot_be_noted_still_rolls_back),
        TEST(a_module_that_comes_back_into_ram_keeps_its_trial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
