/* Chips whose interrupts may not use floating point. SPDX-License-Identifier: MIT */
#include "interrupt.h"

void check_registers_over_interrupts(void)
{
}
