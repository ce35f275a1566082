/*
 * Reloadable functions for calls from assembly, and a thread-local variable of the firmware.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef WINDOWED_H
#define WINDOWED_H

/** Every argument has another weight in the result. */
unsigned windowed_0(void);
unsigned windowed_1(int a);
unsigned windowed_2(int a, int b);
unsigned windowed_3(int a, int b, int c);

/** Writes down f0 to f15, BR, ACCLO and ACCHI; absent where a core has no such registers. */
void windowed_registers(unsigned seen[19]);

/** Sets the firmware's thread-local variable; returns what it was. */
int windowed_thread_swap(int next);

#endif
