/* SPDX-License-Identifier: MIT */
#include "receiver.h"

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "sdkconfig.h"
#include "receive/requests.h"

/* Writing flash stops all tasks. Before each sector, tasks of a lower priority get a turn. */
#define SETTLE_PAUSE (pdMS_TO_TICKS(10) + 1)

#ifdef CONFIG_HOTRELOAD_ACCEPT_REPLAYED_UPLOADS
const bool hotreload_uploads_accept_replayed = true;
#else
const bool hotreload_uploads_accept_replayed = false;
#endif

#ifdef CONFIG_HOTRELOAD_RUN_FROM_RAM_FIRST
const bool hotreload_uploads_run_from_ram_first = true;
#else
const bool hotreload_uploads_run_from_ram_first = false;
#endif

void hotreload_uploads_settle(const _Atomic bool *stopping)
{
    do {
        if (!*stopping) {
            vTaskDelay(SETTLE_PAUSE);
        }
    } while (hotreload_request_upload_settle());
}
