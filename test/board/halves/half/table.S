/* Tables and a function in code, with and without types. SPDX-License-Identifier: MIT */
    .text
    .balign 4
    .globl pulses
    .type pulses, @object
pulses:
    .word 11, 22, 33
    .size pulses, . - pulses

    .globl untyped_pulses
untyped_pulses:
    .word 44, 55, 66

    .globl untyped_function
untyped_function:
#ifdef __XTENSA__
    entry a1, 32
    addi a2, a2, 9
    retw
#else
    addi a0, a0, 9
    ret
#endif
