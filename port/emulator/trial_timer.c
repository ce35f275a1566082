/* SPDX-License-Identifier: MIT */
#include "trial_timer.h"

#include <stddef.h>

#include "linux.h"
#include "options.h"
#include "port.h"

static void (*on_expiry)(uint32_t trial); /* NULL: no trial is timed */
static uint32_t timed;
static int64_t deadline_ms;

esp_err_t hotreload_port_trial_timer(void (*expired)(uint32_t trial), uint32_t trial)
{
    on_expiry = board_options()->trial_ms > 0 ? expired : NULL;
    timed = trial;
    deadline_ms = linux_now_ms() + board_options()->trial_ms;
    return ESP_OK;
}

int64_t board_trial_limit(int64_t milliseconds)
{
    if (on_expiry == NULL) {
        return milliseconds;
    }
    int64_t left = deadline_ms - linux_now_ms();
    left = left > 0 ? left : 0;
    return left < milliseconds ? left : milliseconds;
}

void board_trial_check(void)
{
    if (on_expiry != NULL && linux_now_ms() >= deadline_ms) {
        void (*expired)(uint32_t) = on_expiry;
        on_expiry = NULL;
        expired(timed);
    }
}
