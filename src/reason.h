/*
 * Why something failed, in words for the log, `GET /status` and the answer to an upload.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_REASON_H
#define HOTRELOAD_REASON_H

#include "hotreload.h"
#include "message_number.h"

/** A sentence without a full stop; empty when nothing failed. */
typedef struct {
    char text[128];
} hotreload_reason_t;

/**
 * Writes the reason (what is wrong, and what to do) and returns `error`, so that a check can say
 * `return hotreload_fail(reason, ESP_ERR_..., ...)`. A longer text is cut.
 *
 * @param reason  gets the text
 * @param error   returned as it is: an esp_err_t, an HTTP status, or ESP_OK for a warning
 * @param format  as for printf; no floating point, no 64-bit conversions
 */
esp_err_t hotreload_fail(hotreload_reason_t *reason, esp_err_t error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Writes "message N" instead: the option CONFIG_HOTRELOAD_SHORT_MESSAGES. */
esp_err_t hotreload_fail_short(hotreload_reason_t *reason, esp_err_t error, unsigned number);

#ifdef HOTRELOAD_SHORT_MESSAGES
#define HOTRELOAD_FIRST(first, ...) first
/* In sizeof, the other arguments are checked and not computed. */
#define hotreload_fail(reason, error, ...)                                                         \
    ((void)sizeof(hotreload_fail(reason, error, __VA_ARGS__)),                                     \
     hotreload_fail_short(reason, error,                                                           \
                          HOTRELOAD_MESSAGE_NUMBER(HOTRELOAD_FIRST(__VA_ARGS__, 0))))
#endif

/** Empties it. In place of `= {0}`, which clears 128 bytes. */
static inline void hotreload_reason_clear(hotreload_reason_t *reason)
{
    reason->text[0] = '\0';
}

#endif
