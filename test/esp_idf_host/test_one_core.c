/*
 * Stopping the rest of the program where one core runs.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fakes/fake_tasks.h"
#include "system/tasks.h"

static void act(void *context, const void *holder)
{
    assert_int_equal(fake_interrupts_off, 1);
    assert_null(holder);
    *(bool *)context = true;
}

static void acts_with_interrupts_off(void **state)
{
    bool acted = false;
    assert_int_equal(hotreload_stop_others(act, &acted), ESP_OK);
    assert_true(acted);
    assert_int_equal(fake_interrupts_off, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(acts_with_interrupts_off)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
