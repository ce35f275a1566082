/*
 * Stopping the other core: one_core.c or two_cores.c.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_ESP_IDF_TASKS_H
#define HOTRELOAD_ESP_IDF_TASKS_H

#include "esp_err.h"

/**
 * Calls `action` with interrupts off while the other core, if there is one, stands still in a task
 * of ESP-IDF's: so every other task of the program has been switched out, with its registers on its
 * stack. No two tasks call this at once.
 *
 * @param action  gets the context and the task that stands still; NULL: there is none
 * @return ESP_OK; ESP_ERR_TIMEOUT: the other core did not stop, `action` was not called
 */
esp_err_t hotreload_stop_others(void (*action)(void *context, const void *holder), void *context);

#endif
