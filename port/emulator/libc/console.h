/*
 * The board's serial console: standard output of the program.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BOARD_CONSOLE_H
#define BOARD_CONSOLE_H

/** Puts a character on the console. Lines go out whole, so that a reader never sees half of one. */
void board_console_put(char character);

/** Sends what is left of a line. */
void board_console_flush(void);

#endif
