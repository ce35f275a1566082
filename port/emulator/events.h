/*
 * Events of hotreload on the board, in the place of ESP-IDF's event loop.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BOARD_EVENTS_H
#define BOARD_EVENTS_H

/** Calls the application's handler for each event that has come. */
void board_events_deliver(void);

#endif
