/* SPDX-License-Identifier: MIT */
    /* void keep_registers(const unsigned set[17], unsigned seen[17], unsigned interrupt): sets the
       registers, raises the interrupts of a mask, and says what the registers are then. */
    .section .text.keep_registers, "ax", @progbits
    .balign 4
    .globl keep_registers
    .type keep_registers, @function
keep_registers:
    entry a1, 32
    .irp register, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    lsi f\register, a2, \register * 4
    .endr
    l32i a8, a2, 64
    wsr.br a8
    wsr.intset a4
    rsync
    .irp register, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    ssi f\register, a3, \register * 4
    .endr
    rsr.br a8
    s32i a8, a3, 64
    retw
    .size keep_registers, . - keep_registers

/* The module's function, as one of the firmware. */
#define overwrite_registers overwrite_here
#include "../components/registers/overwrite.S"
