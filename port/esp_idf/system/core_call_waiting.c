/*
 * Calling a function on the other core with ESP-IDF before 5.0.7, 5.1.5, 5.2.3 and 5.3: waits until
 * it begins. That may be late, but is never kept out for ever: tasks of the highest priority take
 * turns.
 *
 * SPDX-License-Identifier: MIT
 */
#include "esp_ipc.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "system/core_call.h"

#if __has_include(<esp_private/freertos_idf_additions_priv.h>) /* since ESP-IDF 5.1 */
#include <esp_private/freertos_idf_additions_priv.h>
#else
#include <freertos/idf_additions.h>
#endif

bool hotreload_call_on_other_core(void (*function)(void *unused))
{
    /*
     * esp_ipc takes the priority of its caller (CONFIG_ESP_IPC_USES_CALLERS_PRIORITY). The caller
     * may have inherited one, by HOTRELOAD_LOCK_MODULE: vTaskPrioritySet() would make it its own.
     */
    prvTaskSavedPriority_t saved;
    prvTaskPriorityRaise(&saved, configMAX_PRIORITIES - 1);
    const bool called = esp_ipc_call(!xPortGetCoreID(), function, NULL) == ESP_OK;
    prvTaskPriorityRestore(&saved);
    return called;
}
