/* SPDX-License-Identifier: MIT */
#include "flat_port.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/image.h"
#include "loader/table.h"

flat_port_t flat_port;

const uint8_t *flat_port_read_module(const char *path, size_t *size)
{
    static uint8_t content[1024 * 1024];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(2);
    }
    *size = fread(content, 1, sizeof content, file);
    fclose(file);
    hotreload_image_t image;
    hotreload_reason_t reason;
    if (hotreload_image_parse(content, *size, &image, &reason) != ESP_OK) {
        fprintf(stderr, "%s: %s\n", path, reason.text);
        exit(1);
    }
    flat_port.firmware_id_size = image.module.firmware_id_size;
    memcpy(flat_port.firmware_id, image.firmware_id, flat_port.firmware_id_size);
    return content;
}

static esp_err_t allocate(size_t size, uint32_t run, hotreload_region_t *region)
{
    *region = (hotreload_region_t){.run = run, .write = malloc(size), .size = size};
    return region->write != NULL ? ESP_OK : ESP_ERR_NO_MEM;
}

esp_err_t hotreload_port_text_alloc(size_t size, size_t align, uint32_t caps,
                                    hotreload_region_t *region)
{
    (void)align;
    (void)caps;
    return allocate(size, flat_port.text_run, region);
}

esp_err_t hotreload_port_data_alloc(size_t size, size_t align, uint32_t caps,
                                    hotreload_region_t *region)
{
    (void)align;
    (void)caps;
    return allocate(size, flat_port.data_run, region);
}

void hotreload_port_text_free(hotreload_region_t *region)
{
    free(region->write);
    *region = (hotreload_region_t){0};
}

void hotreload_port_data_free(hotreload_region_t *region)
{
    hotreload_port_text_free(region);
}

void *hotreload_port_buffer_alloc(size_t size)
{
    return malloc(size);
}

void hotreload_port_buffer_free(void *buffer, size_t size)
{
    (void)size;
    free(buffer);
}

/* Nothing is executed here, so nobody looks for frames. */
bool hotreload_port_fetch(uint32_t address, uint16_t *code)
{
    (void)address;
    (void)code;
    return false;
}

uint32_t hotreload_port_text_read(const hotreload_region_t *region, size_t offset)
{
    return ((const uint32_t *)region->write)[offset / sizeof(uint32_t)];
}

void hotreload_port_text_write(const hotreload_region_t *region, size_t offset, uint32_t word)
{
    ((uint32_t *)region->write)[offset / sizeof(uint32_t)] = word;
}

esp_err_t hotreload_port_sync(const hotreload_region_t *text, const hotreload_region_t *data)
{
    (void)text;
    (void)data;
    return ESP_OK;
}

void hotreload_port_call(uint32_t run_address)
{
    fprintf(stderr, "nothing can be called here, not even 0x%08x\n", (unsigned)run_address);
    abort();
}

const uint8_t *hotreload_port_firmware_id(size_t *size)
{
    *size = flat_port.firmware_id_size;
    return flat_port.firmware_id;
}

const hotreload_arch_t *hotreload_port_arch(void)
{
    return flat_port.arch;
}

uint16_t hotreload_port_chip(void)
{
    return HOTRELOAD_CHIP_EMULATOR;
}

uint16_t hotreload_port_abi(void)
{
    return flat_port.abi;
}

/** Exports are not bound here: this firmware has no table. */
static uint32_t no_slots[1];
const hotreload_table_t hotreload_firmware_table = {0, no_slots, no_slots, "", 0};
