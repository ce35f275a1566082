/*
 * The task of automatic reloads.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdatomic.h>

#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "port.h"

static StaticSemaphore_t memory;
static SemaphoreHandle_t woken; /* never deleted: whoever wakes a worker need not know of its end */
static uint32_t (*work)(void);
static TaskHandle_t task;
static atomic_bool stopping, ended;

/** Before app_main(), when nothing else runs. */
__attribute__((constructor)) static void create_semaphore(void)
{
    woken = xSemaphoreCreateBinaryStatic(&memory);
}

static void run_worker(void *unused)
{
    (void)unused;
    while (!stopping) {
        const uint32_t milliseconds = work();
        const TickType_t ticks =
            milliseconds == UINT32_MAX ? portMAX_DELAY : pdMS_TO_TICKS(milliseconds) + 1;
        (void)xSemaphoreTake(woken, ticks);
    }
    ended = true;
    vTaskDelete(NULL);
}

esp_err_t hotreload_port_start_worker(const hotreload_worker_t *worker)
{
    work = worker->work;
    stopping = false;
    ended = false;
    const BaseType_t core = worker->core < 0 ? tskNO_AFFINITY : worker->core;
    return xTaskCreatePinnedToCore(run_worker, "hotreload_auto", worker->stack_size, NULL,
                                   worker->priority, &task, core) == pdPASS
               ? ESP_OK
               : ESP_ERR_NO_MEM;
}

esp_err_t hotreload_port_stop_worker(void)
{
    if (xTaskGetCurrentTaskHandle() == task) {
        return ESP_ERR_INVALID_STATE;
    }
    stopping = true;
    (void)xSemaphoreGive(woken);
    while (!ended) {
        vTaskDelay(1);
    }
    vTaskDelay(2); /* time for the idle task to free the stack */
    return ESP_OK;
}

void hotreload_port_wake_worker(void)
{
    (void)xSemaphoreGive(woken); /* an error: it was woken already */
}
