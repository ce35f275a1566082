/*
 * A fence is for the core that executes it, on both architectures (arch_riscv.c, arch_xtensa.c). So
 * where two cores run, the other one is interrupted to execute its own. A task of the other core,
 * esp_ipc_call(), would wait for ever behind one of a higher priority that never blocks.
 *
 * SPDX-License-Identifier: MIT
 */
#include "chip/chip.h"
#include "esp_ipc_isr.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "sdkconfig.h"

#if CONFIG_ESP_IPC_ISR_ENABLE

void hotreload_cores_fence(void)
{
    vTaskSuspendAll(); /* "the other core" must not change between the two */
    hotreload_arch_fence();
    /* Before the scheduler runs, the other core does not answer, and executes nothing of ours. */
    if (xTaskGetSchedulerState() != taskSCHEDULER_NOT_STARTED) {
        esp_ipc_isr_asm_call_blocking(hotreload_arch_fence_isr, NULL);
    }
    (void)xTaskResumeAll();
}

#else /* one core runs: chips that have one, and CONFIG_FREERTOS_UNICORE */

void hotreload_cores_fence(void)
{
    hotreload_arch_fence();
}

#endif
