/*
 * The other core is held in its task of esp_ipc, at the highest priority, as the flash driver does
 * it. An interrupt would not do (esp_ipc_isr): the task that it stops keeps registers that nobody
 * can look at.
 *
 * Neither side waits for the other with interrupts off for longer than WINDOW_US: the other core
 * may be in a critical section, or busy with another task of the highest priority. So the caller
 * opens a window again and again, and the other side waits for one with interrupts on.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdatomic.h>

#include "chip/chip.h"
#include "esp_cpu.h"
#include "esp_rom_sys.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "port.h"
#include "system/core_call.h"
#include "system/tasks.h"

#define WINDOW_US   50u /* switching to the task takes some 20 us */
#define BEAT_US     5000u
#define WINDOWS     4u /* before a pause: an emulator's cores miss many */
#define PAUSES      100u
#define STAYS_TICKS 3u /* a task of the same priority cannot have them all */

typedef enum {
    LEFT,  /* nobody is in hold() */
    WAITS, /* it is called, or in it with interrupts on */
    ASKED, /* a window is open */
    HELD,  /* the other core stands still */
    DONE,  /* it may go on */
} step_t;

static atomic_int step;
static atomic_uint beats; /* change while the other core executes hold() */
static TaskHandle_t holder;

static bool change_step(step_t from, step_t to)
{
    int expected = (int)from;
    return atomic_compare_exchange_strong(&step, &expected, (int)to);
}

static void wait_while(step_t at)
{
    while (atomic_load(&step) == (int)at) {
    }
}

/** @return false: no window is open */
static bool hold_in_window(void)
{
    const UBaseType_t state = portSET_INTERRUPT_MASK_FROM_ISR();
    holder = xTaskGetCurrentTaskHandle();
    const bool held = change_step(ASKED, HELD);
    if (held) {
        wait_while(HELD);
        hotreload_arch_fence();
        atomic_store(&step, LEFT);
    }
    portCLEAR_INTERRUPT_MASK_FROM_ISR(state);
    return held;
}

static void hold(void *unused)
{
    (void)unused;
    const TickType_t start = xTaskGetTickCount();
    while (!hold_in_window() && atomic_load(&step) != LEFT) {
        atomic_fetch_add(&beats, 1);
        if (xTaskGetTickCount() - start >= STAYS_TICKS) {
            (void)change_step(WAITS, LEFT);
        }
    }
}

static bool is_within(uint32_t start, unsigned us)
{
    return (uint32_t)esp_cpu_get_cycle_count() - start < us * esp_rom_get_cpu_ticks_per_us();
}

/**
 * With interrupts on. An emulator gives its cores turns on the host: the other one would sleep
 * through most windows.
 */
static void wait_for_a_beat(void)
{
    const uint32_t start = (uint32_t)esp_cpu_get_cycle_count();
    const unsigned before = atomic_load(&beats);
    while (atomic_load(&step) == (int)WAITS && atomic_load(&beats) == before &&
           is_within(start, BEAT_US)) {
    }
}

static void wait_for_window_to_be_used(void)
{
    const uint32_t start = (uint32_t)esp_cpu_get_cycle_count();
    while (atomic_load(&step) != HELD && is_within(start, WINDOW_US)) {
    }
}

/** @return false: the other core was not there */
static bool act_in_window(void (*action)(void *context, const void *holder), void *context)
{
    bool acted = false;
    const UBaseType_t state = portSET_INTERRUPT_MASK_FROM_ISR();
    if (change_step(WAITS, ASKED)) {
        wait_for_window_to_be_used();
        if (!change_step(ASKED, WAITS)) {
            action(context, holder);
            atomic_store(&step, DONE);
            wait_while(DONE); /* else the next call could begin before the other core has seen it */
            acted = true;
        }
    }
    portCLEAR_INTERRUPT_MASK_FROM_ISR(state);
    return acted;
}

/** A caller that may run on any core can move to the one that it asked. Then no window is used. */
static void ask_other_core(void)
{
    if (change_step(LEFT, WAITS) && !hotreload_call_on_other_core(hold)) {
        atomic_store(&step, LEFT);
    }
}

esp_err_t hotreload_stop_others(void (*action)(void *context, const void *holder), void *context)
{
    if (xTaskGetSchedulerState() == taskSCHEDULER_NOT_STARTED) {
        const UBaseType_t state = portSET_INTERRUPT_MASK_FROM_ISR();
        action(context, NULL); /* the other core executes nothing of ours yet */
        portCLEAR_INTERRUPT_MASK_FROM_ISR(state);
        return ESP_OK;
    }
    for (unsigned i = 1; i <= WINDOWS * PAUSES; i++) {
        ask_other_core();
        wait_for_a_beat();
        if (act_in_window(action, context)) {
            return ESP_OK;
        }
        if (i % WINDOWS == 0) {
            hotreload_port_pause();
        }
    }
    (void)change_step(WAITS, LEFT);
    return ESP_ERR_TIMEOUT;
}
