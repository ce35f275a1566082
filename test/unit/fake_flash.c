/* SPDX-License-Identifier: MIT */
#include "fake_flash.h"

#include "testing.h"
#include "fake_port.h"

#define MAPS       8u
#define WRITE_UNIT 16u

/** A mapped part: a copy of exactly its size, so that ASan sees a read beyond it. The mapped whole
 * shows later writes. */
typedef struct {
    uint8_t *copy; /**< of the whole, the flash itself */
    uint32_t offset;
    size_t size;
} map_t;

fake_flash_t fake_flash;
static map_t maps[MAPS];

static void free_copy(map_t *map)
{
    if (map->copy != fake_flash.data) {
        free(map->copy);
    }
    *map = (map_t){0};
}

void fake_flash_create(uint32_t sectors, uint32_t sector)
{
    for (size_t i = 0; i < MAPS; i++) {
        free_copy(&maps[i]);
    }
    free(fake_flash.data);
    fake_flash = (fake_flash_t){.size = sectors * sector, .erase_size = sector, .random = 1};
    fake_flash.data = malloc(fake_flash.size + 1); /* a flash of no sectors has an address too */
    assert_non_null(fake_flash.data);
    memset(fake_flash.data, 0xff, fake_flash.size);
}

void fake_flash_destroy(void)
{
    assert_int_equal(fake_flash.live_maps, 0);
    free(fake_flash.data);
    fake_flash = (fake_flash_t){0};
}

void fake_flash_power_on(void)
{
    fake_flash.power_off = false;
    fake_flash.cut_at = 0;
}

static void check_range(uint32_t offset, size_t size)
{
    if (offset > fake_flash.size || size > fake_flash.size - offset) {
        fail_msg("flash access to %zu bytes at %u of %u", size, offset, fake_flash.size);
    }
}

static void check_not_mapped(uint32_t offset, size_t size)
{
    for (size_t i = 0; i < MAPS; i++) {
        if (maps[i].copy != NULL && maps[i].copy != fake_flash.data &&
            offset < maps[i].offset + maps[i].size && maps[i].offset < offset + size) {
            fail_msg("%zu bytes at %u are changed while they are mapped", size, offset);
        }
    }
}

void fake_flash_place(uint32_t offset, const void *data, size_t size)
{
    check_range(offset, size);
    memcpy(fake_flash.data + offset, data, size);
}

static uint8_t random_byte(void)
{
    fake_flash.random = fake_flash.random * 1664525u + 1013904223u;
    return (uint8_t)(fake_flash.random >> 24);
}

/** @return true: the operation that counts down to 0 is the chosen one */
static bool counts_to_zero(unsigned *count)
{
    return *count != 0 && --*count == 0;
}

esp_err_t hotreload_port_flash_open(const char *label, hotreload_flash_t *flash)
{
    bool known = strcmp(label, FAKE_FLASH_LABEL) == 0 ||
                 (fake_flash.second_label != NULL && strcmp(label, fake_flash.second_label) == 0);
    if (!known) {
        return ESP_ERR_NOT_FOUND;
    }
    *flash = (hotreload_flash_t){
        .handle = &fake_flash, .size = fake_flash.size, .erase_size = fake_flash.erase_size};
    return ESP_OK;
}

esp_err_t hotreload_port_flash_read(const hotreload_flash_t *flash, uint32_t offset, void *data,
                                    size_t size)
{
    assert_ptr_equal(flash->handle, &fake_flash);
    check_range(offset, size);
    fake_flash.reads++;
    if (fake_flash.power_off || counts_to_zero(&fake_flash.fail_read)) {
        return ESP_ERR_FLASH_OP_FAIL;
    }
    memcpy(data, fake_flash.data + offset, size);
    return ESP_OK;
}

/** Bits that were to become 0 stay 1 in some bytes of the second half: that is what a cut leaves.
 */
static void program(uint32_t offset, const uint8_t *data, size_t size, bool partly)
{
    for (size_t i = 0; i < size; i++) {
        uint8_t missing = partly && i >= size / 2 ? random_byte() : 0;
        fake_flash.data[offset + i] &= data[i] | missing;
    }
}

