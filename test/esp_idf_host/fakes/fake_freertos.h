/* SPDX-License-Identifier: MIT */
#ifndef FAKE_FREERTOS_H
#define FAKE_FREERTOS_H

#include <stdint.h>

/** What xTaskGetTickCount() returns; 100 a second. Only tests move it. */
extern _Atomic uint32_t fake_ticks;

/** Called by vTaskDelay(): what other tasks do meanwhile; NULL: nothing. */
extern void (*fake_on_delay)(void);

extern unsigned fake_mutexes_created;

#endif
