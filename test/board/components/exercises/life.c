/* SPDX-License-Identifier: MIT */
#include "exercises.h"

#include <stdio.h>

static int initialised = 100;
static int zero;
static int constructed;

int exercise_count(void)
{
    zero++;
    return initialised++ + 1000 * zero;
}

__attribute__((constructor(101))) static void first(void)
{
    constructed = constructed * 10 + 1;
}

__attribute__((constructor(102))) static void second(void)
{
    constructed = constructed * 10 + 2;
    printf("constructor of version %d\n", exercise_marker());
}

__attribute__((destructor)) static void last(void)
{
    printf("destructor after %d calls\n", zero);
}

int exercise_constructed(void)
{
    return constructed;
}
