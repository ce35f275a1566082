/*
 * Thread-local variables as a compiler for the chips translates them.
 *
 * SPDX-License-Identifier: MIT
 */
    .section .tdata, "awT", @progbits
    .balign 4
    .globl firmware_thread_first
    .type firmware_thread_first, @object
    .size firmware_thread_first, 4
firmware_thread_first:
    .word 11

    .globl firmware_thread_value
    .type firmware_thread_value, @object
    .size firmware_thread_value, 4
firmware_thread_value:
    .word 22

    /* int firmware_thread_swap(int next) */
    .section .text.firmware_thread_swap, "ax", @progbits
    .literal_position
    .literal .Loffset, firmware_thread_value@TPOFF
    .balign 4
    .globl firmware_thread_swap
    .type firmware_thread_swap, @function
firmware_thread_swap:
    entry a1, 32
    rur.threadptr a8
    l32r a9, .Loffset
    add a8, a8, a9
    l32i a9, a8, 0
    s32i a2, a8, 0
    mov a2, a9
    retw
    .size firmware_thread_swap, . - firmware_thread_swap
