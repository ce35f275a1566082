/* SPDX-License-Identifier: MIT */
#include "freertos/FreeRTOS.h"
#include "system/tasks.h"

esp_err_t hotreload_stop_others(void (*action)(void *context, const void *holder), void *context)
{
    const UBaseType_t state = portSET_INTERRUPT_MASK_FROM_ISR();
    action(context, NULL);
    portCLEAR_INTERRUPT_MASK_FROM_ISR(state);
    return ESP_OK;
}
