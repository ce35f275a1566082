/* SPDX-License-Identifier: MIT */
#include "fake_freertos.h"

#include <stdlib.h>
#include <unistd.h>

#include "esp_timer.h"
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

int64_t esp_timer_get_time(void)
{
    return (int64_t)fake_ticks * portTICK_PERIOD_MS * 1000;
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

SemaphoreHandle_t xSemaphoreCreateBinaryStatic(StaticSemaphore_t *pxSemaphoreBuffer)
{
    pthread_mutex_init(&pxSemaphoreBuffer->mutex, NULL);
    pthread_cond_init(&pxSemaphoreBuffer->changed, NULL);
    pxSemaphoreBuffer->is_binary = 1;
    return pxSemaphoreBuffer;
}

/** Time passes at once. */
static BaseType_t take_binary(SemaphoreHandle_t semaphore, TickType_t ticks)
{
    pthread_mutex_lock(&semaphore->mutex);
    while (!semaphore->given && ticks == portMAX_DELAY) {
        pthread_cond_wait(&semaphore->changed, &semaphore->mutex);
    }
    const BaseType_t taken = semaphore->given;
    if (!taken) {
        fake_ticks += ticks;
    }
    semaphore->given = 0;
    pthread_mutex_unlock(&semaphore->mutex);
    return taken;
}

static BaseType_t give_binary(SemaphoreHandle_t semaphore)
{
    pthread_mutex_lock(&semaphore->mutex);
    const BaseType_t success = !semaphore->given;
    semaphore->given = 1;
    pthread_cond_broadcast(&semaphore->changed);
    pthread_mutex_unlock(&semaphore->mutex);
    return success;
}

struct fake_pinned fake_pinned;

BaseType_t xTaskCreatePinnedToCore(TaskFunction_t pxTaskCode, const char *const pcName,
                                   const uint32_t ulStackDepth, void *const pvParameters,
                                   UBaseType_t uxPriority, TaskHandle_t *const pxCreatedTask,
                                   const BaseType_t xCoreID)
{
    fake_pinned.name = pcName;
    fake_pinned.stack_size = ulStackDepth;
    fake_pinned.priority = uxPriority;
    fake_pinned.core = xCoreID;
    if (fake_pinned.fails) {
        return 0;
    }
    *pxCreatedTask = &fake_pinned;
    /* Its function does not return; what the thread returns does not matter. */
    return pthread_create(&fake_pinned.thread, NULL, (void *(*)(void *))(void *)pxTaskCode,
                          pvParameters) == 0;
}

/** A task that takes its own mutex again would wait for ever. */
BaseType_t xSemaphoreTake(SemaphoreHandle_t xSemaphore, TickType_t xBlockTime)
{
    if (xSemaphore->is_binary) {
        return take_binary(xSemaphore, xBlockTime);
    }
    if (xBlockTime != portMAX_DELAY || pthread_mutex_lock(&xSemaphore->mutex) != 0) {
        abort();
    }
    return pdTRUE;
}

BaseType_t xSemaphoreGive(SemaphoreHandle_t xSemaphore)
{
    if (xSemaphore->is_binary) {
        return give_binary(xSemaphore);
    }
    if (pthread_mutex_unlock(&xSemaphore->mutex) != 0) {
        abort();
    }
    return pdTRUE;
}
