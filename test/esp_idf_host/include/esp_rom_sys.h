/*
 * Fake of ESP-IDF: only what port/esp_idf calls, with the prototypes of the real one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_ESP_ROM_SYS_H
#define FAKE_ESP_ROM_SYS_H

#include <stdint.h>

uint32_t esp_rom_get_cpu_ticks_per_us(void);

#endif
