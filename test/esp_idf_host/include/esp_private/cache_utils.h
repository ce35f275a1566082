/*
 * Fake of ESP-IDF: only what port/esp_idf calls, with the prototypes of the real one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_ESP_PRIVATE_CACHE_UTILS_H
#define FAKE_ESP_PRIVATE_CACHE_UTILS_H

#include <stdbool.h>

bool spi_flash_cache_enabled(void);

#endif
