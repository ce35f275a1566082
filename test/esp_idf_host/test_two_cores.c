/*
 * Stopping the other core: a thread is its task of esp_ipc.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"

#include <pthread.h>
#include <stdatomic.h>

#include "chip/chip.h"
#include "esp_cpu.h"
#include "esp_ipc.h"
#include "esp_private/freertos_idf_additions_priv.h"
#include "esp_rom_sys.h"
#include "fakes/fake_freertos.h"
#include "fakes/fake_tasks.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "port.h"
#include "system/tasks.h"

static atomic_uint cycles;
static atomic_int fences;
static bool scheduler_runs;
static unsigned busy_calls; /* before esp_ipc takes one */
static unsigned late_ticks; /* until the other core gets to it */
static bool never;          /* gets to it */
static unsigned calls;
static UBaseType_t priority; /* of the caller */

static pthread_t other_core;
static bool is_started;
static esp_ipc_func_t function;
static atomic_uint start_at; /* tick */
static atomic_bool has_left;
static atomic_bool is_inside; /* hold() */

esp_cpu_cycle_count_t esp_cpu_get_cycle_count(void)
{
    sched_yield(); /* the other core may have none of its own on this machine, */
    return is_inside ? cycles : ++cycles; /* so no time passes while it is on its way */
}

uint32_t esp_rom_get_cpu_ticks_per_us(void)
{
    return 2;
}

void hotreload_arch_fence(void)
{
    fences++;
}

BaseType_t xTaskGetSchedulerState(void)
{
    return scheduler_runs ? taskSCHEDULER_RUNNING : taskSCHEDULER_NOT_STARTED;
}

BaseType_t xPortGetCoreID(void)
{
    return 0;
}

static void *run_other_core(void *unused)
{
    (void)unused;
    while (fake_ticks < start_at) {
        sched_yield();
    }
    is_inside = true;
    function(NULL);
    is_inside = false;
    has_left = true;
    assert_int_equal(fake_interrupts_off, 0);
    return NULL;
}

static void end_other_core(void)
{
    if (is_started) {
        pthread_join(other_core, NULL);
        is_started = false;
    }
}

void prvTaskPriorityRaise(prvTaskSavedPriority_t *pxSavedPriority, UBaseType_t uxNewPriority)
{
    pxSavedPriority->uxPriority = priority;
    priority = uxNewPriority;
}

void prvTaskPriorityRestore(prvTaskSavedPriority_t *pxSavedPriority)
{
    priority = pxSavedPriority->uxPriority;
}

esp_err_t esp_ipc_call_nonblocking(uint32_t cpu_id, esp_ipc_func_t func, void *arg);

esp_err_t esp_ipc_call_nonblocking(uint32_t cpu_id, esp_ipc_func_t func, void *arg)
{
    assert_int_equal(cpu_id, 1);
    assert_null(arg);
    assert_int_equal(fake_interrupts_off, 0);
    calls++;
    if (busy_calls > 0) {
        busy_calls--;
        return ESP_FAIL;
    }
    if (is_started && !has_left) { /* the last call has not ended */
        return ESP_FAIL;
    }
    if (!never) {
        end_other_core();
        function = func;
        start_at = fake_ticks + late_ticks;
        has_left = false;
        is_started = true;
        pthread_create(&other_core, NULL, run_other_core, NULL);
    }
    return ESP_OK;
}

/** Time goes on meanwhile, and the other core gets to it. */
esp_err_t esp_ipc_call(uint32_t cpu_id, esp_ipc_func_t func, void *arg)
{
    assert_int_equal(priority, configMAX_PRIORITIES - 1);
    while (is_started && !has_left) { /* the last call has not ended */
        sched_yield();
    }
    const esp_err_t error = esp_ipc_call_nonblocking(cpu_id, func, arg);
    while (error == ESP_OK && !is_inside && !has_left) {
        fake_ticks += fake_ticks < start_at;
        sched_yield();
    }
    return error;
}

void hotreload_port_pause(void)
{
    assert_int_equal(fake_interrupts_off, 0);
    vTaskDelay(1);
    while (is_started && fake_ticks >= start_at && !is_inside && !has_left) {
        sched_yield();
    }
}

static int reset(void **state)
{
    (void)state;
    fences = 0;
    calls = busy_calls = late_ticks = 0;
    never = false;
    scheduler_runs = true;
    priority = 7;
    return 0;
}

static int end(void **state)
{
    (void)state;
    end_other_core();
    assert_int_equal(priority, 7);
    return 0;
}

static void act(void *context, const void *holder)
{
    assert_int_equal(fake_interrupts_off, 1);
    assert_ptr_equal(holder, scheduler_runs ? xTaskGetCurrentTaskHandle() : NULL);
    assert_int_equal(fences, 0);
    (*(unsigned *)context)++;
}

static void stop_once(void)
{
    unsigned acts = 0;
    fences = 0;
    assert_int_equal(hotreload_stop_others(act, &acts), ESP_OK);
    assert_int_equal(acts, 1);
    assert_int_equal(fences, 1); /* of the other core, before it goes on */
    assert_int_equal(fake_interrupts_off, 0);
}

static void acts_while_the_other_core_stands_still(void **state)
{
    stop_once();
}

/** The second call must not meet the end of the first one. */
static void can_be_called_again_at_once(void **state)
{
    for (unsigned i = 0; i < 20; i++) {
        stop_once();
    }
}

static void waits_while_another_uses_esp_ipc(void **state)
{
    busy_calls = 3;
    stop_once();
    assert_true(calls > 3);
}

static void waits_for_a_core_that_is_busy(void **state)
{
    late_ticks = 20;
    stop_once();
}

#if CALL_IS_nonblocking
static void gives_up_a_core_that_never_stops(void **state)
{
    unsigned acts = 0;
    never = true;
    assert_int_equal(hotreload_stop_others(act, &acts), ESP_ERR_TIMEOUT);
    assert_int_equal(acts, 0);
    never = false;
    stop_once();
}
#endif

static void before_the_scheduler_runs_there_is_no_other(void **state)
{
    unsigned acts = 0;
    scheduler_runs = false;
    assert_int_equal(hotreload_stop_others(act, &acts), ESP_OK);
    assert_int_equal(acts, 1);
    assert_int_equal(calls, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(acts_while_the_other_core_stands_still, reset, end),
        cmocka_unit_test_setup_teardown(can_be_called_again_at_once, reset, end),
        cmocka_unit_test_setup_teardown(waits_while_another_uses_esp_ipc, reset, end),
        cmocka_unit_test_setup_teardown(waits_for_a_core_that_is_busy, reset, end),
#if CALL_IS_nonblocking
        cmocka_unit_test_setup_teardown(gives_up_a_core_that_never_stops, reset, end),
#endif
        cmocka_unit_test_setup_teardown(before_the_scheduler_runs_there_is_no_other, reset, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
