/*
 * What the files of this folder do for the rest of the port. chips.cmake says which of them a chip
 * takes.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_ESP_IDF_CHIP_H
#define HOTRELOAD_ESP_IDF_CHIP_H

#include <stddef.h>
#include <stdint.h>

#include "port.h"

/* ---- Memory for text ---- */

/**
 * Where a word of internal executable memory is written: address_same.c or address_dual_bus.c.
 *
 * @param run  the address at which it runs
 */
void *hotreload_write_address(void *run);

/**
 * Allocates text in PSRAM: psram.c or psram_none.c.
 *
 * @param size    bytes, a multiple of 4, not 0
 * @param align   of the run address, a power of two, at least 4
 * @param region  gets the memory; cleared after an error
 * @return ESP_OK; ESP_ERR_NO_MEM; ESP_ERR_NOT_SUPPORTED: the chip or the configuration cannot
 *         execute from PSRAM
 */
esp_err_t hotreload_psram_text_alloc(size_t size, size_t align, hotreload_region_t *region);
/** Logs why it is not supported. */
void hotreload_psram_explain_refusal(void);
/** Frees a region of hotreload_psram_text_alloc(). */
void hotreload_psram_text_free(const hotreload_region_t *region);

/* ---- Caches: cache_none.c, cache_rom.c or cache_msync.c ---- */

/**
 * Text must start and end on a multiple of this many bytes, so that synchronising the caches
 * touches no one else's data.
 *
 * @param psram  whether the text is in PSRAM
 */
size_t hotreload_cache_line(bool psram);

/** Writes text back to memory and lets the instruction caches of all cores forget it. */
esp_err_t hotreload_cache_sync(const hotreload_region_t *text);

/** Writes data in internal memory back from its cache, if it has one. */
void hotreload_cache_write_back(void *data, size_t size);

/** Rounds `size` up to a multiple of `unit`, a power of two; 0: it is too large. */
static inline size_t hotreload_round_up(size_t size, size_t unit)
{
    return (size + unit - 1) & ~(unit - 1);
}

/* ---- Instruction fetch: of one core, arch_riscv.c or arch_xtensa.c; of all, cores.c ---- */

/** Finishes all writes before this core fetches its next instruction. */
void hotreload_arch_fence(void);

/** As many as an architecture saves of a task. */
#define HOTRELOAD_SAVED_REGISTERS 32u

/**
 * Describes a task that FreeRTOS has switched out.
 *
 * @param saved      the top of its stack
 * @param registers  memory for those that may hold an address to go on at
 * @param task       gets its frame and its registers
 */
void hotreload_arch_show_saved(const uint32_t *saved, uint32_t *registers, hotreload_task_t *task);

/** Writes the register windows of the functions that called this one to the stack. */
void hotreload_arch_save_registers(void);

/** hotreload_arch_fence() as a callback of esp_ipc_isr_asm_call_blocking(); in RAM, called from
 * nowhere else. */
void hotreload_arch_fence_isr(void *unused);

/**
 * Finishes all writes of this core before any core fetches its next instruction. After caches were
 * synchronised. Any task; also before the scheduler runs.
 */
void hotreload_cores_fence(void);

#endif
