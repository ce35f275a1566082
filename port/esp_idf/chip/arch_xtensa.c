/* SPDX-License-Identifier: MIT */
#include "chip/chip.h"

#include "port.h"
#include "xtensa/hal.h"

const hotreload_arch_t *hotreload_port_arch(void)
{
    return &hotreload_arch_xtensa;
}

/* isync lets the fetch pipeline of its own core see new instructions (Xtensa ISA, ISYNC). There is
 * no instruction cache in the core, but ESP32 and S3 have a buffer of 256 bytes that loops run from
 * (XCHAL_LOOP_BUFFER_SIZE in core-isa.h). */
void hotreload_arch_fence(void)
{
    __asm__ volatile("memw\n\tisync" ::: "memory");
}

void hotreload_arch_save_registers(void)
{
    xthal_window_spill();
}

/* The interrupt calls this by callx0, without a stack and a register window. */
__asm__(".section .iram1.hotreload_arch_fence_isr, \"ax\"\n"
        "    .align 4\n"
        "    .global hotreload_arch_fence_isr\n"
        "    .type hotreload_arch_fence_isr, @function\n"
        "hotreload_arch_fence_isr:\n"
        "    memw\n"
        "    isync\n"
        "    ret\n"
        "    .size hotreload_arch_fence_isr, . - hotreload_arch_fence_isr\n"
        ".previous\n");
