/* SPDX-License-Identifier: MIT */
#ifndef REGISTERS_H
#define REGISTERS_H

/** f0 to f15, and the boolean registers as one word. */
#define REGISTERS 17

/** Reloadable: gives the registers other values. Returns f15. */
unsigned overwrite_registers(const unsigned values[REGISTERS]);

#endif
