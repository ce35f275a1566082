/* SPDX-License-Identifier: MIT */
#include "freertos/FreeRTOS.h"
#include "system/tasks.h"

void hotreload_stop_others(void (*action)(void *context), void *context)
{
    const UBaseType_t state = portSET_INTERRUPT_MASK_FROM_ISR();
    action(context);
    portCLEAR_INTERRUPT_MASK_FROM_ISR(state);
}
