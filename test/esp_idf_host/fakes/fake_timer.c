/* SPDX-License-Identifier: MIT */
#include "fake_timer.h"

#include "testing.h"
#include "esp_timer.h"
#include "freertos/task.h"

struct esp_timer {
    esp_timer_create_args_t args;
};

int fake_timers;
uint64_t fake_timer_us;
bool fake_timer_fails;
bool fake_task_fails;
static TaskFunction_t task; /* NULL: there is none */
static void *task_argument;
static bool task_deleted;
static esp_timer_handle_t running;

esp_err_t esp_timer_create(const esp_timer_create_args_t *create_args,
                           esp_timer_handle_t *out_handle)
{
    if (fake_timer_fails) {
        fake_timer_fails = false;
        return ESP_ERR_NO_MEM;
    }
    *out_handle = malloc(sizeof **out_handle);
    assert_non_null(*out_handle);
    (*out_handle)->args = *create_args;
    fake_timers++;
    return ESP_OK;
}

esp_err_t esp_timer_start_once(esp_timer_handle_t timer, uint64_t timeout_us)
{
    assert_null(running);
    running = timer;
    fake_timer_us = timeout_us;
    return ESP_OK;
}

esp_err_t esp_timer_stop(esp_timer_handle_t timer)
{
    if (running != timer) {
        return ESP_ERR_INVALID_STATE;
    }
    running = NULL;
    fake_timer_us = 0;
    return ESP_OK;
}

esp_err_t esp_timer_delete(esp_timer_handle_t timer)
{
    assert_ptr_not_equal(running, timer);
    free(timer);
    fake_timers--;
    return ESP_OK;
}

void fake_timer_expire(void)
{
    esp_timer_handle_t expired = running;
    assert_non_null(expired);
    running = NULL;
    fake_timer_us = 0;
    expired->args.callback(expired->args.arg);
}

BaseType_t xTaskCreate(TaskFunction_t pvTaskCode, const char *const pcName,
                       const uint32_t usStackDepth, void *const pvParameters,
                       UBaseType_t uxPriority, TaskHandle_t *const pvCreatedTask)
{
    assert_null(task);
    assert_non_null(pcName);
    assert_true(usStackDepth >= 3072 && uxPriority > 0 && pvCreatedTask == NULL);
    if (fake_task_fails) {
        fake_task_fails = false;
        return 0;
    }
    task = pvTaskCode;
    task_argument = pvParameters;
    return pdPASS;
}

void vTaskDelete(TaskHandle_t xTaskToDelete)
{
    assert_null(xTaskToDelete);
    task_deleted = true;
}

bool fake_task_run(void)
{
    const TaskFunction_t code = task;
    if (code == NULL) {
        return false;
    }
    task = NULL;
    task_deleted = false;
    code(task_argument);
    assert_true(task_deleted); /* a task of FreeRTOS must not return */
    return true;
}
