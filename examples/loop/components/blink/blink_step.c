/* Change this function while the loop runs. SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "blink.h"

static unsigned lit;

void blink_step(unsigned round)
{
    lit += round % 2;
    printf("uptime %u: blink, lit %u times\n", round, lit);
}
