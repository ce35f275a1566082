/* SPDX-License-Identifier: MIT */
#include "repeat.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

#include "esp_err.h"
#include "esp_heap_caps.h"
#include "exercises.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"

#define RELOADS 200

/* ---- Tasks that call ---- */

typedef struct {
    TaskHandle_t task;
    _Atomic uint32_t calls;
    uint32_t wrong;
} caller_t;

static caller_t callers[portNUM_PROCESSORS];
static _Atomic bool pausing, ending;
static SemaphoreHandle_t outside; /**< given by each task that has stopped */

static bool results_are_right(void)
{
    return exercise_3(1, 2, 3) == ((3u * 31 + 1) * 31 + 2) * 31 + 3 &&
           exercise_double(9, 5) == 8.0 && exercise_divide(-9000000000, 9) == -1000000000 &&
           exercise_function_table(1, 8, 9) == -1;
}

static void call(void *argument)
{
    caller_t *self = argument;
    while (!ending) {
        self->wrong += !results_are_right();
        self->calls++;
        if (pausing) {
            xSemaphoreGive(outside);
            ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
        }
    }
    xSemaphoreGive(outside);
    vTaskDelete(NULL);
}

/** With the idle tasks' priority, so that these get their turn. */
static void start_callers(void)
{
    outside = xSemaphoreCreateCounting(portNUM_PROCESSORS, 0);
    ending = false;
    for (int core = 0; core < portNUM_PROCESSORS; core++) {
        callers[core].calls = callers[core].wrong = 0;
        xTaskCreatePinnedToCore(call, "caller", 4096, &callers[core], tskIDLE_PRIORITY,
                                &callers[core].task, core);
    }
}

static void wait_until_all_are_outside(void)
{
    for (int core = 0; core < portNUM_PROCESSORS; core++) {
        xSemaphoreTake(outside, portMAX_DELAY);
    }
}

static void let_callers_go_on(void)
{
    for (int core = 0; core < portNUM_PROCESSORS; core++) {
        xTaskNotifyGive(callers[core].task);
    }
}

static void wait_for_a_call_on_each_core(void)
{
    for (int core = 0; core < portNUM_PROCESSORS; core++) {
        uint32_t before = callers[core].calls;
        while (callers[core].calls == before) {
            vTaskDelay(1);
        }
    }
}

static void end_callers(void)
{
    ending = true;
    wait_until_all_are_outside();
    vTaskDelay(2); /* the idle tasks free the stacks */
    vSemaphoreDelete(outside);
}

/* ---- Reloads ---- */

static void print_memory(const char *when)
{
    printf("memory after %s: %u\n", when, (unsigned)heap_caps_get_free_size(MALLOC_CAP_8BIT));
}

/** The other core of an emulator on a busy host may sleep for seconds: then it is asked again. */
static void reload(const hotreload_config_t *config)
{
    esp_err_t error = ESP_ERR_TIMEOUT;
    while (error == ESP_ERR_TIMEOUT) {
        error = hotreload_reload(config);
    }
    ESP_ERROR_CHECK(error);
}

void repeat_reloads(const hotreload_config_t *config)
{
    for (int i = 1; i <= RELOADS; i++) {
        reload(config);
        if (i == 1) {
            print_memory("the first reload");
        }
    }
    print_memory("the last reload");
}

void repeat_reloads_beside_calls(const hotreload_config_t *config)
{
    start_callers();
    for (int i = 0; i < RELOADS; i++) {
        wait_for_a_call_on_each_core();
        pausing = true;
        wait_until_all_are_outside();
        reload(config);
        pausing = false;
        let_callers_go_on();
    }
    end_callers();
    for (int core = 0; core < portNUM_PROCESSORS; core++) {
        printf("core %d: %" PRIu32 " calls, %" PRIu32 " wrong\n", core, callers[core].calls,
               callers[core].wrong);
    }
    printf("%d reloads beside calls\n", RELOADS);
}
