/* SPDX-License-Identifier: MIT */
#ifndef EXERCISE_H
#define EXERCISE_H

/** Calls every reloadable function and prints a line `NAME: RESULT` for each. */
void exercise_all(void);

#endif
