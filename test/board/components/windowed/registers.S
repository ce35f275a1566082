/* SPDX-License-Identifier: MIT */
    /* void windowed_registers(unsigned seen[19]): the floating-point registers, the boolean ones,
       the accumulator. */
    .section .text.windowed_registers, "ax", @progbits
    .balign 4
    .globl windowed_registers
    .type windowed_registers, @function
windowed_registers:
    entry a1, 32
    .irp register, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    ssi f\register, a2, \register * 4
    .endr
    rsr.br a8
    s32i a8, a2, 64
    rsr.acclo a8
    s32i a8, a2, 68
    rsr.acchi a8
    s32i a8, a2, 72
    retw
    .size windowed_registers, . - windowed_registers
