/* SPDX-License-Identifier: MIT */
#include "fake_freertos.h"

#include <stdlib.h>
#include <unistd.h>

#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"

int fake_critical_depth;
_Atomic uint32_t fake_ticks;
void (*fake_on_delay)(void);
unsigned fake_mutexes_created;

TickType_t xTaskGetTickCount(void)
{
    return fake_ticks;
}

void vTaskDelay(const TickType_t xTicksToDelay)
{
    fake_ticks += xTicksToDelay;
    usleep(200); /* who waits for another task lets it run */
    if (fake_on_delay != NULL) {
        fake_on_delay();
    }
}

SemaphoreHandle_t xSemaphoreCreateMutexStatic(StaticSemaphore_t *pxMutexBuffer)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&pxMutexBuffer->mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    fake_mutexes_created++;
    return pxMutexBuffer;
}

/** A task that takes its own mutex again would wait for ever. */
BaseType_t xSemaphoreTake(SemaphoreHandle_t xSemaphore, TickType_t xBlockTime)
{
    if (xBlockTime != portMAX_DELAY || pthread_mutex_lock(&xSemaphore->mutex) != 0) {
        abort();
    }
    return pdTRUE;
}

BaseType_t xSemaphoreGive(SemaphoreHandle_t xSemaphore)
{
    if (pthread_mutex_unlock(&xSemaphore->mutex) != 0) {
        abort();
    }
    return pdTRUE;
}
