/*
 * Fake of ESP-IDF: only what port/esp_idf calls, with the prototypes of the real one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_FREERTOS_IDF_ADDITIONS_PRIV_H
#define FAKE_FREERTOS_IDF_ADDITIONS_PRIV_H

#include "freertos/FreeRTOS.h"

typedef struct {
    UBaseType_t uxPriority;
} prvTaskSavedPriority_t;

void prvTaskPriorityRaise(prvTaskSavedPriority_t *pxSavedPriority, UBaseType_t uxNewPriority);
void prvTaskPriorityRestore(prvTaskSavedPriority_t *pxSavedPriority);

#endif
