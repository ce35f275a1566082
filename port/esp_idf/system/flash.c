/*
 * The partition that stores modules.
 *
 * SPDX-License-Identifier: MIT
 */
#include "esp_partition.h"
#include "port.h"

#define SUBTYPE ((esp_partition_subtype_t)0x40)

esp_err_t hotreload_port_flash_open(const char *label, hotreload_flash_t *flash)
{
    const esp_partition_t *partition =
        esp_partition_find_first(ESP_PARTITION_TYPE_APP, SUBTYPE, label);
    if (partition == NULL) {
        return ESP_ERR_NOT_FOUND;
    }
    flash->handle = (void *)(uintptr_t)partition;
    flash->size = partition->size;
    flash->erase_size = partition->erase_size;
    return ESP_OK;
}

/** Logs what exactly failed; the core has one error for all. */
static esp_err_t log_failure(esp_err_t error, const char *what, uint32_t offset, size_t size)
{
    if (error == ESP_OK) {
        return ESP_OK;
    }
    hotreload_port_log(HOTRELOAD_LOG_ERROR, "flash: %s of %u bytes at 0x%x failed: %s", what,
                       (unsigned)size, (unsigned)offset, esp_err_to_name(error));
    return ESP_ERR_FLASH_OP_FAIL;
}

esp_err_t hotreload_port_flash_read(const hotreload_flash_t *flash, uint32_t offset, void *data,
                                    size_t size)
{
    return log_failure(esp_partition_read(flash->handle, offset, data, size), "read", offset, size);
}

esp_err_t hotreload_port_flash_write(const hotreload_flash_t *flash, uint32_t offset,
                                     const void *data, size_t size)
{
    return log_failure(esp_partition_write(flash->handle, offset, data, size), "write", offset,
                       size);
}

esp_err_t hotreload_port_flash_erase(const hotreload_flash_t *flash, uint32_t offset, size_t size)
{
    return log_failure(esp_partition_erase_range(flash->handle, offset, size), "erase", offset,
                       size);
}

static esp_err_t map(const esp_partition_t *partition, uint32_t offset, size_t size,
                     const void **data, esp_partition_mmap_handle_t *handle)
{
    esp_err_t error =
        esp_partition_mmap(partition, offset, size, ESP_PARTITION_MMAP_DATA, data, handle);
    if (error == ESP_ERR_NO_MEM || error == ESP_ERR_NOT_FOUND) { /* from 5.1: no MMU pages left */
        return ESP_ERR_NO_MEM;
    }
    return log_failure(error, "map", offset, size);
}

/**
 * One mapping of a whole partition, while there are views: ESP-IDF maps pages of 64 KB, and logs an
 * error when a second mapping shares one. A write to a mapped page refreshes the cache.
 */
static struct {
    const esp_partition_t *partition;
    const void *data;
    esp_partition_mmap_handle_t handle;
    unsigned views;
} shared;

/** @return ESP_OK, ESP_ERR_NO_MEM: not the whole partition at once, ESP_ERR_FLASH_OP_FAIL */
static esp_err_t share(const esp_partition_t *partition)
{
    if (shared.views == 0) {
        esp_err_t error = map(partition, 0, partition->size, &shared.data, &shared.handle);
        if (error != ESP_OK) {
            return error;
        }
        shared.partition = partition;
    }
    if (shared.partition != partition) {
        return ESP_ERR_NO_MEM;
    }
    shared.views++;
    return ESP_OK;
}

#define SHARED 0u /* no handle of ESP-IDF */

esp_err_t hotreload_port_flash_map(const hotreload_flash_t *flash, uint32_t offset, size_t size,
                                   hotreload_flash_view_t *view)
{
    const void *data;
    esp_partition_mmap_handle_t handle = SHARED;
    esp_err_t error = share(flash->handle);
    if (error == ESP_OK) {
        data = (const uint8_t *)shared.data + offset;
    } else if (error == ESP_ERR_NO_MEM) {
        error = map(flash->handle, offset, size, &data, &handle);
    }
    if (error == ESP_OK) {
        *view = (hotreload_flash_view_t){.data = data, .handle = handle, .size = size};
    }
    return error;
}

void hotreload_port_flash_unmap(hotreload_flash_view_t *view)
{
    if (view->handle != SHARED) {
        esp_partition_munmap((esp_partition_mmap_handle_t)view->handle);
    } else if (--shared.views == 0) {
        esp_partition_munmap(shared.handle);
    }
    *view = (hotreload_flash_view_t){0};
}