esp_err_t hotreload_port_flash_write(const hotreload_flash_t *flash, uint32_t offset,
                                     const void *data, size_t size)
{
    assert_ptr_equal(flash->handle, &fake_flash);
    check_range(offset, size);
    check_not_mapped(offset, size);
    if (size == 0 || offset % WRITE_UNIT != 0 || size % WRITE_UNIT != 0) {
        fail_msg("write of %zu bytes at %u", size, offset);
    }
    fake_flash.writes++;
    if (fake_flash.power_off || counts_to_zero(&fake_flash.fail_write)) {
        return ESP_ERR_FLASH_OP_FAIL;
    }
    for (size_t i = 0; i < size; i++) {
        if ((((const uint8_t *)data)[i] & ~fake_flash.data[offset + i]) != 0) {
            fail_msg("write of %zu bytes at %u into what is not erased", size, offset);
        }
    }
    fake_flash.power_off = counts_to_zero(&fake_flash.cut_at);
    if (!fake_flash.power_off || fake_flash.cut != FAKE_FLASH_CUT_BEFORE) {
        program(offset, data, size,
                fake_flash.power_off && fake_flash.cut == FAKE_FLASH_CUT_DURING);
    }
    if (counts_to_zero(&fake_flash.corrupt_write)) {
        fake_flash.data[offset] ^= 1;
    }
    return ESP_OK;
}

esp_err_t hotreload_port_flash_erase(const hotreload_flash_t *flash, uint32_t offset, size_t size)
{
    assert_ptr_equal(flash->handle, &fake_flash);
    check_range(offset, size);
    check_not_mapped(offset, size);
    if (size == 0 || offset % fake_flash.erase_size != 0 || size % fake_flash.erase_size != 0) {
        fail_msg("erase of %zu bytes at %u", size, offset);
    }
    fake_flash.erases++;
    if (fake_flash.power_off || counts_to_zero(&fake_flash.fail_erase)) {
        return ESP_ERR_FLASH_OP_FAIL;
    }
    fake_flash.power_off = counts_to_zero(&fake_flash.cut_at);
    if (fake_flash.power_off && fake_flash.cut == FAKE_FLASH_CUT_BEFORE) {
        return ESP_OK;
    }
    bool partly = fake_flash.power_off && fake_flash.cut == FAKE_FLASH_CUT_DURING;
    for (size_t i = 0; i < size; i++) {
        fake_flash.data[offset + i] = partly ? random_byte() : 0xff;
    }
    return ESP_OK;
}

esp_err_t hotreload_port_flash_map(const hotreload_flash_t *flash, uint32_t offset, size_t size,
                                   hotreload_flash_view_t *view)
{
    assert_ptr_equal(flash->handle, &fake_flash);
    check_range(offset, size);
    *view = (hotreload_flash_view_t){0};
    if (size == fake_flash.size && !fake_flash.maps_whole) {
        return ESP_ERR_NO_MEM;
    }
    fake_flash.maps++;
    if (fake_flash.power_off || counts_to_zero(&fake_flash.fail_map)) {
        fake_flash.fail_map = fake_flash.maps_stay_broken ? 1 : 0;
        return ESP_ERR_FLASH_OP_FAIL;
    }
    if (!fake_port_count_allocation()) {
        return ESP_ERR_NO_MEM;
    }
    size_t slot = 0;
    while (slot < MAPS && maps[slot].copy != NULL) {
        slot++;
    }
    assert_true(slot < MAPS);
    uint8_t *copy = fake_flash.data;
    if (size < fake_flash.size) {
        copy = malloc(size);
        assert_non_null(copy);
        memcpy(copy, fake_flash.data + offset, size);
    }
    maps[slot] = (map_t){.copy = copy, .offset = offset, .size = size};
    fake_flash.first_maps += fake_flash.live_maps == 0;
    fake_flash.live_maps++;
    *view = (hotreload_flash_view_t){.data = copy, .handle = slot + 1, .size = size};
    return ESP_OK;
}

void hotreload_port_flash_unmap(hotreload_flash_view_t *view)
{
    assert_true(view->handle >= 1 && view->handle <= MAPS);
    map_t *map = &maps[view->handle - 1];
    assert_non_null(map->copy);
    assert_ptr_equal(map->copy, view->data);
    free_copy(map);
    fake_flash.live_maps--;
    fake_port_count_free();
    *view = (hotreload_flash_view_t){0};
}
