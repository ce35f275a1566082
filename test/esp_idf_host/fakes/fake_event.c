/* SPDX-License-Identifier: MIT */
#include "fake_event.h"

#include <stdlib.h>
#include <string.h>

#include "esp_event.h"

struct fake_event fake_event;

esp_err_t esp_event_post(esp_event_base_t event_base, int32_t event_id, const void *event_data,
                         size_t event_data_size, TickType_t ticks_to_wait)
{
    if (event_data_size > sizeof fake_event.data || ticks_to_wait != 0) {
        abort(); /* whoever posts may hold a lock that the event loop's task waits for */
    }
    fake_event.posted++;
    fake_event.base = event_base;
    fake_event.id = event_id;
    fake_event.size = event_data_size;
    memcpy(fake_event.data, event_data, event_data_size);
    return fake_event.result;
}
