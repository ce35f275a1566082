/* SPDX-License-Identifier: MIT */
#include "fake_partition.h"

#include "testing.h"
#include "esp_partition.h"

#define SECTOR     0x1000u
#define MAP_HANDLE 0x77u

static const esp_partition_t table[] = {
    {.type = ESP_PARTITION_TYPE_DATA, .subtype = 0x40, .size = SECTOR, .label = "data"},
    {.type = ESP_PARTITION_TYPE_APP,
     .subtype = ESP_PARTITION_SUBTYPE_APP_FACTORY,
     .size = SECTOR,
     .label = "factory"},
    {.type = ESP_PARTITION_TYPE_APP,
     .subtype = 0x40,
     .address = 0x110000,
     .size = FAKE_PARTITION_SIZE,
     .erase_size = SECTOR,
     .label = "hotreload"},
};
static const esp_partition_t *const stored = &table[2];

fake_partition_t fake_partition;

void fake_partition_reset(void)
{
    fake_partition = (fake_partition_t){.fail = ESP_OK, .most_mapped = FAKE_PARTITION_SIZE};
    memset(fake_partition.content, 0xff, sizeof fake_partition.content);
}

const esp_partition_t *esp_partition_find_first(esp_partition_type_t type,
                                                esp_partition_subtype_t subtype, const char *label)
{
    for (size_t i = 0; i < COUNT(table); i++) {
        if (table[i].type == type && table[i].subtype == subtype &&
            strcmp(table[i].label, label) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

/** Takes the failure that a test ordered. */
static esp_err_t ordered(const esp_partition_t *partition, size_t offset, size_t size)
{
    assert_ptr_equal(partition, stored);
    esp_err_t error = fake_partition.fail;
    fake_partition.fail = ESP_OK;
    if (error == ESP_OK && (offset > partition->size || size > partition->size - offset)) {
        return ESP_ERR_INVALID_SIZE;
    }
    return error;
}

esp_err_t esp_partition_read(const esp_partition_t *partition, size_t src_offset, void *dst,
                             size_t size)
{
    esp_err_t error = ordered(partition, src_offset, size);
    if (error == ESP_OK) {
        memcpy(dst, fake_partition.content + src_offset, size);
    }
    return error;
}

esp_err_t esp_partition_write(const esp_partition_t *partition, size_t dst_offset, const void *src,
                              size_t size)
{
    esp_err_t error = ordered(partition, dst_offset, size);
    assert_int_equal(dst_offset % 16 + size % 16, 0); /* what flash encryption asks for */
    for (size_t i = 0; error == ESP_OK && i < size; i++) {
        fake_partition.content[dst_offset + i] &= ((const uint8_t *)src)[i];
    }
    return error;
}

esp_err_t esp_partition_erase_range(const esp_partition_t *partition, size_t offset, size_t size)
{
    esp_err_t error = ordered(partition, offset, size);
    assert_int_equal(offset % SECTOR + size % SECTOR, 0);
    if (error == ESP_OK) {
        memset(fake_partition.content + offset, 0xff, size);
    }
    return error;
}

esp_err_t esp_partition_mmap(const esp_partition_t *partition, size_t offset, size_t size,
                             esp_partition_mmap_memory_t memory, const void **out_ptr,
                             esp_partition_mmap_handle_t *out_handle)
{
    assert_int_equal(memory, ESP_PARTITION_MMAP_DATA);
    esp_err_t error = ordered(partition, offset, size);
    if (size > fake_partition.most_mapped) {
        return fake_partition.too_few_pages;
    }
    if (error == ESP_OK) {
        fake_partition.maps++;
        *out_ptr = fake_partition.content + offset;
        *out_handle = MAP_HANDLE;
    }
    return error;
}

void esp_partition_munmap(esp_partition_mmap_handle_t handle)
{
    assert_int_equal(handle, MAP_HANDLE);
    assert_true(fake_partition.maps > 0);
    fake_partition.maps--;
}
