/* SPDX-License-Identifier: MIT */
#include "exercises.h"

#include <errno.h>
#include <stdlib.h>

int64_t exercise_divide(int64_t a, int64_t b)
{
    return a / b;
}

uint64_t exercise_remainder(uint64_t a, uint64_t b)
{
    return a % b;
}

double exercise_double(double a, double b)
{
    return (a + b) * (a - b) / 7.0;
}

float exercise_float(float a, int b)
{
    return a * 0.5f - (float)b;
}

const char *exercise_string(unsigned index)
{
    static const char *const strings[] = {"zero", "one", "", "three with\ta tab"};
    return strings[index];
}

/* Reads that an instruction bus may not allow, at every place in a word. */
unsigned exercise_constants(unsigned count)
{
    static const uint8_t bytes[] = {3, 1, 4, 1, 5, 9, 2};
    static const int16_t halves[] = {-27, 18, -28, 18, -28, 4, 5};
    unsigned sum = 0;
    for (unsigned i = 0; i < count; i++) {
        sum = sum * 31 + bytes[i];
        sum = sum * 31 + (unsigned)halves[i];
    }
    return sum;
}

/* Dense enough for a jump table. */
int exercise_switch(int selector)
{
    switch (selector) {
    case 0:
        return firmware_value;
    case 1:
        return abs(firmware_value) + 11;
    case 2:
        return exercise_weak() * 22;
    case 3:
        return exercise_firmware_value(33);
    case 4:
        return atoi("44");
    case 5:
        return -55;
    case 6:
        return exercise_marker() + 66;
    default:
        return -1;
    }
}

static int add(int a, int b)
{
    return a + b;
}

int exercise_function_table(unsigned index, int a, int b)
{
    static const operation_t operations[] = {add, exercise_subtract};
    return operations[index](a, b);
}

/* A constant pointer to firmware data, beside direct use of it. */
static int *const value_pointer = &firmware_value;

int exercise_firmware_value(int added)
{
    *value_pointer += added;
    return firmware_value;
}

__attribute__((weak)) int exercise_weak(void)
{
    return 3;
}

int exercise_errno(int next)
{
    int seen = errno;
    errno = next;
    return seen;
}

int exercise_errno_of_library(void)
{
    errno = 0;
    strtol("99999999999999999999", NULL, 10);
    return errno == ERANGE;
}
