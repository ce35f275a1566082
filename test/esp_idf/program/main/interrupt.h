/* SPDX-License-Identifier: MIT */
#ifndef INTERRUPT_H
#define INTERRUPT_H

/**
 * Raises interrupts whose handler calls a reloadable function that overwrites floating-point and
 * boolean registers. Prints how many of the interrupted task's registers changed.
 */
void check_registers_over_interrupts(void);

#endif
