/* SPDX-License-Identifier: MIT */
#ifndef INTERRUPT_H
#define INTERRUPT_H

/**
 * Raises interrupts whose handler calls a function that overwrites floating-point and boolean
 * registers: one of the firmware, then the same as a reloadable one. Prints for each in how many
 * calls it worked, and how many registers of the interrupted task changed.
 */
void check_registers_over_interrupts(void);

#endif
