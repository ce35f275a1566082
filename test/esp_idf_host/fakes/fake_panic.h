/*
 * A panic: the console, the flash cache, and a stack in the chip's memory.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_PANIC_H
#define FAKE_PANIC_H

#include <stdbool.h>
#include <stdint.h>

/** What was printed, "[registers]" and "[backtrace]" for what the real functions print. */
extern char fake_console[2048];

extern bool fake_cache_is_off;

/** Called for every text that is printed; NULL: nothing. */
extern void (*fake_on_print)(void);

#define FAKE_STACK_SIZE 0x1000u

/** The stack's first address; zeros. The chip has no memory behind it. */
uint32_t fake_stack(void);

/** A word of the stack. */
void fake_stack_set(uint32_t address, uint32_t value);

#endif
