/*
 * Memory for modules, of the port for tests with threads.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef THREAD_MEMORY_H
#define THREAD_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/** Nothing may be alive; `limit`: bytes of all regions together. */
void thread_memory_begin(size_t limit);
void thread_memory_expect_idle(void);

/** The live text region that begins at a run address, synchronised; else the program ends. */
const uint8_t *thread_memory_text(uint32_t run, size_t *size);

/** The live data region that begins with this word; else the program ends. */
const uint8_t *thread_memory_data(uint32_t first_word, size_t *size);

/** Ends the program if a slot of the table leads neither to live text nor to its missing handler.
 */
void thread_memory_check_table(void);

#endif
