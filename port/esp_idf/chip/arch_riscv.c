/* SPDX-License-Identifier: MIT */
#include "chip/chip.h"

#include "esp_attr.h"
#include "port.h"

const hotreload_arch_t *hotreload_port_arch(void)
{
    return &hotreload_arch_riscv;
}

/* fence.i orders instruction fetch of its own hart only, and each hart has to execute one after the
 * writer's fence (RISC-V unprivileged specification, Zifencei). */
void hotreload_arch_fence(void)
{
    __asm__ volatile("fence\n\tfence.i" ::: "memory");
}

void hotreload_arch_save_registers(void)
{
}

void IRAM_ATTR hotreload_arch_fence_isr(void *unused)
{
    (void)unused;
    __asm__ volatile("fence\n\tfence.i" ::: "memory");
}
