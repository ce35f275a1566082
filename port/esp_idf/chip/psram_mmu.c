/*
 * ESP32-S2: the instruction bus has MMU entries of its own. Text gets whole pages of PSRAM, which
 * are mapped there a second time. An alignment beyond a page cannot be had.
 *
 * SPDX-License-Identifier: MIT
 */
#include "chip/psram.h"

#include "esp_mmu_map.h"
#include "port.h"
#include "sdkconfig.h"

size_t hotreload_psram_unit(void)
{
    return CONFIG_MMU_PAGE_SIZE;
}

esp_err_t hotreload_psram_map(void *write, size_t size, uint32_t *run)
{
    esp_paddr_t physical;
    mmu_target_t target;
    esp_err_t error = esp_mmu_vaddr_to_paddr(write, &physical, &target);
    if (error != ESP_OK) {
        return error;
    }
    void *mapped;
    error = esp_mmu_map(physical, size, target, MMU_MEM_CAP_EXEC | MMU_MEM_CAP_32BIT, 0, &mapped);
    *run = error == ESP_OK ? (uint32_t)(uintptr_t)mapped : 0;
    return error;
}

void hotreload_psram_unmap(uint32_t run)
{
    esp_err_t error = esp_mmu_unmap((void *)(uintptr_t)run);
    if (error != ESP_OK) {
        hotreload_port_log(HOTRELOAD_LOG_WARNING, "PSRAM could not be unmapped: %s",
                           esp_err_to_name(error));
    }
}
