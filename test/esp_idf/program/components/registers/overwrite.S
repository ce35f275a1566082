/* SPDX-License-Identifier: MIT */
    .section .text.overwrite_registers, "ax", @progbits
    .balign 4
    .globl overwrite_registers
    .type overwrite_registers, @function
overwrite_registers:
    entry a1, 32
    .irp register, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    lsi f\register, a2, \register * 4
    .endr
    l32i a8, a2, 64
    wsr.br a8
    rfr a2, f15
    retw
    .size overwrite_registers, . - overwrite_registers
