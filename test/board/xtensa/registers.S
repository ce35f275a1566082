/* SPDX-License-Identifier: MIT */
    /* void call_with_registers(const unsigned set[19], unsigned seen[19]): sets the floating-point
       registers, the boolean ones and the accumulator; the reloadable function says what they are. */
    .section .text.call_with_registers, "ax", @progbits
    .literal_position
    .balign 4
    .globl call_with_registers
    .type call_with_registers, @function
call_with_registers:
    entry a1, 32
    .irp register, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    lsi f\register, a2, \register * 4
    .endr
    l32i a8, a2, 64
    wsr.br a8
    l32i a8, a2, 68
    wsr.acclo a8
    l32i a8, a2, 72
    wsr.acchi a8
    mov a10, a3
    call8 windowed_registers
    retw
    .size call_with_registers, . - call_with_registers
