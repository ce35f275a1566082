/* SPDX-License-Identifier: MIT */
#include "windowed.h"

unsigned windowed_0(void)
{
    return 7000;
}

unsigned windowed_1(int a)
{
    return 7000u + (unsigned)a;
}

unsigned windowed_2(int a, int b)
{
    return 7000u + (unsigned)(a + 10 * b);
}

unsigned windowed_3(int a, int b, int c)
{
    return 7000u + (unsigned)(a + 10 * b + 100 * c);
}
