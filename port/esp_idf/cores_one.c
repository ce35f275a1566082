/* One core runs: single-core chips, and CONFIG_FREERTOS_UNICORE. SPDX-License-Identifier: MIT */
#include "arch.h"

void hotreload_cores_fence(void)
{
    hotreload_arch_fence();
}
