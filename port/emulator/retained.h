/*
 * The RAM of the board that a restart does not clear.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BOARD_RETAINED_H
#define BOARD_RETAINED_H

/** Takes what the last run kept: from now on, what is there is of this run. */
void board_retained_init(void);

#endif
