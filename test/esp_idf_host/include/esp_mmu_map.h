/*
 * Fake of ESP-IDF: only what port/esp_idf calls, with the prototypes of the real one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_ESP_MMU_MAP_H
#define FAKE_ESP_MMU_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"

typedef enum {
    MMU_MEM_CAP_EXEC = 1 << 0,
    MMU_MEM_CAP_READ = 1 << 1,
    MMU_MEM_CAP_WRITE = 1 << 2,
    MMU_MEM_CAP_32BIT = 1 << 3,
    MMU_MEM_CAP_8BIT = 1 << 4,
} mmu_mem_caps_t;

typedef enum {
    MMU_TARGET_FLASH0 = 1 << 0,
    MMU_TARGET_PSRAM0 = 1 << 1,
} mmu_target_t;

typedef uint32_t esp_paddr_t;

esp_err_t esp_mmu_map(esp_paddr_t paddr_start, size_t size, mmu_target_t target,
                      mmu_mem_caps_t caps, int flags, void **out_ptr);
esp_err_t esp_mmu_unmap(void *ptr);
esp_err_t esp_mmu_vaddr_to_paddr(void *vaddr, esp_paddr_t *out_paddr, mmu_target_t *out_target);

#endif
