/*
 * Fake of ESP-IDF: only what port/esp_idf calls, with the prototypes of the real one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_FREERTOS_FREERTOS_DEBUG_H
#define FAKE_FREERTOS_FREERTOS_DEBUG_H

#include "freertos/FreeRTOS.h"

typedef struct xTASK_SNAPSHOT {
    void *pxTCB;
    StackType_t *pxTopOfStack;
    StackType_t *pxEndOfStack;
} TaskSnapshot_t;

UBaseType_t uxTaskGetSnapshotAll(TaskSnapshot_t *const pxTaskSnapshotArray,
                                 const UBaseType_t uxArrayLength, UBaseType_t *const pxTCBSize);

#endif
