/*
 * The work of automatic reloads, while the board waits.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BOARD_WORKER_H
#define BOARD_WORKER_H

#include <stdint.h>

/** How much of `milliseconds` may pass before board_worker_check() is due. */
int64_t board_worker_limit(int64_t milliseconds);

/** Works if it is time. */
void board_worker_check(void);

#endif
