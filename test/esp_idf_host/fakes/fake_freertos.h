/* SPDX-License-Identifier: MIT */
#ifndef FAKE_FREERTOS_H
#define FAKE_FREERTOS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/** What xTaskGetTickCount() returns, and the clock of esp_timer; 100 a second. Only tests move it.
 */
extern _Atomic uint32_t fake_ticks;

/** Called by vTaskDelay(): what other tasks do meanwhile; NULL: nothing. */
extern void (*fake_on_delay)(void);

extern unsigned fake_mutexes_created;

/** What xTaskCreatePinnedToCore() got last, and whether it fails. The task is a thread. */
extern struct fake_pinned {
    const char *name;
    uint32_t stack_size;
    unsigned priority;
    int core;
    bool fails;
    pthread_t thread;
} fake_pinned;

#endif
