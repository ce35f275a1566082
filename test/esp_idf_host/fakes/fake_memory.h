/*
 * What fake_heap.c, fake_psram.c and fake_cache.c tell each other.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_MEMORY_H
#define FAKE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_PSRAM_SIZE 0x100000u

/** Where each bus sees PSRAM; 0: nowhere. */
extern const uintptr_t fake_psram_data, fake_psram_code;

/** Gives the host memory at a chip's address and, if another, at its alias. */
void fake_memory_map(uintptr_t address, uintptr_t alias, size_t size);

/** True when all of a range of the data bus belongs to one block of the heap. */
bool fake_memory_is_one_block(uintptr_t address, size_t size);

void fake_psram_map(void);
void fake_psram_reset(void);

/** Moves a range of PSRAM from the view of the data bus to the chip. @return false: not PSRAM */
bool fake_psram_write_back(uintptr_t address, size_t size);
/** Moves a range of PSRAM from the chip to the view of the instruction bus. */
bool fake_psram_invalidate(uintptr_t address, size_t size);

#endif
