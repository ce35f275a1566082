/*
 * The hash of bytes that are all there.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_HASH_H
#define HOTRELOAD_HASH_H

#include "port.h"
#include "reason.h"

/**
 * Computes a SHA-256 (key NULL) or an HMAC-SHA256.
 *
 * @param key, key_size    as for hotreload_port_hash_begin()
 * @param data, data_size  what is hashed, bytes
 * @param digest           gets the result; undefined after an error
 * @return ESP_OK, ESP_ERR_NO_MEM, ESP_FAIL. Any task.
 */
esp_err_t hotreload_hash_compute(const void *key, size_t key_size, const void *data,
                                 size_t data_size, uint8_t digest[HOTRELOAD_HASH_SIZE]);

/** Says why no hash could be computed; returns `error`. */
esp_err_t hotreload_hash_fail(hotreload_reason_t *reason, esp_err_t error);

#endif
