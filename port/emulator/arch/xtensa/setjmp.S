/*
 * setjmp() and longjmp() for windows of registers: newlib 3 has none for Xtensa, and the chips have
 * theirs in ROM. Both first make the processor write the windows of all callers to their stacks.
 * Then what the caller's window needs to come back from its stack is copied from there, or to there:
 *   buffer + 0   a0 to a3 of the caller
 *   buffer + 16  its a4 to a7, after call12 its a8 to a11
 *   buffer + 32  its a4 to a7 after call12
 *   buffer + 48  a0 to a3 of the caller's caller: alloca() may have moved them
 *   buffer + 64  the return address, whose upper two bits say how far the window moved
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
    call8 __xtensa_libgcc_window_spill
    .endm

    .macro copy_four from, offset_from, to, offset_to
    .irp word, 0, 4, 8, 12
    l32i a8, \from, \offset_from + \word
    s32i a8, \to, \offset_to + \word
    .endr
    .endm

    /* int setjmp(jmp_buf buffer) */
    begin setjmp
    addi a3, a1, -16
    copy_four a3, 0, a2, 0
    l32i a3, a2, 4
    addi a3, a3, -16 /* below the caller's stack pointer */
    copy_four a3, 0, a2, 48
    l32i a3, a2, 52
    addi a3, a3, -32 /* below that of its caller */
    extui a4, a0, 30, 2
    blti a4, 2, .Lsaved
    copy_four a3, 0, a2, 16
    blti a4, 3, .Lsaved
    addi a3, a3, -16
    copy_four a3, 0, a2, 32
.Lsaved:
    s32i a0, a2, 64
    movi a2, 0
    retw
    .size setjmp, . - setjmp

    /* void longjmp(jmp_buf buffer, int value) */
    begin longjmp
    l32i a0, a2, 64
    l32i a5, a2, 4
    addi a5, a5, -16 /* our new stack pointer; above it, below the caller's, 16 bytes */
    copy_four a2, 48, a5, 0
    addi a6, a5, -16
    copy_four a2, 0, a6, 0
    l32i a6, a2, 52
    addi a6, a6, -32
    extui a4, a0, 30, 2
    blti a4, 2, .Lrestored
    copy_four a2, 16, a6, 0
    blti a4, 3, .Lrestored
    addi a6, a6, -16
    copy_four a2, 32, a6, 0
.Lrestored:
    movi a2, 1
    movnez a2, a3, a3
    mov a1, a5
    retw
    .size longjmp, . - longjmp
