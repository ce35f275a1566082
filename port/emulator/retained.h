/*
 * The RAM of the board that a restart does not clear.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BOARD_RETAINED_H
#define BOARD_RETAINED_H

/** Reads what the last run has kept, and clears it for this run. */
void board_retained_init(void);

#endif
