/*
 * Fake of ESP-IDF: only what port/esp_idf calls, with the prototypes of the real one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_FREERTOS_FREERTOS_H
#define FAKE_FREERTOS_FREERTOS_H

#include <pthread.h>
#include <stdint.h>

typedef int BaseType_t;
typedef unsigned UBaseType_t;
typedef uint8_t StackType_t;
typedef uint32_t TickType_t;

#define configMAX_PRIORITIES 25
#define pdTRUE               ((BaseType_t)1)
#define pdPASS               pdTRUE
#define pdMS_TO_TICKS(x)     ((TickType_t)((x) / 10))
#define portTICK_PERIOD_MS   ((TickType_t)10)
#define portMAX_DELAY        ((TickType_t)0xffffffff)
#define tskIDLE_PRIORITY     0
#define tskNO_AFFINITY       0x7fffffff

typedef struct {
    int depth;
} portMUX_TYPE;

#define portMUX_INITIALIZER_UNLOCKED                                                               \
    {                                                                                              \
        0                                                                                          \
    }
#define portENTER_CRITICAL(mux) ((void)(mux)->depth++, fake_critical_depth++)
#define portEXIT_CRITICAL(mux)  ((void)(mux)->depth--, fake_critical_depth--)
extern int fake_critical_depth;

/** The interrupts of a core, which is a thread. */
UBaseType_t portSET_INTERRUPT_MASK_FROM_ISR(void);
void portCLEAR_INTERRUPT_MASK_FROM_ISR(UBaseType_t state);
BaseType_t xPortGetCoreID(void);

/** A mutex, or a binary semaphore. */
typedef struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int is_binary, given;
} StaticSemaphore_t;

#endif
