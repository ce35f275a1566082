/* SPDX-License-Identifier: MIT */
#ifndef FAKE_FREERTOS_H
#define FAKE_FREERTOS_H

#include <stdint.h>

/** What xTaskGetTickCount() returns; 100 a second. Only tests move it. */
extern _Atomic uint32_t fake_ticks;

extern unsigned fake_mutexes_created;

#endif
