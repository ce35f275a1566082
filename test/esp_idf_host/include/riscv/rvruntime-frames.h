/*
 * Fake of ESP-IDF: only what port/esp_idf calls, with the prototypes of the real one. `long` has
 * the size that it has on the chip.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_RISCV_RVRUNTIME_FRAMES_H
#define FAKE_RISCV_RVRUNTIME_FRAMES_H

#include <stdint.h>

typedef struct {
    int32_t mepc, ra, sp, gp, tp, t0, t1, t2, s0, s1;
    int32_t a0, a1, a2, a3, a4, a5, a6, a7;
    int32_t s2, s3, s4, s5, s6, s7, s8, s9, s10, s11;
    int32_t t3, t4, t5, t6;
    int32_t mstatus, mtvec, mcause, mtval, mhartid;
} RvExcFrame;

#endif
