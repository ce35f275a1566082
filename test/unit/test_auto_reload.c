/*
 * Automatic reloads: patches at once, whole modules when no task is inside; what the application is
 * told, and when the next attempt comes.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "loaded.h"
#include "loader/table.h"
#include "patched.h"
#include "run/auto_reload.h"
#include "sent.h"
#include "store/state.h"

#define NOT_BEFORE_WOKEN UINT32_MAX

static hotreload_start_config_t config;
static unsigned befores, afters;
static esp_err_t last_error;

static uint32_t stack[4];
static hotreload_task_t task = {.name = "blink", .frame.sp = stack, .end = stack + 4};

/** A task that returns into the module that runs. */
static void enter_module(void)
{
    memset(stack, 0, sizeof stack);
    task.frame.pc = 0x42000000;
    stack[2] = loaded_status().text_run + 4;
    fake_port.tasks = &task;
    fake_port.task_count = 1;
}

static void leave_module(void)
{
    fake_port.task_count = 0;
}

static void before(void *context)
{
    assert_ptr_equal(context, &config);
    assert_int_equal(hotreload_store_state.readers, 0); /* it may open another partition */
    befores++;
}

static void leave_before(void *context)
{
    before(context);
    leave_module();
}

static void after(esp_err_t error, void *context)
{
    assert_ptr_equal(context, &config);
    assert_int_equal(hotreload_store_state.readers, 0);
    afters++;
    last_error = error;
}

static int set_up(void **state)
{
    (void)loaded_set_up(state);
    config = (hotreload_start_config_t)HOTRELOAD_START_CONFIG_DEFAULT();
    config.after = after;
    config.context = &config;
    befores = afters = 0;
    last_error = ESP_OK;
    assert_int_equal(hotreload_auto_reload_start(&config), ESP_OK);
    return 0;
}

static int tear_down(void **state)
{
    assert_int_equal(hotreload_auto_reload_stop(), ESP_OK);
    return loaded_tear_down(state);
}

static uint32_t work(void)
{
    return fake_port.worker.work();
}

/* ---- Tests ---- */

static void without_an_update_it_waits_to_be_woken(void **state)
{
    assert_int_equal(work(), NOT_BEFORE_WOKEN);
    loaded_start(1);
    assert_int_equal(work(), NOT_BEFORE_WOKEN);
    assert_int_equal(afters, 0);
}

static void an_upload_wakes_it(void **state)
{
    size_t size;
    uint8_t *module = loaded_module(1, &size);
    assert_int_equal(hotreload_update_partition(FAKE_FLASH_LABEL, module, size), ESP_OK);
    free(module);
    assert_int_equal(fake_port.wakes, 1);
    assert_int_equal(work(), 0); /* it looks again */
    loaded_expect(1);
    assert_int_equal(work(), NOT_BEFORE_WOKEN);
}

static unsigned unlocks;
static void (*act_meanwhile)(void);

static void count_unlock(void)
{
    if (--unlocks == 0) {
        fake_port.on_unlock = NULL;
        act_meanwhile();
    }
}

/** Works; another task acts meanwhile, when locks were given back so often. */
static void work_while(void (*act)(void), unsigned after_unlocks)
{
    act_meanwhile = act;
    unlocks = after_unlocks;
    fake_port.on_unlock = count_unlock;
    for (unsigned i = 0; i < 3; i++) {
        (void)work();
    }
    assert_null(fake_port.on_unlock);
}

static void start_again(void **state)
{
    (void)tear_down(state);
    (void)set_up(state);
    config.before = before;
    loaded_start(1);
}

static void store_third(void)
{
    loaded_store(3);
}

static void a_whole_module_that_comes_before_a_patch_is_announced_too(void **state)
{
    for (unsigned after_unlocks = 1; after_unlocks <= 5; after_unlocks++) {
        start_again(state);
        module_spec_t spec = patched_spec();
        assert_int_equal(patched_store(&spec), ESP_OK);
        work_while(store_third, after_unlocks);
        loaded_expect(3);
        assert_int_equal(befores, 1);
        assert_int_equal(afters, 1);
        assert_int_equal(loaded_count_log("E "), 0);
    }
}

static void reload(void)
{
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
}

/** The application may do so itself, as when it hears of the upload. */
static void what_another_task_reloads_before_it_is_not_loaded_again(void **state)
{
    for (unsigned after_unlocks = 1; after_unlocks <= 5; after_unlocks++) {
        start_again(state);
        loaded_store(2);
        const uint32_t reloads = loaded_status().reloads;
        work_while(reload, after_unlocks);
        loaded_expect(2);
        assert_int_equal(loaded_status().reloads - reloads, 1 + befores);
        assert_int_equal(afters, befores);
    }
}

static void unload(void)
{
    assert_int_equal(hotreload_unload(), ESP_OK);
}

