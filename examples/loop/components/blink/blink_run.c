/* The loop goes on in this function for ever, whatever is reloaded. SPDX-License-Identifier: MIT */
#include "blink.h"

void blink_run(void)
{
    for (unsigned round = 0;; round++) {
        blink_step(round);
        wait_for_next_round();
    }
}
