/*
 * Patches and tasks: who stands in the way is waited for, named, and never freed under.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fake_port.h"
#include "loaded.h"
#include "patched.h"
#include "run/trial.h"

static uint32_t stack[4];
static hotreload_task_t task = {.name = "blink", .frame.sp = stack, .end = stack + 4};
static uint32_t blamed_meanwhile; /* sequence of what a crash is blamed on while a patch waits */

static void leave(void)
{
    assert_int_equal(fake_port.retained, blamed_meanwhile);
    if (fake_port.pauses == 3) {
        task.frame.pc = 0x42000000;
        memset(stack, 0, sizeof stack);
    }
}

static void start_task(uint32_t pc, uint32_t return_address)
{
    task.frame.pc = pc;
    memset(stack, 0, sizeof stack);
    stack[2] = return_address;
    fake_port.tasks = &task;
    fake_port.task_count = 1;
}

static void a_patch_waits_for_a_task_that_stands_where_the_jump_goes(void **state)
{
    loaded_start(1);
    module_spec_t spec = patched_spec();
    start_task(loaded_status().text_run + PATCHED_BETA + 2, 0);
    fake_port.on_pause = leave;
    blamed_meanwhile = fake_port.retained;
    assert_int_equal(blamed_meanwhile, 1);
    patched_apply(&spec);
    assert_int_equal(fake_port.pauses, 3);
    assert_int_equal(fake_port.retained, 2);
    assert_int_not_equal(patched_beta_leads_to(), 0);
}

/** Nobody's, when the old code is good. */
static void a_crash_while_a_patch_waits_is_not_its_fault(void **state)
{
    loaded_start(1);
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
    module_spec_t spec = patched_spec();
    start_task(loaded_status().text_run + PATCHED_BETA + 2, 0);
    fake_port.on_pause = leave;
    blamed_meanwhile = 0;
    patched_apply(&spec);
    assert_int_equal(fake_port.pauses, 3);
    assert_int_equal(fake_port.retained, 2);
}

static void a_patch_needs_no_safe_point(void **state)
{
    loaded_start(1);
    module_spec_t spec = patched_spec();
    start_task(loaded_status().text_run + PATCHED_BETA + 4, loaded_status().text_run + 2);
    patched_apply(&spec);
    assert_int_equal(fake_port.pauses, 0);
    assert_int_not_equal(patched_beta_leads_to(), 0);
}

static void a_task_that_stays_is_named_and_nothing_changes(void **state)
{
    loaded_start(1);
    module_spec_t spec = patched_spec();
    start_task(loaded_status().text_run + PATCHED_BETA, 0);
    assert_int_equal(patched_store(&spec), ESP_OK);
    assert_int_equal(hotreload_reload(&loaded_config), ESP_ERR_HOTRELOAD_TASK_INSIDE);
    assert_non_null(strstr(loaded_status().last_error.text, "task blink"));
    loaded_expect(1);
    assert_true(hotreload_update_available()); /* it is tried again */
    fake_port.task_count = 0;
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    assert_int_not_equal(patched_beta_leads_to(), 0);
}

/** Else a task that stays would keep the module on trial for ever. */
static void the_trial_goes_on_while_a_patch_cannot_be_applied(void **state)
{
    loaded_start(1);
    const uint32_t trial = fake_port.trial;
    module_spec_t spec = patched_spec();
    start_task(loaded_status().text_run + PATCHED_BETA, 0);
    assert_int_equal(patched_store(&spec), ESP_OK);
    assert_int_equal(hotreload_reload(&loaded_config), ESP_ERR_HOTRELOAD_TASK_INSIDE);
    assert_int_equal(fake_port.retained, 1);
    assert_int_equal(fake_port.trial, trial);
    fake_port.trial_expired(trial);
    assert_false(hotreload_trial_is_running());
    assert_int_equal(fake_port.retained, 0);
    assert_int_equal(hotreload_reload(&loaded_config), ESP_ERR_HOTRELOAD_TASK_INSIDE);
    assert_int_equal(fake_port.retained, 0);
}

static uint32_t retained_at_the_jump;

