/*
 * The time that a module is on trial: a timer, and a task when it has passed.
 *
 * SPDX-License-Identifier: MIT
 */
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "port.h"
#include "sdkconfig.h"

#define TRIAL_US (CONFIG_HOTRELOAD_TRIAL_SECONDS * UINT64_C(1000000))
#define RETRY_US UINT64_C(1000000)
#define STACK    4096
#define PRIORITY (tskIDLE_PRIORITY + 5) /* the default of the server's */

static esp_timer_handle_t timer; /* NULL: there is none */
static void (*on_expiry)(uint32_t trial);

static void end_trial(void *trial)
{
    on_expiry((uint32_t)(uintptr_t)trial);
    vTaskDelete(NULL);
}

/** In the task that serves all timers of the program: they must not wait for the flash. */
static void begin_end_of_trial(void *trial)
{
    if (xTaskCreate(end_trial, "hotreload", STACK, trial, PRIORITY, NULL) != pdPASS) {
        (void)esp_timer_start_once(timer, RETRY_US); /* an error: the timer of another trial runs */
    }
}

/** Each trial has a timer of its own, so that a late call still knows which trial it is for. */
esp_err_t hotreload_port_trial_timer(void (*expired)(uint32_t trial), uint32_t trial)
{
    if (timer != NULL) {
        (void)esp_timer_stop(timer); /* an error: it has expired */
        (void)esp_timer_delete(timer);
        timer = NULL;
    }
    if (expired == NULL || CONFIG_HOTRELOAD_TRIAL_SECONDS == 0) {
        return ESP_OK;
    }
    on_expiry = expired;
    const esp_timer_create_args_t arguments = {
        .callback = begin_end_of_trial, .arg = (void *)(uintptr_t)trial, .name = "hotreload"};
    esp_err_t error = esp_timer_create(&arguments, &timer);
    if (error == ESP_OK) {
        error = esp_timer_start_once(timer, TRIAL_US);
    }
    return error == ESP_OK ? ESP_OK : ESP_ERR_NO_MEM;
}
