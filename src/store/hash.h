/*
 * SHA-256 of bytes that are all there.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_HASH_H
#define HOTRELOAD_HASH_H

#include "port.h"
#include "reason.h"

/**
 * Computes a SHA-256.
 *
 * @param data    `size` bytes, any alignment
 * @param digest  gets it
 * @return ESP_OK, ESP_ERR_NO_MEM, ESP_FAIL. Any task.
 */
esp_err_t hotreload_hash_bytes(const void *data, size_t size, uint8_t digest[HOTRELOAD_HASH_SIZE],
                               hotreload_reason_t *reason);

#endif