static void note_retained(uint32_t run_address, uint32_t word)
{
    (void)run_address;
    (void)word;
    retained_at_the_jump = fake_port.retained;
}

static void a_crash_at_the_jump_blames_the_patch(void **state)
{
    loaded_start(1);
    module_spec_t spec = patched_spec();
    fake_port.on_text_write = note_retained;
    patched_apply(&spec);
    fake_port.on_text_write = NULL;
    assert_int_equal(retained_at_the_jump, 2);
}

/** A branch back to the function's first instruction would land in the new function. */
static void a_loop_at_the_start_of_a_function_is_busy_as_a_whole(void **state)
{
    loaded_start(1);
    const hotreload_jump_t loop = {.from = PATCHED_BETA, .to = PATCHED_TEXT, .busy = 16};
    module_spec_t spec = patched_spec();
    spec.jumps = &loop;
    start_task(0x42000000, loaded_status().text_run + PATCHED_BETA + 12);
    assert_int_equal(patched_store(&spec), ESP_OK);
    assert_int_equal(hotreload_reload(&loaded_config), ESP_ERR_HOTRELOAD_TASK_INSIDE);
    loaded_expect(1);
}

static void a_patch_in_use_is_freed_when_the_task_has_left(void **state)
{
    loaded_start(1);
    module_spec_t spec = patched_spec();
    const uint32_t old = patched_apply(&spec).running.patch_text_run;
    const unsigned allocations = fake_port.live_allocations;
    start_task(0x42000000, old + 12);
    patched_apply(&spec);
    (void)fake_port_text(old, 64); /* still there */
    assert_int_equal(fake_port.live_allocations, allocations + 3);
    fake_port.task_count = 0;
    patched_apply(&spec);
    assert_int_equal(fake_port.live_allocations, allocations);
}

static void a_whole_module_is_refused_while_a_task_is_inside(void **state)
{
    loaded_start(1);
    module_spec_t spec = patched_spec();
    const hotreload_status_t status = patched_apply(&spec);
    const uint32_t places[] = {status.text_run + 4, status.running.patch_text_run + 8};
    for (size_t i = 0; i < COUNT(places); i++) {
        loaded_store(2);
        start_task(0x42000000, places[i]);
        assert_int_equal(hotreload_reload(&loaded_config), ESP_ERR_HOTRELOAD_TASK_INSIDE);
        assert_non_null(strstr(loaded_status().last_error.text, "task blink is inside the module"));
        assert_int_equal(loaded_status().text_run, status.text_run);
        assert_int_not_equal(patched_beta_leads_to(), 0);
        assert_int_equal(hotreload_unload(), ESP_ERR_HOTRELOAD_TASK_INSIDE);
    }
    fake_port.task_count = 0;
    assert_true(hotreload_update_available());
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    loaded_expect(2);
}

/** Else an application that polls would reload what runs, and lose its variables. */
static void a_reload_without_an_update_announces_none(void **state)
{
    loaded_start(1);
    start_task(loaded_status().text_run + 4, 0);
    assert_int_equal(hotreload_reload(&loaded_config), ESP_ERR_HOTRELOAD_TASK_INSIDE);
    assert_false(hotreload_update_available());
    fake_port.task_count = 0;
}

#define PATCH_TEST(test) cmocka_unit_test_setup_teardown(test, loaded_set_up, loaded_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PATCH_TEST(a_patch_waits_for_a_task_that_stands_where_the_jump_goes),
        PATCH_TEST(a_crash_while_a_patch_waits_is_not_its_fault),
        PATCH_TEST(a_patch_needs_no_safe_point),
        PATCH_TEST(a_task_that_stays_is_named_and_nothing_changes),
        PATCH_TEST(the_trial_goes_on_while_a_patch_cannot_be_applied),
        PATCH_TEST(a_crash_at_the_jump_blames_the_patch),
        PATCH_TEST(a_loop_at_the_start_of_a_function_is_busy_as_a_whole),
        PATCH_TEST(a_patch_in_use_is_freed_when_the_task_has_left),
        PATCH_TEST(a_whole_module_is_refused_while_a_task_is_inside),
        PATCH_TEST(a_reload_without_an_update_announces_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
