/*
 * The emulated board: what an application for it calls besides hotreload.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

#include "hotreload.h"
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

/**
 * Gets events of hotreload. It is called while the board waits, and may call hotreload.
 *
 * @param data  valid during the call
 */
typedef void (*board_event_handler_t)(hotreload_event_t event, const hotreload_event_data_t *data,
                                      void *context);

/** Sets the handler of all events from now on; NULL: events are lost, as before the first call. */
void board_on_event(board_event_handler_t handler, void *context);

/**
 * Waits. Meanwhile the board serves HTTP and the console, reloads if it is to do so by itself, and
 * delivers events. All this happens at no other time.
 */
void board_delay_ms(uint32_t milliseconds);

#endif
