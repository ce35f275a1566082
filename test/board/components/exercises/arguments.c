/* SPDX-License-Identifier: MIT */
#include "exercises.h"

/* Every argument has another weight, so that none can take the place of another. */
static unsigned weigh(const int *arguments, unsigned count)
{
    unsigned sum = count;
    for (unsigned i = 0; i < count; i++) {
        sum = sum * 31 + (unsigned)arguments[i];
    }
    return sum;
}

#define WEIGH(...)                                                                                 \
    weigh((const int[]){__VA_ARGS__}, sizeof((const int[]){__VA_ARGS__}) / sizeof(int))

unsigned exercise_0(void)
{
    return weigh((const int[]){0}, 0);
}

unsigned exercise_1(int a)
{
    return WEIGH(a);
}

unsigned exercise_2(int a, int b)
{
    return WEIGH(a, b);
}

unsigned exercise_3(int a, int b, int c)
{
    return WEIGH(a, b, c);
}

unsigned exercise_4(int a, int b, int c, int d)
{
    return WEIGH(a, b, c, d);
}

unsigned exercise_5(int a, int b, int c, int d, int e)
{
    return WEIGH(a, b, c, d, e);
}

unsigned exercise_6(int a, int b, int c, int d, int e, int f)
{
    return WEIGH(a, b, c, d, e, f);
}

unsigned exercise_7(int a, int b, int c, int d, int e, int f, int g)
{
    return WEIGH(a, b, c, d, e, f, g);
}

unsigned exercise_8(int a, int b, int c, int d, int e, int f, int g, int h)
{
    return WEIGH(a, b, c, d, e, f, g, h);
}

unsigned exercise_9(int a, int b, int c, int d, int e, int f, int g, int h, int i)
{
    return WEIGH(a, b, c, d, e, f, g, h, i);
}

unsigned exercise_10(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j)
{
    return WEIGH(a, b, c, d, e, f, g, h, i, j);
}

unsigned exercise_11(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j, int k)
{
    return WEIGH(a, b, c, d, e, f, g, h, i, j, k);
}

unsigned exercise_12(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j, int k,
                     int l)
{
    return WEIGH(a, b, c, d, e, f, g, h, i, j, k, l);
}
