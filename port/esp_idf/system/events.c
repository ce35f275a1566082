/*
 * Events, by ESP-IDF's default event loop.
 *
 * SPDX-License-Identifier: MIT
 */
#include "esp_event.h"
#include "port.h"

void hotreload_port_post_event(hotreload_event_t event, const hotreload_event_data_t *data)
{
    /* An error: the application has not created the loop, or does not keep up. */
    (void)esp_event_post(HOTRELOAD_EVENT, event, data, sizeof *data, 0);
}
