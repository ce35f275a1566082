/* SPDX-License-Identifier: MIT */
#ifndef STEPS_H
#define STEPS_H

#include <stdbool.h>

/** Prints a line with a count. */
void step_once(void);

/** Steps until the firmware wants its task back. */
void step_on(void);

/** Functions of the firmware. */
void wait_for_next_round(void);
bool goes_on(void);

#endif
