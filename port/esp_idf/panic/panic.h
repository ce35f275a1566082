/*
 * Words about modules in a panic: whether the code that failed, or its caller, lies in one.
 *
 * Thread context: ESP-IDF's panic handler. No locks, no heap, no printf, no read that could fault.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_PANIC_H
#define HOTRELOAD_PANIC_H

#include <stdbool.h>
#include <stdint.h>

/**
 * Whether words may be printed. Not while the flash cannot be read, which holds this code and its
 * strings, and not again after printing has faulted.
 */
bool hotreload_panic_begin(void);

/** Prints where in a module an address lies. @return false: in none, nothing was printed */
bool hotreload_panic_say(const char *name, uint32_t address);

void hotreload_panic_end(void);

#endif