/** Then the base is loaded again for it. */
static void a_patch_whose_base_is_unloaded_before_it_is_announced_too(void **state)
{
    unsigned again = 0;
    for (unsigned after_unlocks = 1; after_unlocks <= 5; after_unlocks++) {
        start_again(state);
        const module_spec_t spec = patched_spec();
        assert_int_equal(patched_store(&spec), ESP_OK);
        fake_port.event_count = 0;
        work_while(unload, after_unlocks);
        const bool is_loaded_again = fake_port.events[0].event == HOTRELOAD_EVENT_LOADED;
        assert_int_equal(loaded_status().running.patch, is_loaded_again ? 2 : 0);
        assert_int_equal(befores, is_loaded_again ? 1 : 0);
        assert_int_equal(afters, befores);
        again += is_loaded_again ? 1 : 0;
    }
    assert_true(again >= 2);
}

static void a_whole_module_is_reloaded_and_announced(void **state)
{
    loaded_start(1);
    loaded_store(2);
    config.before = before;
    (void)work();
    loaded_expect(2);
    assert_int_equal(befores, 1);
    assert_int_equal(afters, 1);
    assert_int_equal(last_error, ESP_OK);
}

static void a_patch_is_found_and_applied_by_one_mapping(void **state)
{
    loaded_start(1);
    const module_spec_t patch = patched_spec();
    assert_int_equal(patched_store(&patch), ESP_OK);
    fake_flash.maps_whole = true;
    fake_flash.first_maps = 0;
    (void)work();
    assert_int_equal(loaded_status().running.patch, 2);
    assert_int_equal(fake_flash.first_maps, 1);
    assert_int_equal(fake_flash.live_maps, 0);
}

static void without_callbacks_as_well(void **state)
{
    config.after = NULL;
    loaded_start(1);
    loaded_store(2);
    (void)work();
    loaded_expect(2);
}

/** A patch replaces one function; the task that is inside goes on. */
static void a_patch_needs_no_safe_point_and_no_callbacks(void **state)
{
    loaded_start(1);
    const module_spec_t patch = patched_spec();
    assert_int_equal(patched_store(&patch), ESP_OK);
    config.before = before;
    enter_module();
    (void)work();
    assert_int_equal(loaded_status().running.patch, 2);
    assert_int_equal(befores + afters, 0);
}

static void a_task_inside_is_named_once_and_tried_again(void **state)
{
    loaded_start(1);
    loaded_store(2);
    enter_module();
    const unsigned allocations = fake_port.allocations;
    for (unsigned i = 0; i < 5; i++) {
        const uint32_t wait_ms = work();
        assert_true(wait_ms > 0 && wait_ms < 1000);
    }
    assert_int_equal(fake_port.allocations, allocations + 5); /* each time the list of tasks */
    assert_int_equal(loaded_count_log("task blink is inside the module"), 1);
    assert_non_null(strstr(loaded_status().last_error.text, "task blink is inside the module"));
    assert_int_equal(afters, 0); /* the application need not know */
    loaded_store(3);
    (void)work();
    assert_int_equal(loaded_count_log("task blink is inside the module"), 2);
    leave_module();
    assert_int_equal(work(), 0);
    loaded_expect(3);
    assert_int_equal(afters, 1);
    assert_string_equal(loaded_status().last_error.text, "");
}

/** The worker may try the new module before the sender has its answer. */
static void the_error_of_a_reload_outlives_the_upload(void **state)
{
    loaded_start(1);
    loaded_store(2);
    enter_module();
    size_t size;
    uint8_t *module = loaded_module(3, &size);
    fake_port.is_worker_busy = true;
    assert_int_equal(hotreload_update_partition(FAKE_FLASH_LABEL, module, size), ESP_OK);
    free(module);
    assert_non_null(strstr(loaded_status().last_error.text, "task blink is inside the module"));

    sent_t upload;
    hotreload_answer_t answer;
    module = loaded_module(4, &size);
    sent_describe(&upload, module, size);
    assert_int_equal(sent_upload(&upload, size, &answer), 200);
    sent_free(&upload);
    fake_port.is_worker_busy = false;
    assert_non_null(strstr(loaded_status().last_error.text, "task blink is inside the module"));
}

/** The task comes back while the new module is being placed, and leaves again. */
static unsigned leave_at;

static void leave_after_some_time(void)
{
    if (fake_port.pauses == leave_at) {
        leave_module();
    }
}

static void a_manual_reload_waits_for_a_task_that_leaves_soon(void **state)
{
    loaded_start(1);
    loaded_store(2);
    enter_module();
    leave_at = 3;
    fake_port.on_pause = leave_after_some_time;
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    assert_int_equal(fake_port.pauses, 3);
    loaded_expect(2);
}

static void before_brings_the_task_out(void **state)
{
    loaded_start(1);
    loaded_store(2);
    enter_module();
    config.before = leave_before;
    assert_int_equal(work(), 0);
    loaded_expect(2);
    assert_int_equal(befores, 1);
    assert_int_equal(last_error, ESP_OK);
}

