/*
 * Where the kernel starts the program: sets up what compiled code takes for granted and goes on in
 * start.c. The kernel has loaded the segments, cleared .bss and given a stack.
 *
 * SPDX-License-Identifier: MIT
 */
    .section .text.start, "ax", @progbits
    .globl _start
    .type _start, @function
_start:
    .option push
    .option norelax /* relaxed, this would set gp from gp */
    la gp, __global_pointer$
    .option pop
    la tp, board_tls /* errno and other thread-local variables of the one thread */
    mv a0, sp        /* argc and the pointers of argv are there */
    andi sp, sp, -16
    tail board_start
    .size _start, . - _start
