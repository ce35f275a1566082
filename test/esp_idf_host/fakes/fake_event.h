/* SPDX-License-Identifier: MIT */
#ifndef FAKE_EVENT_H
#define FAKE_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"

/** The last event that was posted, and what esp_event_post() returns. */
extern struct fake_event {
    unsigned posted;
    const char *base;
    int32_t id;
    size_t size;
    char data[256];
    esp_err_t result;
} fake_event;

#endif
