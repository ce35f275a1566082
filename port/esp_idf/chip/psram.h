/*
 * How the instruction bus sees PSRAM: psram.c needs it from psram_direct.c or psram_mmu.c.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_ESP_IDF_PSRAM_H
#define HOTRELOAD_ESP_IDF_PSRAM_H

#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"

/** What is mapped starts and ends on a multiple of this many bytes, a power of two. */
size_t hotreload_psram_unit(void);

/**
 * Makes PSRAM executable.
 *
 * @param write  its address on the data bus
 * @param size   bytes, a multiple of the unit
 * @param run    gets its address on the instruction bus
 * @return ESP_OK; another error: no room in the MMU
 */
esp_err_t hotreload_psram_map(void *write, size_t size, uint32_t *run);

/** Undoes hotreload_psram_map(). */
void hotreload_psram_unmap(uint32_t run);

#endif
