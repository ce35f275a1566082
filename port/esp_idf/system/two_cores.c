/*
 * The other core is held in its task of esp_ipc, which runs at the caller's priority: the highest
 * one meanwhile. An interrupt would not do (esp_ipc_isr): the task that it stops keeps registers
 * that nobody can look at.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdatomic.h>

#include "chip/chip.h"
#include "esp_ipc.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "system/tasks.h"

typedef enum { CALLER_BUSY, CALLER_READY, OTHER_HELD, DONE } step_t;

static atomic_int step;

/** Interrupts stay on until the caller is ready: it may still be interrupted itself. */
static void hold(void *unused)
{
    (void)unused;
    while (atomic_load(&step) == CALLER_BUSY) {
    }
    const UBaseType_t state = portSET_INTERRUPT_MASK_FROM_ISR();
    atomic_store(&step, OTHER_HELD);
    while (atomic_load(&step) != DONE) {
    }
    hotreload_arch_fence();
    portCLEAR_INTERRUPT_MASK_FROM_ISR(state);
}

static void act_alone(bool other_is_held, void (*action)(void *context), void *context)
{
    const UBaseType_t state = portSET_INTERRUPT_MASK_FROM_ISR();
    atomic_store(&step, CALLER_READY);
    while (other_is_held && atomic_load(&step) != OTHER_HELD) {
    }
    action(context);
    atomic_store(&step, DONE);
    portCLEAR_INTERRUPT_MASK_FROM_ISR(state);
}

void hotreload_stop_others(void (*action)(void *context), void *context)
{
    const UBaseType_t priority = uxTaskPriorityGet(NULL);
    vTaskPrioritySet(NULL, configMAX_PRIORITIES - 1);
    atomic_store(&step, CALLER_BUSY);
    /* A caller that may run on any core goes on at the one where hold() is not. It fails before the
     * scheduler runs: then the other core executes nothing of ours. */
    const bool is_held = esp_ipc_call(!xPortGetCoreID(), hold, NULL) == ESP_OK;
    act_alone(is_held, action, context);
    vTaskPrioritySet(NULL, priority);
}
