/*
 * Fake of ESP-IDF: only what port/esp_idf calls, with the prototypes of the real one. `long` has
 * the size that it has on the chip.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_XTENSA_XTENSA_CONTEXT_H
#define FAKE_XTENSA_XTENSA_CONTEXT_H

#include <stdint.h>

typedef struct {
    int32_t exit, pc, ps;
    int32_t a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15;
    int32_t sar;
} XtExcFrame;

typedef struct {
    int32_t exit, pc, ps, threadptr;
} XtSolFrame;

#endif
