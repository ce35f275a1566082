/* SPDX-License-Identifier: MIT */
#ifndef BLINK_H
#define BLINK_H

/** Blinks for ever. */
_Noreturn void blink_run(void);

/** One round of it. */
void blink_step(unsigned round);

/** Waits for the next round; the firmware has it. */
void wait_for_next_round(void);

#endif
