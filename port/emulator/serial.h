/*
 * Requests on the board's console: standard input and output of the program.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BOARD_SERIAL_H
#define BOARD_SERIAL_H

#include "linux.h"

/** What to wait for; its `socket` is negative, and so passed over, when nothing is read. */
linux_poll_t board_serial_wanted(void);

/** Reads and serves what has come, and notices time-outs; `happened` is of the poll. */
void board_serial_serve(const linux_poll_t *poll);

#endif
