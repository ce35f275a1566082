/*
 * Fake of ESP-IDF: only what port/esp_idf calls, with the prototypes of the real one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_ESP_DEBUG_HELPERS_H
#define FAKE_ESP_DEBUG_HELPERS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint32_t pc;
    uint32_t sp;
    uint32_t next_pc;
    const void *exc_frame;
} esp_backtrace_frame_t;

bool esp_backtrace_get_next_frame(esp_backtrace_frame_t *frame);

#endif
