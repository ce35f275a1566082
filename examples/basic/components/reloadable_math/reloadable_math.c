/* SPDX-License-Identifier: MIT */
#include "reloadable_math.h"

int reloadable_add(int a, int b)
{
    return a + b;
}

int reloadable_multiply(int a, int b)
{
    return a * b;
}
