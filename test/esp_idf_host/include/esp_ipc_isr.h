/*
 * Fake of ESP-IDF: only what port/esp_idf calls, with the prototypes of the real one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_ESP_IPC_ISR_H
#define FAKE_ESP_IPC_ISR_H

typedef void (*esp_ipc_isr_func_t)(void *arg);

void esp_ipc_isr_asm_call_blocking(esp_ipc_isr_func_t func, void *arg);

#endif
