/*
 * What all tasks are at, as FreeRTOS has saved it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/tasks.h"

#include <stdlib.h>

#include "chip/chip.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "freertos/task_snapshot.h"
#include "port.h"

/* Tasks that others may create before all stand still. */
#define SPARE 4u

/** Guarded by HOTRELOAD_LOCK_MODULE. */
static struct {
    TaskSnapshot_t *tasks;
    UBaseType_t room;
} snapshot;

static bool visit_task(const TaskSnapshot_t *task, const uint32_t *caller_from,
                       bool (*visit)(const hotreload_task_t *task, void *context), void *context)
{
    const bool is_caller = task->pxTCB == (void *)xTaskGetCurrentTaskHandle();
    const uint32_t *frame = (const uint32_t *)task->pxTopOfStack;
    const hotreload_task_t shown = {
        .name = pcTaskGetName(task->pxTCB),
        .pc = is_caller ? 0 : hotreload_arch_saved_pc(frame),
        .stack = is_caller ? caller_from : frame,
        .end = (const uint32_t *)task->pxEndOfStack,
    };
    return visit(&shown, context);
}

void hotreload_port_each_task(const uint32_t *caller_from,
                              bool (*visit)(const hotreload_task_t *task, void *context),
                              void *context)
{
    UBaseType_t size_of_tcb;
    const UBaseType_t count = uxTaskGetSnapshotAll(snapshot.tasks, snapshot.room, &size_of_tcb);
    hotreload_arch_save_registers();
    for (UBaseType_t i = 0; i < count && visit_task(&snapshot.tasks[i], caller_from, visit, context);
         i++) {
    }
}

typedef struct {
    const hotreload_region_t *text;
    void (*action)(void *context);
    void *context;
} order_t;

/** No core may fetch from a cache line that is half new. */
static void act_and_sync(void *context)
{
    const order_t *order = context;
    order->action(order->context);
    if (order->text->write != NULL) {
        (void)hotreload_cache_sync(order->text); /* it was synchronised before, with no error */
    }
    hotreload_arch_fence();
}

esp_err_t hotreload_port_alone(const hotreload_region_t *text, void (*action)(void *context),
                               void *context)
{
    order_t order = {text, action, context};
    snapshot.room = uxTaskGetNumberOfTasks() + SPARE;
    snapshot.tasks = malloc(snapshot.room * sizeof *snapshot.tasks);
    if (snapshot.tasks == NULL) {
        return ESP_ERR_NO_MEM;
    }
    hotreload_stop_others(act_and_sync, &order);
    free(snapshot.tasks);
    return ESP_OK;
}

void hotreload_port_pause(void)
{
    vTaskDelay(1);
}