static void stopped_tasks_go_on_between_two_attempts(void **state)
{
    loaded_start(1);
    loaded_store(2);
    enter_module();
    config.before = before;
    for (unsigned i = 1; i <= 3; i++) {
        assert_true(work() >= 1000);
        assert_int_equal(befores, i);
        assert_int_equal(afters, i);
        assert_int_equal(last_error, ESP_ERR_HOTRELOAD_TASK_INSIDE);
    }
    assert_int_equal(loaded_count_log("task blink is inside the module"), 1);
    leave_module();
    assert_int_equal(work(), 0);
    loaded_expect(2);
}

static void what_is_refused_for_good_is_not_tried_again(void **state)
{
    loaded_start(1);
    loaded_store_bad(&bad_modules[0]);
    assert_int_equal(work(), 0);
    assert_int_equal(work(), NOT_BEFORE_WOKEN);
    loaded_expect(1);
    assert_int_equal(afters, 1);
    assert_int_not_equal(last_error, ESP_OK);
}

static void a_flash_that_cannot_be_read_is_not_asked_again_at_once(void **state)
{
    loaded_start(1);
    loaded_store(2);
    config.before = before;
    fake_flash.power_off = true;
    for (unsigned i = 1; i <= 2; i++) {
        assert_int_equal(work(), 1000);
        assert_int_equal(afters, i);
        assert_int_equal(last_error, ESP_ERR_FLASH_OP_FAIL);
    }
    fake_flash_power_on();
    assert_int_equal(work(), 0);
    assert_int_equal(work(), NOT_BEFORE_WOKEN);
    loaded_expect(2);
}

/** The first record is the module that runs; the second one waits. */
static void what_was_found_before_a_read_failed_is_not_used(void **state)
{
    loaded_start(1);
    loaded_store(2);
    config.before = before;
    fake_flash.fail_read = 2;
    assert_int_equal(work(), 0);
    assert_int_equal(fake_flash.fail_read, 0);
    loaded_expect(2);
    assert_int_equal(befores, 1);
    assert_int_equal(afters, 1);
}

static void the_first_module_may_come_late(void **state)
{
    loaded_store(1);
    (void)work();
    loaded_expect(1);
    assert_int_equal(last_error, ESP_OK);
}

static void where_ram_does_not_hold_two_the_old_one_goes_first(void **state)
{
    loaded_start(1);
    loaded_store(2);
    fake_port.ram_limit = fake_port.live_bytes;
    (void)work();
    assert_int_equal(last_error, ESP_ERR_NO_MEM);
    loaded_expect(1);
    loaded_store(3);
    config.allow_unload_first = true;
    (void)work();
    assert_int_equal(last_error, ESP_OK);
    loaded_expect(3);
}

/** Its variables would be lost, and its tasks would call what is not there. */
static void without_room_for_a_patch_what_runs_goes_on(void **state)
{
    config.allow_unload_first = true;
    config.before = before;
    loaded_start(1);
    const hotreload_status_t old = loaded_status();
    const module_spec_t spec = patched_spec();
    assert_int_equal(patched_store(&spec), ESP_OK);
    fake_port.ram_limit = fake_port.live_bytes;
    (void)work();
    assert_int_equal(loaded_status().data_run, old.data_run);
    assert_int_equal(loaded_status().reloads, old.reloads);
    assert_int_equal(befores + afters, 0);
    loaded_expect_log("reload failed");
    loaded_expect(1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(without_an_update_it_waits_to_be_woken),
        TEST(an_upload_wakes_it),
        TEST(a_whole_module_that_comes_before_a_patch_is_announced_too),
        TEST(what_another_task_reloads_before_it_is_not_loaded_again),
        TEST(a_patch_whose_base_is_unloaded_before_it_is_announced_too),
        TEST(a_whole_module_is_reloaded_and_announced),
        TEST(a_patch_is_found_and_applied_by_one_mapping),
        TEST(without_callbacks_as_well),
        TEST(a_patch_needs_no_safe_point_and_no_callbacks),
        TEST(a_task_inside_is_named_once_and_tried_again),
        TEST(the_error_of_a_reload_outlives_the_upload),
        TEST(a_manual_reload_waits_for_a_task_that_leaves_soon),
        TEST(before_brings_the_task_out),
        TEST(stopped_tasks_go_on_between_two_attempts),
        TEST(what_is_refused_for_good_is_not_tried_again),
        TEST(a_flash_that_cannot_be_read_is_not_asked_again_at_once),
        TEST(what_was_found_before_a_read_failed_is_not_used),
        TEST(the_first_module_may_come_late),
        TEST(where_ram_does_not_hold_two_the_old_one_goes_first),
        TEST(without_room_for_a_patch_what_runs_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
