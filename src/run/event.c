/* SPDX-License-Identifier: MIT */
#include "run/event.h"

#include <string.h>

#include "port.h"

const char *const HOTRELOAD_EVENT = "HOTRELOAD_EVENT";

void hotreload_post_event(hotreload_event_t event, uint32_t sequence, const char *reason)
{
    hotreload_event_data_t data = {.sequence = sequence};
    if (reason != NULL) {
        strncpy(data.reason, reason, sizeof data.reason - 1);
    }
    hotreload_port_post_event(event, &data);
}

void hotreload_announce_upload(uint32_t sequence)
{
    hotreload_post_event(HOTRELOAD_EVENT_UPLOADED, sequence, NULL);
    hotreload_port_wake_worker();
}
