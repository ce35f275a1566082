/*
 * Flash with the rules of NOR: erasing sets whole sectors to 0xff, writing only clears bits. A call
 * that breaks the port's contract (alignment, bytes that are not erased, outside the partition)
 * fails with a message. A chip would silently damage data.
 *
 * SPDX-License-Identifier: MIT
 */
#include "flash.h"

#include <stdio.h>
#include <string.h>

#include "linux.h"
#include "options.h"
#include "port.h"

#define PARTITION_LABEL "hotreload"
#define SECTOR_SIZE     4096u
#define WRITE_SIZE      16u
#define ERASED          0xff

/* Typical times of serial NOR flash, in microseconds. */
#define PAGE_SIZE     256u
#define WRITE_PAGE_US 700u
#define ERASE_US      45000u

static uint8_t *flash;
static uint32_t flash_size;
static int flash_file;
static board_flash_fault_t fault;
static bool slow;

static bool fail(const char *path, const char *why)
{
    printf("flash %s: %s\n", path, why);
    return false;
}

bool board_flash_init(void)
{
    const board_options_t *options = board_options();
    const char *path = options->flash_path;
    fault = options->fault;
    slow = options->slow_flash;
    flash_file = linux_open(path, true);
    if (flash_file < 0) {
        return fail(path, "cannot be opened for reading and writing");
    }
    int32_t size = linux_file_size(flash_file);
    if (size == 0) {
        if (linux_file_fill(flash_file, ERASED, options->flash_size) < 0) {
            return fail(path, "cannot be written");
        }
        size = linux_file_size(flash_file);
    }
    if (size <= 0 || size % SECTOR_SIZE != 0) {
        return fail(path, "its size must be a multiple of 4096 bytes; delete it to begin afresh");
    }
    flash_size = (uint32_t)size;
    flash = linux_map(0, false, flash_size, LINUX_READ | LINUX_WRITE, flash_file, 0);
    return flash != NULL || fail(path, "cannot be mapped into memory");
}

/* True for the operation that --flash-fault names: counts down to it. */
static bool is_faulty(uint32_t *countdown, const char *operation, uint32_t offset)
{
    if (*countdown == 0 || --*countdown > 0) {
        return false;
    }
    hotreload_port_log(HOTRELOAD_LOG_WARNING, "flash: injected fault: %s at 0x%lx", operation,
                       (unsigned long)offset);
    return true;
}

/* Nothing else runs meanwhile, as on a chip whose code is in the same flash. */
static void take_time(uint32_t microseconds)
{
    static uint32_t owed;
    if (slow) {
        owed += microseconds;
        linux_poll(NULL, 0, owed / 1000);
        owed %= 1000;
    }
}

static bool is_outside(uint32_t offset, size_t size)
{
    return offset > flash_size || size > flash_size - offset;
}

static esp_err_t refuse(const char *operation, uint32_t offset, size_t size, const char *why)
{
    hotreload_port_log(HOTRELOAD_LOG_ERROR, "flash: %s of %lu bytes at 0x%lx: %s", operation,
                       (unsigned long)size, (unsigned long)offset, why);
    return ESP_ERR_FLASH_OP_FAIL;
}

esp_err_t hotreload_port_flash_open(const char *label, hotreload_flash_t *opened)
{
    if (strcmp(label, PARTITION_LABEL) != 0) {
        return ESP_ERR_NOT_FOUND;
    }
    *opened = (hotreload_flash_t){.handle = flash, .size = flash_size, .erase_size = SECTOR_SIZE};
    return ESP_OK;
}

esp_err_t hotreload_port_flash_read(const hotreload_flash_t *opened, uint32_t offset, void *data,
                                    size_t size)
{
    (void)opened;
    if (is_outside(offset, size)) {
        return refuse("reading", offset, size, "outside the partition");
    }
    if (is_faulty(&fault.read, "read", offset)) {
        return ESP_ERR_FLASH_OP_FAIL;
    }
    memcpy(data, flash + offset, size);
    return ESP_OK;
}

esp_err_t hotreload_port_flash_write(const hotreload_flash_t *opened, uint32_t offset,
                                     const void *data, size_t size)
{
    (void)opened;
    const uint8_t *bytes = data;
    if (is_outside(offset, size)) {
        return refuse("writing", offset, size, "outside the partition");
    }
    if (offset % WRITE_SIZE != 0 || size % WRITE_SIZE != 0) {
        return refuse("writing", offset, size, "not aligned to 16 bytes");
    }
    for (size_t i = 0; i < size; i++) {
        if ((bytes[i] & ~flash[offset + i]) != 0) {
            return refuse("writing", offset, size, "not erased before");
        }
    }
    if (is_faulty(&fault.write, "write", offset)) {
        return ESP_ERR_FLASH_OP_FAIL;
    }
    for (size_t i = 0; i < size; i++) {
        flash[offset + i] &= bytes[i];
    }
    take_time((uint32_t)(size + PAGE_SIZE - 1) / PAGE_SIZE * WRITE_PAGE_US);
    return ESP_OK;
}

esp_err_t hotreload_port_flash_erase(const hotreload_flash_t *opened, uint32_t offset, size_t size)
{
    (void)opened;
    if (is_outside(offset, size)) {
        return refuse("erasing", offset, size, "outside the partition");
    }
    if (offset % SECTOR_SIZE != 0 || size % SECTOR_SIZE != 0) {
        return refuse("erasing", offset, size, "not whole sectors");
    }
    if (is_faulty(&fault.erase, "erase", offset)) {
        return ESP_ERR_FLASH_OP_FAIL;
    }
    memset(flash + offset, ERASED, size);
    take_time((uint32_t)size / SECTOR_SIZE * ERASE_US);
    return ESP_OK;
}

/* A mapping of its own, so that writing to a view, or using it after unmapping, is a crash. */
esp_err_t hotreload_port_flash_map(const hotreload_flash_t *opened, uint32_t offset, size_t size,
                                   hotreload_flash_view_t *view)
{
    (void)opened;
    *view = (hotreload_flash_view_t){0};
    if (size == 0 || is_outside(offset, size)) {
        return refuse("mapping", offset, size, "outside the partition");
    }
    uint32_t skip = offset % LINUX_PAGE_SIZE;
    uint8_t *pages = linux_map(0, false, skip + size, LINUX_READ, flash_file, offset - skip);
    if (pages == NULL) {
        return ESP_ERR_NO_MEM;
    }
    *view =
        (hotreload_flash_view_t){.data = pages + skip, .handle = (uintptr_t)pages, .size = size};
    return ESP_OK;
}

void hotreload_port_flash_unmap(hotreload_flash_view_t *view)
{
    if (view->handle != 0) {
        size_t skip = (uintptr_t)view->data - view->handle;
        linux_unmap((void *)view->handle, skip + view->size);
        *view = (hotreload_flash_view_t){0};
    }
}
