/*
 * Fake of ESP-IDF: only what port/esp_idf calls, with the prototypes of the real one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_ESP_EVENT_H
#define FAKE_ESP_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"
#include "freertos/FreeRTOS.h"

typedef const char *esp_event_base_t;

/* As in ESP-IDF: both declarations of the base must agree. */
#define ESP_EVENT_DECLARE_BASE(id) extern esp_event_base_t const id

esp_err_t esp_event_post(esp_event_base_t event_base, int32_t event_id, const void *event_data,
                         size_t event_data_size, TickType_t ticks_to_wait);

#endif
