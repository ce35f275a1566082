/*
 * The command line of the emulated board.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BOARD_OPTIONS_H
#define BOARD_OPTIONS_H

#include "board.h"

/**
 * Reads the command line into `options`, which holds the defaults. Ends the program after --help
 * (0) and after a mistake (BOARD_EXIT_USAGE), with a message.
 */
void board_options_parse(int argc, char **argv, board_options_t *options);

#endif
