/*
 * The table: one address per export, read by the stubs. Generated together with the stubs.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_TABLE_H
#define HOTRELOAD_TABLE_H

#include <stdint.h>

/** Layout known to tools/hotreload/module/stubs.py, which writes it in assembly. */
typedef struct {
    uint32_t count;
    uint32_t *slots;         /**< run addresses that the stubs jump to; never 0 */
    const uint32_t *missing; /**< what a slot holds without a module: a function that says so */
    const char *names;       /**< the exports' names, sorted as bytes, NUL after each; then the
                                  word for a function without a name */
    uint32_t slot_count;     /**< those of the exports, then those of static functions */
} hotreload_table_t;

/** The firmware's table. */
extern const hotreload_table_t hotreload_firmware_table;

/**
 * Called by a stub when no module is loaded: stops the program and names the function.
 *
 * @param slot  index into the firmware's table
 */
_Noreturn void hotreload_missing(uint32_t slot);

#endif
