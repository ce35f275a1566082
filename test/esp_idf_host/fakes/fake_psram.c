/*
 * PSRAM: the chip itself, the view of the data bus, the view of the instruction bus, and the MMU of
 * the ESP32-S2 between them.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "esp_mmu_map.h"
#include "fake_heap.h"
#include "fake_memory.h"

#define STALE         0xee
#define PHYSICAL_BASE 0x00200000u
#define PAGE          0x10000u
#define PAGES         (FAKE_PSRAM_SIZE / PAGE)

static uint8_t chip[FAKE_PSRAM_SIZE];
/** The page of the chip that each page of the instruction bus shows, plus 1; 0: none. */
static unsigned shown[PAGES];
/** Pages of the mapping that begins at a page of the instruction bus; 0: none begins. */
static unsigned mapped[PAGES];

static bool has_two_views(void)
{
    return fake_psram_code != 0 && fake_psram_code != fake_psram_data;
}

void fake_psram_map(void)
{
    if (fake_psram_data != 0) {
        fake_memory_map(fake_psram_data, fake_psram_data, FAKE_PSRAM_SIZE);
    }
    if (has_two_views()) {
        fake_memory_map(fake_psram_code, fake_psram_code, FAKE_PSRAM_SIZE);
    }
}

void fake_psram_reset(void)
{
    memset(chip, 0, sizeof chip);
    memset(mapped, 0, sizeof mapped);
    if (has_two_views()) {
        memset((void *)fake_psram_code, STALE, FAKE_PSRAM_SIZE);
    }
    for (unsigned page = 0; page < PAGES; page++) {
        shown[page] = FAKE_PSRAM_BY_MMU ? 0 : page + 1;
    }
}

static bool covers(uintptr_t start, uintptr_t address, size_t size)
{
    return start != 0 && address >= start && address + size <= start + FAKE_PSRAM_SIZE;
}

bool fake_psram_write_back(uintptr_t address, size_t size)
{
    if (!covers(fake_psram_data, address, size)) {
        return false;
    }
    memcpy(chip + (address - fake_psram_data), (const void *)address, size);
    return true;
}

bool fake_psram_invalidate(uintptr_t address, size_t size)
{
    if (!covers(fake_psram_code, address, size)) {
        return false;
    }
    for (size_t i = 0; has_two_views() && i < size; i++) {
        size_t offset = address - fake_psram_code + i;
        unsigned page = shown[offset / PAGE];
        assert_int_not_equal(page, 0);
        ((uint8_t *)address)[i] = chip[(page - 1) * PAGE + offset % PAGE];
    }
    return true;
}

esp_err_t esp_mmu_vaddr_to_paddr(void *vaddr, esp_paddr_t *out_paddr, mmu_target_t *out_target)
{
    if (!covers(fake_psram_data, (uintptr_t)vaddr, 1)) {
        return ESP_ERR_INVALID_ARG;
    }
    *out_paddr = (esp_paddr_t)((uintptr_t)vaddr - fake_psram_data + PHYSICAL_BASE);
    *out_target = MMU_TARGET_PSRAM0;
    return ESP_OK;
}

static bool pages_free(unsigned first, unsigned count)
{
    for (unsigned page = first; page < first + count; page++) {
        if (page >= PAGES || shown[page] != 0) {
            return false;
        }
    }
    return true;
}

esp_err_t esp_mmu_map(esp_paddr_t paddr_start, size_t size, mmu_target_t target,
                      mmu_mem_caps_t caps, int flags, void **out_ptr)
{
    assert_int_equal(target, MMU_TARGET_PSRAM0);
    assert_int_equal(caps, MMU_MEM_CAP_EXEC | MMU_MEM_CAP_32BIT);
    assert_int_equal(flags, 0);
    if (fake_heap.map_error != ESP_OK) {
        return fake_heap.map_error;
    }
    if (paddr_start % PAGE != 0) {
        return ESP_ERR_INVALID_ARG;
    }
    /* Page 0 stays free, so that the same offset on both buses would be a mistake. */
    unsigned first = 1, count = (unsigned)((size + PAGE - 1) / PAGE);
    while (first < PAGES && !pages_free(first, count)) {
        first++;
    }
    if (first == PAGES) {
        return ESP_ERR_NOT_FOUND;
    }
    for (unsigned i = 0; i < count; i++) {
        shown[first + i] = (paddr_start - PHYSICAL_BASE) / PAGE + i + 1;
    }
    mapped[first] = count;
    fake_heap.maps++;
    *out_ptr = (void *)(fake_psram_code + first * PAGE);
    return ESP_OK;
}

esp_err_t esp_mmu_unmap(void *ptr)
{
    uintptr_t offset = (uintptr_t)ptr - fake_psram_code;
    if (offset % PAGE != 0 || offset / PAGE >= PAGES || mapped[offset / PAGE] == 0) {
        return ESP_ERR_NOT_FOUND;
    }
    unsigned first = offset / PAGE;
    memset(&shown[first], 0, mapped[first] * sizeof shown[0]);
    mapped[first] = 0;
    fake_heap.maps--;
    return ESP_OK;
}
