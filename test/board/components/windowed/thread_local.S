/*
 * SPDX-License-Identifier: MIT
 */
    /* int windowed_thread_swap(int next) */
    .section .text.windowed_thread_swap, "ax", @progbits
    .literal_position
    .literal .Loffset, firmware_thread_value@TPOFF
    .balign 4
    .globl windowed_thread_swap
    .type windowed_thread_swap, @function
windowed_thread_swap:
    entry a1, 32
    rur.threadptr a8
    l32r a9, .Loffset
    add a8, a8, a9
    l32i a9, a8, 0
    s32i a2, a8, 0
    mov a2, a9
    retw
    .size windowed_thread_swap, . - windowed_thread_swap
