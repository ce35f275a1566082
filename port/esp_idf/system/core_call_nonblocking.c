/*
 * Calling a function on the other core, whatever runs there.
 *
 * SPDX-License-Identifier: MIT
 */
#include "esp_private/esp_ipc.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "system/core_call.h"

bool hotreload_call_on_other_core(void (*function)(void *unused))
{
    /* It fails while the flash driver uses it, or the last call has not ended. */
    return esp_ipc_call_nonblocking(!xPortGetCoreID(), function, NULL) == ESP_OK;
}
