/*
 * Stopping the other core: one_core.c or two_cores.c.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_ESP_IDF_TASKS_H
#define HOTRELOAD_ESP_IDF_TASKS_H

/**
 * Calls `action` with interrupts off while the other core, if there is one, stands still in a task
 * of ESP-IDF's: so every other task of the program has been switched out, with its registers on its
 * stack.
 */
void hotreload_stop_others(void (*action)(void *context), void *context);

#endif
