/* SPDX-License-Identifier: MIT */
#include "thread_flash.h"

#include <string.h>

#include "thread_port.h"

#define WRITE_UNIT 16u

/* Guarded by HOTRELOAD_LOCK_STORE; a mapped part may be read without. */
static uint8_t flash_data[THREAD_FLASH_SECTORS * THREAD_FLASH_SECTOR];
static uint32_t flash_size;
static unsigned live_maps;

void thread_flash_begin(uint32_t sectors)
{
    flash_size = sectors * THREAD_FLASH_SECTOR;
    memset(flash_data, 0xff, sizeof flash_data);
}

void thread_flash_expect_idle(void)
{
    if (live_maps != 0) {
        thread_port_fail("%u parts of the flash are mapped still", live_maps);
    }
}

static void check_range(uint32_t offset, size_t size, uint32_t unit)
{
    if (offset > flash_size || size > flash_size - offset || size == 0 || offset % unit != 0 ||
        size % unit != 0) {
        thread_port_fail("flash access to %zu bytes at %u of %u", size, offset, flash_size);
    }
}

esp_err_t hotreload_port_flash_open(const char *label, hotreload_flash_t *flash)
{
    thread_port_point();
    if (strcmp(label, THREAD_FLASH_LABEL) != 0) {
        return ESP_ERR_NOT_FOUND;
    }
    *flash = (hotreload_flash_t){
        .handle = flash_data, .size = flash_size, .erase_size = THREAD_FLASH_SECTOR};
    return ESP_OK;
}

esp_err_t hotreload_port_flash_read(const hotreload_flash_t *flash, uint32_t offset, void *data,
                                    size_t size)
{
    (void)flash;
    check_range(offset, size, 1);
    if (thread_port_fails_here()) {
        return ESP_ERR_FLASH_OP_FAIL;
    }
    memcpy(data, flash_data + offset, size);
    return ESP_OK;
}

esp_err_t hotreload_port_flash_write(const hotreload_flash_t *flash, uint32_t offset,
                                     const void *data, size_t size)
{
    (void)flash;
    check_range(offset, size, WRITE_UNIT);
    if (thread_port_fails_here()) {
        return ESP_ERR_FLASH_OP_FAIL;
    }
    for (size_t i = 0; i < size; i++) {
        if (flash_data[offset + i] != 0xff) {
            thread_port_fail("write of %zu bytes at %u into what is not erased", size, offset);
        }
    }
    /* In two halves, so that another task can come in between. */
    memcpy(flash_data + offset, data, size / 2);
    thread_port_point();
    memcpy(flash_data + offset + size / 2, (const uint8_t *)data + size / 2, size - size / 2);
    return ESP_OK;
}

esp_err_t hotreload_port_flash_erase(const hotreload_flash_t *flash, uint32_t offset, size_t size)
{
    (void)flash;
    check_range(offset, size, THREAD_FLASH_SECTOR);
    if (thread_port_fails_here()) {
        return ESP_ERR_FLASH_OP_FAIL;
    }
    memset(flash_data + offset, 0xff, size / 2);
    thread_port_point();
    memset(flash_data + offset + size / 2, 0xff, size - size / 2);
    return ESP_OK;
}

esp_err_t hotreload_port_flash_map(const hotreload_flash_t *flash, uint32_t offset, size_t size,
                                   hotreload_flash_view_t *view)
{
    (void)flash;
    *view = (hotreload_flash_view_t){0};
    check_range(offset, size, 1);
    if (thread_port_fails_here()) {
        return ESP_ERR_NO_MEM;
    }
    live_maps++;
    *view = (hotreload_flash_view_t){.data = flash_data + offset, .handle = 1, .size = size};
    return ESP_OK;
}

void hotreload_port_flash_unmap(hotreload_flash_view_t *view)
{
    thread_port_point();
    if (view->handle != 1 || live_maps == 0) {
        thread_port_fail("a part of the flash is unmapped that is not mapped");
    }
    live_maps--;
    *view = (hotreload_flash_view_t){0};
}
