/*
 * Locks, time and random numbers.
 *
 * SPDX-License-Identifier: MIT
 */
#include "esp_random.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "port.h"

static StaticSemaphore_t memory[HOTRELOAD_LOCK_COUNT];
static SemaphoreHandle_t mutexes[HOTRELOAD_LOCK_COUNT];

/** Before app_main(), when nothing else runs: so no two tasks can create the same lock. */
__attribute__((constructor)) static void create_locks(void)
{
    for (int i = 0; i < HOTRELOAD_LOCK_COUNT; i++) {
        mutexes[i] = xSemaphoreCreateMutexStatic(&memory[i]);
    }
}

void hotreload_port_lock(hotreload_lock_t lock)
{
    xSemaphoreTake(mutexes[lock], portMAX_DELAY);
}

void hotreload_port_unlock(hotreload_lock_t lock)
{
    xSemaphoreGive(mutexes[lock]);
}

uint32_t hotreload_port_now_ms(void)
{
    return (uint32_t)(esp_timer_get_time() / 1000);
}

void hotreload_port_random(void *data, size_t size)
{
    esp_fill_random(data, size);
}
