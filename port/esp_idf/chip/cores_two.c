/*
 * Two cores run. A fence is for the core that executes it, on both architectures (arch_riscv.c,
 * arch_xtensa.c), so the other one is interrupted to execute its own. A task of the other core,
 * esp_ipc_call(), would wait for ever behind one of a higher priority that never blocks.
 *
 * SPDX-License-Identifier: MIT
 */
#include "chip/arch.h"
#include "esp_ipc_isr.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

void hotreload_cores_fence(void)
{
    vTaskSuspendAll(); /* "the other core" must not change between the two */
    hotreload_arch_fence();
    /* Before, nobody answers there, and nothing of ours runs there either. */
    if (xTaskGetSchedulerState() != taskSCHEDULER_NOT_STARTED) {
        esp_ipc_isr_asm_call_blocking(hotreload_arch_fence_isr, NULL);
    }
    (void)xTaskResumeAll();
}
