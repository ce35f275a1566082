/*
 * The firmware of the golden test: only linked, for its symbols; never run.
 *
 * SPDX-License-Identifier: MIT
 */
#include "firmware.h"

int firmware_counter;
const char firmware_name[16] = "golden";
unsigned firmware_table[8] = {1, 2, 3, 4, 5, 6, 7, 8};

int firmware_add(int a, int b)
{
    return a + b + firmware_counter;
}

int firmware_log(const char *format, ...)
{
    return format[0];
}

_Noreturn void hotreload_missing(unsigned slot)
{
    firmware_counter = (int)slot;
    for (;;) {
    }
}
