/*
 * What all tasks are at, as FreeRTOS has saved it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/tasks.h"

#include <stdlib.h>

#include "chip/chip.h"
#include "esp_idf_version.h"
#include "esp_memory_utils.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "port.h"
#include "sdkconfig.h"

#if __has_include(<freertos/freertos_debug.h>) /* since ESP-IDF 6 */
#include <freertos/freertos_debug.h>
#elif __has_include(<esp_private/freertos_debug.h>) /* since 5.2 */
#include <esp_private/freertos_debug.h>
#else
#if !CONFIG_FREERTOS_ENABLE_TASK_SNAPSHOT
#error "Set CONFIG_FREERTOS_ENABLE_TASK_SNAPSHOT: hotreload looks at what tasks execute"
#endif
#include "freertos/task_snapshot.h"
#endif

/* Tasks that others may create before all stand still. */
#define SPARE 4u

/** Guarded by HOTRELOAD_LOCK_MODULE. */
static struct {
    TaskSnapshot_t *tasks;
    UBaseType_t room;
    UBaseType_t count;
} snapshot;

static bool visit_task(const TaskSnapshot_t *task, bool is_caller,
                       bool (*visit)(const hotreload_task_t *task, void *context), void *context)
{
    uint32_t registers[HOTRELOAD_SAVED_REGISTERS];
    hotreload_task_t shown = {
        .name = pcTaskGetName((TaskHandle_t)task->pxTCB),
        .is_caller = is_caller,
        .end = (const uint32_t *)task->pxEndOfStack,
    };
    if (!is_caller) {
        hotreload_arch_show_saved((const uint32_t *)task->pxTopOfStack, registers, &shown);
    }
    return visit(&shown, context);
}

void hotreload_port_each_task(bool (*visit)(const hotreload_task_t *task, void *context),
                              void *context)
{
    const void *caller = xTaskGetCurrentTaskHandle();
    hotreload_arch_save_registers();
    for (UBaseType_t i = 0; i < snapshot.count; i++) {
        const TaskSnapshot_t *task = &snapshot.tasks[i];
        if (!visit_task(task, task->pxTCB == caller, visit, context)) {
            return;
        }
    }
}

bool hotreload_port_fetch(uint32_t address, uint16_t *code)
{
    const uint32_t *word = (const uint32_t *)(uintptr_t)(address & ~3u);
    if (!esp_ptr_executable(word)) {
        return false;
    }
    *code = (uint16_t)(*word >> address % 4 * 8); /* some buses only read words */
    return true;
}

/** The task that holds the other core runs: what FreeRTOS saved of it is old. */
static void take_snapshot(const void *holder)
{
    UBaseType_t size_of_tcb;
    const UBaseType_t count = uxTaskGetSnapshotAll(snapshot.tasks, snapshot.room, &size_of_tcb);
    snapshot.count = 0;
    for (UBaseType_t i = 0; i < count; i++) {
        if (snapshot.tasks[i].pxTCB != holder) {
            snapshot.tasks[snapshot.count++] = snapshot.tasks[i];
        }
    }
    if (count == snapshot.room) {
        snapshot.count = 0; /* there may be more */
    }
}

typedef struct {
    const hotreload_region_t *text;
    void (*action)(void *context);
    void *context;
    bool acted;
} order_t;

/** No core may fetch from a cache line that is half new. */
static void act_and_sync(void *context, const void *holder)
{
    order_t *order = context;
    take_snapshot(holder);
    if (snapshot.count == 0) {
        return;
    }
    order->action(order->context);
    if (order->text->write != NULL) {
        (void)hotreload_cache_sync(order->text); /* it was synchronised before, with no error */
    }
    hotreload_arch_fence();
    order->acted = true;
}

esp_err_t hotreload_port_alone(const hotreload_region_t *text, void (*action)(void *context),
                               void *context)
{
    order_t order = {.text = text, .action = action, .context = context};
    esp_err_t error = ESP_OK;
    for (UBaseType_t spare = SPARE; error == ESP_OK && !order.acted; spare *= 2) {
        snapshot.room = uxTaskGetNumberOfTasks() + spare;
        snapshot.tasks = malloc(snapshot.room * sizeof *snapshot.tasks);
        error =
            snapshot.tasks != NULL ? hotreload_stop_others(act_and_sync, &order) : ESP_ERR_NO_MEM;
        free(snapshot.tasks);
    }
    return error;
}

void hotreload_port_pause(void)
{
    vTaskDelay(1);
}
