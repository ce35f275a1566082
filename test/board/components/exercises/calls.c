/* SPDX-License-Identifier: MIT */
#include "exercises.h"

#include <stdarg.h>
#include <string.h>

double exercise_mixed_arguments(int8_t a, int64_t b, float c, double d, uint16_t e, int64_t f,
                                const char *g, double h, int i, int64_t j)
{
    return a + 2.0 * (double)b + 3.0 * c + 5.0 * d + 7.0 * e + 11.0 * (double)f +
           13.0 * (double)strlen(g) + 17.0 * h + 19.0 * i + 23.0 * (double)j;
}

point_t exercise_small_struct(point_t point, int factor)
{
    return (point_t){.x = (int16_t)(point.y * factor), .y = (int16_t)(point.x * factor)};
}

large_t exercise_large_struct(large_t large, int factor)
{
    for (unsigned i = 0; i < 12; i++) {
        large.values[i] *= factor;
    }
    large.scale /= 2;
    return large;
}

int64_t exercise_variadic(int count, ...)
{
    va_list arguments;
    va_start(arguments, count);
    int64_t sum = 0;
    for (int i = 0; i < count; i++) {
        sum += va_arg(arguments, int64_t);
    }
    va_end(arguments);
    return sum;
}

int64_t exercise_calls_variadic(void)
{
    return firmware_sum("isldislidi", 1, "two", 3333333333333LL, 4.25, 5, "six six", -77LL, 8, 1e10,
                        10);
}

int exercise_callback(operation_t operation, int a, int b)
{
    return operation(a, b) + operation(b, a) * 1000;
}

static int multiply(int a, int b)
{
    return a * b;
}

int exercise_subtract(int a, int b)
{
    return a - b;
}

operation_t exercise_operation(int which)
{
    return which == 0 ? multiply : exercise_subtract;
}

static const void *const table[] = {(const void *)exercise_variadic,
                                    (const void *)exercise_subtract};

void exercise_addresses(const void *addresses[2])
{
    addresses[0] = (const void *)exercise_10;
    addresses[1] = table[1];
}

int exercise_recursion(int depth, int (*self)(int, void *), void *again)
{
    return depth == 0 ? 0 : depth + self(depth - 1, again);
}
