/*
 * Calls that move the register window by four registers instead of the compiler's eight. Arguments
 * are in a2 and up for us, and in a6 and up for whom we call.
 *
 * SPDX-License-Identifier: MIT
 */
    .macro begin name
    .section .text.\name, "ax", @progbits
    .literal_position
    .balign 4
    .globl \name
    .type \name, @function
\name:
    entry a1, 32
    .endm

    /* unsigned call4_to_0(void), ..., call4_to_3(int, int, int): call the stub by its name. */
    begin call4_to_0
    call4 windowed_0
    mov a2, a6
    retw

    begin call4_to_1
    mov a6, a2
    call4 windowed_1
    mov a2, a6
    retw

    begin call4_to_2
    mov a6, a2
    mov a7, a3
    call4 windowed_2
    mov a2, a6
    retw

    begin call4_to_3
    mov a6, a2
    mov a7, a3
    mov a8, a4
    call4 windowed_3
    mov a2, a6
    retw

    /* unsigned call4_by_address(function, int, int, int) */
    begin call4_by_address
    mov a6, a3
    mov a7, a4
    mov a8, a5
    callx4 a2
    mov a2, a6
    retw

    /* unsigned call4_keeps(void): what is in a0 to a3 is still there after a call. */
    begin call4_keeps
    movi a2, 1000
    movi a3, 200
    movi a6, 1
    movi a7, 2
    movi a8, 3
    call4 windowed_3
    add a2, a2, a3
    retw
