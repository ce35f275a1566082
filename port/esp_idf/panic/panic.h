/*
 * What a panic says of modules: whether its code, or what called it, lies in one.
 *
 * Called while ESP-IDF handles a panic: no locks, no heap, no printf, and no read that could fault.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_PANIC_H
#define HOTRELOAD_PANIC_H

#include <stdbool.h>
#include <stdint.h>

/**
 * Whether anything may be said: not while the flash, which holds this code and its words, cannot be
 * read, and not again after saying it has faulted.
 */
bool hotreload_panic_begin(void);

/** Says where an address lies in a module. @return false: in none, nothing was said */
bool hotreload_panic_say(const char *name, uint32_t address);

void hotreload_panic_end(void);

#endif
