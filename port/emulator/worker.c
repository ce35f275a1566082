/* SPDX-License-Identifier: MIT */
#include "worker.h"

#include <stdbool.h>
#include <stddef.h>

#include "linux.h"
#include "port.h"

static uint32_t (*work)(void); /* NULL: there is no worker */
static bool works;             /* at this moment */
static int64_t due_ms;         /* INT64_MAX: not before it is woken */

esp_err_t hotreload_port_start_worker(const hotreload_worker_t *worker)
{
    work = worker->work;
    due_ms = 0;
    return ESP_OK;
}

esp_err_t hotreload_port_stop_worker(void)
{
    if (works) {
        return ESP_ERR_INVALID_STATE;
    }
    work = NULL;
    return ESP_OK;
}

void hotreload_port_wake_worker(void)
{
    due_ms = 0;
}

int64_t board_worker_limit(int64_t milliseconds)
{
    if (work == NULL) {
        return milliseconds;
    }
    const int64_t now = linux_now_ms();
    const int64_t left = due_ms > now ? due_ms - now : 0;
    return left < milliseconds ? left : milliseconds;
}

/** `before` and `after` may wait as well: the work does not begin again meanwhile. */
void board_worker_check(void)
{
    if (work == NULL || works || linux_now_ms() < due_ms) {
        return;
    }
    works = true;
    due_ms = INT64_MAX; /* whoever wakes the worker while it works changes that */
    const uint32_t wait_ms = work();
    works = false;
    if (due_ms == INT64_MAX && wait_ms != UINT32_MAX) {
        due_ms = linux_now_ms() + wait_ms;
    }
}
