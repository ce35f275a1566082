/*
 * What the trial of a module needs of ESP-IDF: how the last run ended, and a timer.
 *
 * SPDX-License-Identifier: MIT
 */
#include "esp_system.h"
#include "esp_timer.h"
#include "port.h"
#include "sdkconfig.h"

static esp_timer_handle_t timer; /* NULL: there is none */
static void (*on_expiry)(uint32_t trial);

bool hotreload_port_take_crash(void)
{
    static bool taken;
    bool first = !taken;
    taken = true;
    switch (esp_reset_reason()) {
    case ESP_RST_PANIC:
    case ESP_RST_INT_WDT:
    case ESP_RST_TASK_WDT:
    case ESP_RST_WDT:
        return first;
    default:
        return false;
    }
}

static void expire(void *trial)
{
    on_expiry((uint32_t)(uintptr_t)trial);
}

/** A timer of its own for each trial: a call under way then still knows which one it is for. */
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
        .callback = expire, .arg = (void *)(uintptr_t)trial, .name = "hotreload"};
    esp_err_t error = esp_timer_create(&arguments, &timer);
    if (error == ESP_OK) {
        error = esp_timer_start_once(timer, CONFIG_HOTRELOAD_TRIAL_SECONDS * UINT64_C(1000000));
    }
    return error == ESP_OK ? ESP_OK : ESP_ERR_NO_MEM;
}
