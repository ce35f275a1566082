/*
 * The part of an upload that comes after its answer: what was received into RAM goes to the flash.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_SETTLE_H
#define HOTRELOAD_SETTLE_H

#include <stdbool.h>

/**
 * Writes the next piece, one sector at most, of a module that waits in RAM. Log and status say how
 * it ended. Any task.
 *
 * @return whether there is more to write
 */
bool hotreload_settle_piece(void);

/** Writes all of it: nothing waits any more then. Any task. */
void hotreload_settle_all(void);

#endif
