/*
 * The timer of a new module's trial. It runs while the board waits.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BOARD_TRIAL_TIMER_H
#define BOARD_TRIAL_TIMER_H

#include <stdint.h>

/** How much of `milliseconds` may pass before board_trial_check() is due. */
int64_t board_trial_limit(int64_t milliseconds);

/** Ends the trial if its time has passed. */
void board_trial_check(void);

#endif
