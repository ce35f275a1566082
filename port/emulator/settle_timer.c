/* SPDX-License-Identifier: MIT */
#include "settle_timer.h"

#include "linux.h"
#include "options.h"
#include "receive/requests.h"

static bool waits;
static int64_t due_ms;

/** As on a chip, the application runs before each sector is written. */
static void set_due(void)
{
    due_ms = linux_now_ms() + board_options()->settle_pause_ms;
}

void board_settle_begin(void)
{
    waits = true; /* if there is nothing to write, the first call says so */
    set_due();
}

int64_t board_settle_limit(int64_t milliseconds)
{
    if (!waits) {
        return milliseconds;
    }
    int64_t left = due_ms - linux_now_ms();
    left = left > 0 ? left : 0;
    return left < milliseconds ? left : milliseconds;
}

void board_settle_check(void)
{
    if (waits && linux_now_ms() >= due_ms) {
        waits = hotreload_request_upload_settle();
        set_due();
    }
}
