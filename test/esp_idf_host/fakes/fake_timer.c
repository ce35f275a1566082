/* SPDX-License-Identifier: MIT */
#include "fake_timer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "esp_timer.h"

struct esp_timer {
    esp_timer_create_args_t args;
};

int fake_timers;
uint64_t fake_timer_us;
bool fake_timer_fails;
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
