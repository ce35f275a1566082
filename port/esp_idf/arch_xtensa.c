/* SPDX-License-Identifier: MIT */
#include "arch.h"

#include "port.h"

const hotreload_arch_t *hotreload_port_arch(void)
{
    return &hotreload_arch_xtensa;
}

void hotreload_arch_fence(void)
{
    __asm__ volatile("memw\n\tisync" ::: "memory");
}
