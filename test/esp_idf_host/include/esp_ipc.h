/*
 * Fake of ESP-IDF: only what port/esp_idf calls, with the prototypes of the real one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_ESP_IPC_H
#define FAKE_ESP_IPC_H

#include <stdint.h>

#include "esp_err.h"

typedef void (*esp_ipc_func_t)(void *arg);

esp_err_t esp_ipc_call(uint32_t cpu_id, esp_ipc_func_t func, void *arg);

#endif
