/* SPDX-License-Identifier: MIT */
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "port.h"

uint32_t hotreload_port_now_ms(void)
{
    return xTaskGetTickCount() * portTICK_PERIOD_MS;
}
