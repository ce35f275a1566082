/*
 * Calling a function on the other core: core_call_nonblocking.c, or core_call_waiting.c for
 * versions of ESP-IDF that cannot do that.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_ESP_IDF_CORE_CALL_H
#define HOTRELOAD_ESP_IDF_CORE_CALL_H

#include <stdbool.h>

/**
 * Has the other core's task of esp_ipc call a function with NULL, at the highest priority. Returns
 * before the call has ended. Not from an ISR, nor with the scheduler suspended.
 *
 * @return false: it cannot be called now
 */
bool hotreload_call_on_other_core(void (*function)(void *unused));

#endif
