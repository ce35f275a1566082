/*
 * Writes uploads that were received into RAM to the flash, while the board waits.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BOARD_SETTLE_TIMER_H
#define BOARD_SETTLE_TIMER_H

#include <stdint.h>

/** Call after the answer to a finished upload was sent. */
void board_settle_begin(void);

/** How long the board may wait: `milliseconds`, or less if a sector must be written sooner. */
int64_t board_settle_limit(int64_t milliseconds);

/** Writes the next sector if its time has come. */
void board_settle_check(void);

#endif
