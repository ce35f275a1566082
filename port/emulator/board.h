/*
 * The emulated board: what an application for it calls besides hotreload.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

#include "options.h"

/**
 * Reads the command line and sets the board up; call first. A wrong command line ends the program
 * with a message and BOARD_EXIT_USAGE; --help explains it.
 *
 * @param argc, argv  as main() got them; kept
 */
void board_init(int argc, char **argv);

/** Milliseconds since board_init(). */
uint32_t board_uptime_ms(void);

/** Waits, and serves HTTP and the console meanwhile. They run at no other time. */
void board_delay_ms(uint32_t milliseconds);

#endif
