/*
 * thread_local.c as a compiler with native thread-local storage (Espressif's) translates it; that
 * of dc233c only emulates it.
 *
 * SPDX-License-Identifier: MIT
 */
    .section .text.thread_local_swap, "ax", @progbits
    .literal_position
    .literal .Lerrno_offset, errno@TPOFF
    .balign 4
    .globl thread_local_swap
    .type thread_local_swap, @function
thread_local_swap:
    entry a1, 32
    rur.threadptr a8
    l32r a9, .Lerrno_offset
    add a8, a8, a9
    mov a9, a2
    l32i a2, a8, 0
    s32i a9, a8, 0
    retw
    .size thread_local_swap, . - thread_local_swap
