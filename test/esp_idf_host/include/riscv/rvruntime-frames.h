/*
 * Fake of ESP-IDF: only what port/esp_idf calls, with the prototypes of the real one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_RISCV_RVRUNTIME_FRAMES_H
#define FAKE_RISCV_RVRUNTIME_FRAMES_H

typedef struct {
    long mepc;
    long ra;
    long sp;
} RvExcFrame;

#endif
