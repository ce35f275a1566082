/*
 * The trial of a module on ESP-IDF: RESET_REASON is how the last run ended, CONFIG_... the time.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "esp_system.h"
#include "fakes/fake_timer.h"
#include "port.h"

static uint32_t expired_trial;

esp_reset_reason_t esp_reset_reason(void)
{
    return RESET_REASON;
}

static void expired(uint32_t trial)
{
    expired_trial = trial;
}

static void a_crash_is_told_once(void **test)
{
    (void)test;
    assert_int_equal(hotreload_port_take_crash(), CRASHED);
    assert_false(hotreload_port_take_crash());
}

static void the_timer_calls_with_its_trial(void **test)
{
    (void)test;
    assert_int_equal(hotreload_port_trial_timer(expired, 7), ESP_OK);
    assert_int_equal(hotreload_port_trial_timer(expired, 8), ESP_OK);
    if (CONFIG_HOTRELOAD_TRIAL_SECONDS == 0) {
        assert_int_equal(fake_timers, 0);
        return;
    }
    assert_int_equal(fake_timers, 1);
    assert_int_equal(fake_timer_us, CONFIG_HOTRELOAD_TRIAL_SECONDS * UINT64_C(1000000));
    fake_timer_expire();
    assert_int_equal(expired_trial, 8);
    assert_int_equal(hotreload_port_trial_timer(expired, 9), ESP_OK);
    fake_timer_expire();
    assert_int_equal(expired_trial, 9);
    assert_int_equal(hotreload_port_trial_timer(expired, 10), ESP_OK);
    assert_int_equal(hotreload_port_trial_timer(NULL, 11), ESP_OK);
    assert_int_equal(fake_timers, 0);
    assert_int_equal(fake_timer_us, 0);
}

static void no_memory_for_a_timer_is_told(void **test)
{
    (void)test;
    fake_timer_fails = CONFIG_HOTRELOAD_TRIAL_SECONDS != 0;
    assert_int_equal(hotreload_port_trial_timer(expired, 12),
                     fake_timer_fails ? ESP_ERR_NO_MEM : ESP_OK);
    assert_int_equal(fake_timers, 0);
    assert_int_equal(hotreload_port_trial_timer(NULL, 13), ESP_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crash_is_told_once),
        cmocka_unit_test(the_timer_calls_with_its_trial),
        cmocka_unit_test(no_memory_for_a_timer_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
