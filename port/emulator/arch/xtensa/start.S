/*
 * Where the kernel starts the program: sets up what compiled code takes for granted and goes on in
 * start.c. The kernel has loaded the segments, cleared .bss and given a stack.
 *
 * SPDX-License-Identifier: MIT
 */
    .section .text.start, "ax", @progbits
    .literal_position
    .balign 4
    .globl _start
    .type _start, @function
_start:
    movi a0, 0 /* the end of the chain of callers */
    movi a2, board_thread_pointer
    wur.threadptr a2
    mov a6, a1 /* argc and the pointers of argv are there */
    movi a2, -16
    and a1, a1, a2
    movi a2, board_start
    callx4 a2 /* of this frame only a0 to a3 are ever saved, and there is room for them */
    .size _start, . - _start
