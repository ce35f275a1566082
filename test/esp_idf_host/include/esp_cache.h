/*
 * Fake of ESP-IDF: only what port/esp_idf calls, with the prototypes of the real one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_ESP_CACHE_H
#define FAKE_ESP_CACHE_H

#include <stddef.h>

#include "esp_err.h"

#define ESP_CACHE_MSYNC_FLAG_INVALIDATE (1 << 0)
#define ESP_CACHE_MSYNC_FLAG_UNALIGNED  (1 << 1)
#define ESP_CACHE_MSYNC_FLAG_DIR_C2M    (1 << 2)
#define ESP_CACHE_MSYNC_FLAG_DIR_M2C    (1 << 3)
#define ESP_CACHE_MSYNC_FLAG_TYPE_DATA  (1 << 4)
#define ESP_CACHE_MSYNC_FLAG_TYPE_INST  (1 << 5)

esp_err_t esp_cache_msync(void *addr, size_t size, int flags);

#endif
