/*
 * Trial, crashes and losses of power of modules that run before the flash has them.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "held_upload.h"
#include "hotreload.h"
#include "loaded.h"
#include "store/store.h"
#include "store/state.h"
#include "run/trial.h"

#define ALL UINT32_MAX

static void reload(uint32_t seed)
{
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    assert_int_equal(loaded_status().sequence, seed);
}

/** Module 1 is good, module 2 on trial, and module 3 runs from RAM. */
static void run_three(void)
{
    loaded_start(1);
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
    loaded_store(2);
    reload(2);
    assert_true(hotreload_trial_is_running());
    held_upload_expect(3, 3);
    reload(3);
}

static void expect_rollback(const char *text)
{
    assert_string_equal(loaded_status().rollback.text, text);
    loaded_expect_log(text);
    assert_false(hotreload_update_available());
}

/* ---- Crashes ---- */

static void a_crash_before_it_was_stored_is_not_blamed_on_the_one_before(void **state)
{
    for (unsigned pieces = 0; pieces < HELD_UPLOAD_PIECES; pieces++) {
        run_three();
        assert_true(held_upload_settle(pieces));
        held_upload_boot(true, 2);
        expect_rollback("module 3 crashed and is not stored, module 2 runs");
        assert_true(hotreload_trial_is_running());

        /* Its own crash is. */
        held_upload_boot(true, 1);
        expect_rollback("module 2 crashed on trial, module 1 runs");
        held_upload_tear_down(NULL);
        held_upload_set_up(NULL);
    }
}

static void a_crash_after_it_was_stored_makes_it_bad(void **state)
{
    run_three();
    assert_false(held_upload_settle(ALL));
    held_upload_boot(true, 1);
    expect_rollback("module 3 crashed on trial, module 1 runs");
    held_upload_boot(false, 2); /* the third is bad for good */
}

static void a_crash_of_the_next_one_is_its_own(void **state)
{
    run_three();
    held_upload_boot(true, 2);
    loaded_store(3);
    reload(3);
    loaded_expect(3);
    assert_string_equal(loaded_status().rollback.text, "");
    held_upload_boot(true, 1);
    expect_rollback("module 3 crashed on trial, module 1 runs");
}

/** It was uploaded after the crash, and nothing was loaded before. */
static void a_new_one_with_the_same_sequence_is_not_blamed(void **state)
{
    run_three();
    loaded_restart(true);
    loaded_store(4);
    assert_int_equal(hotreload_store_state.newest, 3);
    reload(3);
    loaded_expect(4);
    assert_string_equal(loaded_status().rollback.text, "");
    held_upload_boot(true, 1);
    expect_rollback("module 3 crashed on trial, module 1 runs");
}

static void a_restart_without_a_crash_blames_nothing(void **state)
{
    run_three();
    held_upload_boot(false, 2);
    assert_string_equal(loaded_status().rollback.text, "");
}

static void a_module_from_the_flash_takes_the_blame_again(void **state)
{
    run_three();
    fake_flash.fail_erase = 1;
    assert_false(held_upload_settle(ALL));
    loaded_store(4);
    reload(4);
    held_upload_boot(true, 1);
    expect_rollback("module 4 crashed on trial, module 1 runs");
}

/* ---- The trial ---- */

static void a_module_may_pass_before_it_is_stored(void **state)
{
    run_three();
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
    loaded_expect_log("I module 3 is good");
    assert_false(hotreload_trial_is_running());
    assert_false(held_upload_settle(ALL));
    held_upload_boot(true, 3);
    assert_false(hotreload_trial_is_running());
}

static void time_may_pass_while_it_waits(void **state)
{
    run_three();
    assert_non_null(fake_port.trial_expired);
    fake_port.trial_expired(fake_port.trial);
    assert_false(held_upload_settle(ALL));
    held_upload_boot(false, 3);
    assert_false(hotreload_trial_is_running());
}

static void what_was_not_tried_is_on_trial_after_a_boot(void **state)
{
    loaded_start(1);
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
    held_upload_expect(2, 2);
    assert_false(held_upload_settle(ALL));
    held_upload_boot(false, 2);
    assert_true(hotreload_trial_is_running());
    held_upload_boot(true, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, held_upload_set_up, held_upload_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_crash_before_it_was_stored_is_not_blamed_on_the_one_before),
        TEST(a_crash_after_it_was_stored_makes_it_bad),
        TEST(a_crash_of_the_next_one_is_its_own),
        TEST(a_new_one_with_the_same_sequence_is_not_blamed),
        TEST(a_restart_without_a_crash_blames_nothing),
        TEST(a_module_from_the_flash_takes_the_blame_again),
        TEST(a_module_may_pass_before_it_is_stored),
        TEST(time_may_pass_while_it_waits),
        TEST(what_was_not_tried_is_on_trial_after_a_boot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
