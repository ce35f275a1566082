/*
 * The board's panic handler.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BOARD_CRASH_H
#define BOARD_CRASH_H

/** From now on, a fault of the program prints where it happened. */
void board_crash_init(void);

#endif
