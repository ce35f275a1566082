/* SPDX-License-Identifier: MIT */
#include "subject.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>

static int calls;
static int constructed_at = -1;

__attribute__((constructor)) static void construct(void)
{
    constructed_at = calls;
}

int subject_count(void)
{
    return calls++;
}

int64_t subject_digits(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j)
{
    const int digits[] = {a, b, c, d, e, f, g, h, i, j};
    int64_t number = 0;
    for (size_t n = 0; n < sizeof digits / sizeof digits[0]; n++) {
        number = number * 10 + digits[n];
    }
    return number;
}

subject_pair_t subject_swap(subject_pair_t pair)
{
    return (subject_pair_t){.first = pair.second, .second = pair.first};
}

subject_block_t subject_shift(subject_block_t block, int by)
{
    for (size_t n = 0; n < sizeof block.values / sizeof block.values[0]; n++) {
        block.values[n] += by;
    }
    return block;
}

int subject_sum(int count, ...)
{
    int sum = 0;
    va_list arguments;
    va_start(arguments, count);
    while (count-- > 0) {
        sum += va_arg(arguments, int);
    }
    va_end(arguments);
    return sum;
}

int64_t subject_divide(int64_t dividend, int64_t divisor)
{
    return dividend / divisor;
}

double subject_scale(float value, double by)
{
    return value * by;
}

int subject_twice(int value)
{
    return 2 * value;
}

int subject_apply(subject_function_t function, int value)
{
    return function(value);
}

subject_function_t subject_get_twice(void)
{
    return subject_twice;
}

const char *subject_name(int index)
{
    static const char *const names[] = {"zero", "one", "two"};
    if (index < 0 || (size_t)index >= sizeof names / sizeof names[0]) {
        return "none";
    }
    return names[index];
}

int subject_switch(int which)
{
    switch (which) {
    case 0:
        return 17;
    case 1:
        return subject_twice(4);
    case 2:
        return calls;
    case 3:
        return -1;
    case 4:
        return constructed_at;
    case 5:
        return 1 << 20;
    default:
        return 99;
    }
}

void subject_set_errno(int value)
{
    errno = value;
}

int subject_get_errno(void)
{
    return errno;
}

bool subject_is_constructed(void)
{
    return constructed_at == 0;
}

const void *subject_variable(void)
{
    return &calls;
}
