/* One core runs: single-core chips, and CONFIG_FREERTOS_UNICORE. SPDX-License-Identifier: MIT */
#include "chip/arch.h"

void hotreload_cores_fence(void)
{
    hotreload_arch_fence();
}
