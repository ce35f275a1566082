/*
 * Thread-local variables of the golden test's firmware. In assembly, because some compilers only
 * emulate them. The first is there so that the offset of errno is not 0.
 *
 * SPDX-License-Identifier: MIT
 */
    .section .tdata, "awT", @progbits
    .balign 4
    .globl firmware_task
    .type firmware_task, @object
    .size firmware_task, 4
firmware_task:
    .word 1

    .section .tbss, "awT", @nobits
    .balign 4
    .globl errno
    .type errno, @object
    .size errno, 4
errno:
    .space 4
