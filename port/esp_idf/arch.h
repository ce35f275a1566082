/*
 * What differs between instruction sets below port.h: arch_riscv.c and arch_xtensa.c.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_ESP_IDF_ARCH_H
#define HOTRELOAD_ESP_IDF_ARCH_H

/** Finishes all writes before this core fetches its next instruction. */
void hotreload_arch_fence(void);

#endif
