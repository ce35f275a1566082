/*
 * Requests on the board's console: standard input and output of the program.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BOARD_SERIAL_H
#define BOARD_SERIAL_H

#include "linux.h"

/** What to wait for. Its `socket` is negative if nothing is read: poll() skips it. */
linux_poll_t board_serial_wanted(void);

/** Reads and serves what has arrived, and checks time-outs; `poll` is the result of the poll. */
void board_serial_serve(const linux_poll_t *poll);

#endif
