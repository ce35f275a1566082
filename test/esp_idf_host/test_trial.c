/*
 * The time of a trial on ESP-IDF: CONFIG_HOTRELOAD_TRIAL_SECONDS.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fakes/fake_timer.h"
#include "port.h"

#define SECONDS CONFIG_HOTRELOAD_TRIAL_SECONDS

static uint32_t expired_trial;

static void expired(uint32_t trial)
{
    expired_trial = trial;
}

/** The timer's task is not the one that writes flash. */
static void expect_expiry(uint32_t trial)
{
    expired_trial = 0;
    fake_timer_expire();
    assert_int_equal(expired_trial, 0);
    assert_true(fake_task_run());
    assert_int_equal(expired_trial, trial);
}

static void a_task_calls_with_the_trial(void **test)
{
    assert_int_equal(hotreload_port_trial_timer(expired, 7), ESP_OK);
    assert_int_equal(hotreload_port_trial_timer(expired, 8), ESP_OK);
    if (SECONDS == 0) {
        assert_int_equal(fake_timers, 0);
        return;
    }
    assert_int_equal(fake_timers, 1);
    assert_int_equal(fake_timer_us, SECONDS * UINT64_C(1000000));
    expect_expiry(8);
    assert_int_equal(hotreload_port_trial_timer(expired, 9), ESP_OK);
    expect_expiry(9);
    assert_int_equal(hotreload_port_trial_timer(expired, 10), ESP_OK);
    assert_int_equal(hotreload_port_trial_timer(NULL, 11), ESP_OK);
    assert_int_equal(fake_timers, 0);
    assert_int_equal(fake_timer_us, 0);
}

static void a_task_that_is_late_calls_with_its_own_trial(void **test)
{
    assert_int_equal(hotreload_port_trial_timer(expired, 12), ESP_OK);
    if (SECONDS > 0) {
        fake_timer_expire();
        assert_int_equal(hotreload_port_trial_timer(expired, 13), ESP_OK);
        assert_true(fake_task_run());
        assert_int_equal(expired_trial, 12);
        expect_expiry(13);
    }
    assert_int_equal(hotreload_port_trial_timer(NULL, 14), ESP_OK);
}

static void without_memory_for_the_task_it_is_called_later(void **test)
{
    assert_int_equal(hotreload_port_trial_timer(expired, 15), ESP_OK);
    for (int i = 0; i < 3 && SECONDS > 0; i++) {
        fake_task_fails = true;
        fake_timer_expire();
        assert_false(fake_task_run());
        assert_int_equal(fake_timer_us, 1000000);
    }
    if (SECONDS > 0) {
        expect_expiry(15);
    }
    assert_int_equal(hotreload_port_trial_timer(NULL, 16), ESP_OK);
    assert_int_equal(fake_timers, 0);
}

static void no_memory_for_a_timer_is_told(void **test)
{
    fake_timer_fails = SECONDS > 0;
    assert_int_equal(hotreload_port_trial_timer(expired, 17),
                     fake_timer_fails ? ESP_ERR_NO_MEM : ESP_OK);
    assert_int_equal(fake_timers, 0);
    assert_int_equal(hotreload_port_trial_timer(NULL, 18), ESP_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_calls_with_the_trial),
        cmocka_unit_test(a_task_that_is_late_calls_with_its_own_trial),
        cmocka_unit_test(without_memory_for_the_task_it_is_called_later),
        cmocka_unit_test(no_memory_for_a_timer_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
