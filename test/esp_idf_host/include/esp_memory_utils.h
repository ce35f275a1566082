/*
 * Fake of ESP-IDF: only what port/esp_idf calls, with the prototypes of the real one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_ESP_MEMORY_UTILS_H
#define FAKE_ESP_MEMORY_UTILS_H

#include <stdbool.h>
#include <stdint.h>

#include "soc/soc.h"

bool esp_ptr_external_ram(const void *p);
bool esp_ptr_executable(const void *p);

static inline bool esp_ptr_in_dram(const void *p)
{
    return (uintptr_t)p >= SOC_DRAM_LOW && (uintptr_t)p < SOC_DRAM_HIGH;
}

static inline bool esp_stack_ptr_is_sane(uint32_t sp)
{
    return sp >= SOC_DRAM_LOW + 0x10 && sp <= SOC_DRAM_HIGH - 0x10 && (sp & 0xF) == 0;
}

static inline bool esp_ptr_in_diram_iram(const void *p)
{
    return SOC_DIRAM_IRAM_LOW != SOC_DIRAM_DRAM_LOW && (uintptr_t)p >= SOC_DIRAM_IRAM_LOW &&
           (uintptr_t)p < SOC_DIRAM_IRAM_HIGH;
}

static inline void *esp_ptr_diram_iram_to_dram(const void *p)
{
    return (void *)((uintptr_t)p - SOC_DIRAM_IRAM_LOW + SOC_DIRAM_DRAM_LOW);
}

#endif
