/*
 * Instruction fetch below port.h: of one core, arch_riscv.c and arch_xtensa.c, and of all that run,
 * cores_one.c and cores_two.c.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_ESP_IDF_ARCH_H
#define HOTRELOAD_ESP_IDF_ARCH_H

/** Finishes all writes before this core fetches its next instruction. */
void hotreload_arch_fence(void);

/** The same as a callback of esp_ipc_isr_asm_call_blocking(); in RAM, called from nowhere else. */
void hotreload_arch_fence_isr(void *unused);

/**
 * Finishes all writes of this core before any core fetches its next instruction. After caches were
 * synchronised. Any task; also before the scheduler runs.
 */
void hotreload_cores_fence(void);

#endif
