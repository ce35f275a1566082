/* SPDX-License-Identifier: MIT */
#include "steps.h"

#include <stdio.h>

static unsigned count;

void step_once(void)
{
    printf("version %d, count %u\n", 1, count++);
}

void step_on(void)
{
    while (goes_on()) {
        step_once();
        wait_for_next_round();
    }
}
