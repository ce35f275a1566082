/*
 * How a function that changes what runs begins and ends.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_CHANGE_H
#define HOTRELOAD_CHANGE_H

#include <stdbool.h>

#include "loader/in_use.h"
#include "reason.h"

/** Takes HOTRELOAD_LOCK_MODULE and notes who called: HOTRELOAD_CALLER(). */
void hotreload_begin_change(hotreload_caller_t caller);

/** Tells whether something is being loaded, unloaded or marked at this moment. Any task. */
bool hotreload_is_changing(void);

/** Releases the lock; what the status says of the last call stays. */
void hotreload_end_change_silently(void);

/**
 * Releases the lock. Log, status and an event get the reason of a failure.
 *
 * @param what  for the log: what failed
 * @param reason  with ESP_OK: what the status says all the same; or empty
 * @return `error`
 */
esp_err_t hotreload_end_change(esp_err_t error, const char *what, const hotreload_reason_t *reason);

#endif
