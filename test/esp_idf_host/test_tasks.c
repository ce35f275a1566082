/*
 * All tasks at one moment.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "chip/chip.h"
#include "fakes/fake_freertos.h"
#include "fakes/fake_tasks.h"
#include "port.h"
#include "system/tasks.h"

static uint32_t stacks[12][8];
static fake_task_t tasks[12];
static const char *names[12] = {"caller", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"};
static const hotreload_region_t no_text;
static hotreload_region_t text = {.write = stacks};

static unsigned syncs, fences, stops;
static const void *holder;
static esp_err_t stop_error;

esp_err_t hotreload_cache_sync(const hotreload_region_t *region)
{
    assert_ptr_equal(region, &text);
    assert_int_equal(fences, 0);
    syncs++;
    return ESP_OK;
}

void hotreload_arch_fence(void)
{
    fences++;
}

esp_err_t hotreload_stop_others(void (*action)(void *context, const void *task), void *context)
{
    stops++;
    if (stop_error != ESP_OK) {
        return stop_error;
    }
    fake_interrupts_off = 1;
    action(context, holder);
    fake_interrupts_off = 0;
    return ESP_OK;
}

static int reset(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < COUNT(tasks); i++) {
        stacks[i][1] = 0x42000000u + i;
        tasks[i] = (fake_task_t){names[i], stacks[i], stacks[i] + 8};
    }
    fake_tasks = (fake_tasks_t){.tasks = tasks, .count = 3};
    syncs = fences = stops = 0;
    holder = NULL;
    stop_error = ESP_OK;
    return 0;
}

typedef struct {
    char names[64];
    unsigned last; /* the visit ends after so many; 0: never */
    unsigned count;
} seen_t;

static bool see(const hotreload_task_t *task, void *context)
{
    seen_t *seen = context;
    const uint32_t index = (uint32_t)(task->end - stacks[0] - 8) / 8;
    assert_string_equal(task->name, names[index]);
    assert_int_equal(task->is_caller, index == 0);
    if (!task->is_caller) {
        assert_int_equal(task->frame.pc, 0x42000000u + index);
    }
    strcat(seen->names, task->name);
    return ++seen->count != seen->last;
}

static void see_all(void *context)
{
    assert_int_equal(fences, 0);
    hotreload_port_each_task(see, context);
}

static void shows_every_task_and_the_caller(void **state)
{
    seen_t seen = {0};
    assert_int_equal(hotreload_port_alone(&no_text, see_all, &seen), ESP_OK);
    assert_string_equal(seen.names, "callerab");
    assert_int_equal(syncs, 0);
    assert_int_equal(fences, 1);
}

static void ends_when_the_visitor_has_seen_enough(void **state)
{
    seen_t seen = {.last = 2};
    assert_int_equal(hotreload_port_alone(&no_text, see_all, &seen), ESP_OK);
    assert_string_equal(seen.names, "callera");
}

/** What FreeRTOS saved of a task that runs is old. */
static void leaves_out_the_task_that_holds_the_other_core(void **state)
{
    seen_t seen = {0};
    holder = &tasks[1];
    assert_int_equal(hotreload_port_alone(&no_text, see_all, &seen), ESP_OK);
    assert_string_equal(seen.names, "callerb");
}

static void looks_again_when_there_was_no_room_for_all(void **state)
{
    seen_t seen = {0};
    fake_tasks.count = 12;
    fake_tasks.unexpected = 9; /* with three that were counted and four to spare: not all fit */
    assert_int_equal(hotreload_port_alone(&no_text, see_all, &seen), ESP_OK);
    assert_string_equal(seen.names, "callerabcdefghijk");
    assert_int_equal(stops, 3); /* room for 7, 11 and 19 */
}

static void synchronises_text_that_was_written(void **state)
{
    seen_t seen = {0};
    assert_int_equal(hotreload_port_alone(&text, see_all, &seen), ESP_OK);
    assert_int_equal(syncs, 1);
    assert_int_equal(fences, 1);
}

static void an_error_leaves_the_action_undone(void **state)
{
    seen_t seen = {0};
    stop_error = ESP_ERR_TIMEOUT;
    assert_int_equal(hotreload_port_alone(&text, see_all, &seen), ESP_ERR_TIMEOUT);
    assert_int_equal(seen.count, 0);
    assert_int_equal(syncs, 0);
}

static void a_pause_is_a_tick(void **state)
{
    const uint32_t before = fake_ticks;
    hotreload_port_pause();
    assert_int_equal(fake_ticks, before + 1);
}

int main(void)
{
    const struct CMUnitTest tests_of_tasks[] = {
        cmocka_unit_test_setup(shows_every_task_and_the_caller, reset),
        cmocka_unit_test_setup(ends_when_the_visitor_has_seen_enough, reset),
        cmocka_unit_test_setup(leaves_out_the_task_that_holds_the_other_core, reset),
        cmocka_unit_test_setup(looks_again_when_there_was_no_room_for_all, reset),
        cmocka_unit_test_setup(synchronises_text_that_was_written, reset),
        cmocka_unit_test_setup(an_error_leaves_the_action_undone, reset),
        cmocka_unit_test_setup(a_pause_is_a_tick, reset),
    };
    return cmocka_run_group_tests(tests_of_tasks, NULL, NULL);
}
