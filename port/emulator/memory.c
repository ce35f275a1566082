/*
 * Memory for modules, as on a chip with two buses: text is written at one address and executed at
 * another. Both are views of one block of instruction RAM. QEMU keeps what it translated from the
 * executable view, as a chip's instruction cache keeps what it fetched, so that code written to RAM
 * that has run before is not executed until hotreload_port_sync().
 *
 * SPDX-License-Identifier: MIT
 */
#include <malloc.h>
#include <stdlib.h>

#include "hotreload.h"
#include "linux.h"
#include "options.h"
#include "port.h"

/*
 * Where the two views go when nothing else is there. Windowed calls of Xtensa return within the
 * same gigabyte, so text is in the firmware's; QEMU gives an Xtensa program no other.
 */
#define INSTRUCTION_BUS 0x22000000u
#define DATA_BUS        0x2c000000u

/* Text regions at a time: the loaded module, the next one, and some for tests. */
#define TEXT_REGIONS 8

typedef struct {
    size_t offset, size; /* size 0: unused */
} text_block_t;

static struct {
    int file;       /* the RAM itself */
    uint8_t *write; /* NULL: not set up yet */
    uintptr_t run;
    size_t size;
    text_block_t blocks[TEXT_REGIONS]; /* sorted by offset, the unused ones last */
} instruction_ram;

static size_t ram_used;

static esp_err_t set_up_instruction_ram(void)
{
    if (instruction_ram.write != NULL) {
        return ESP_OK;
    }
    size_t size = (board_options()->ram_size + LINUX_PAGE_SIZE - 1) & ~(LINUX_PAGE_SIZE - 1);
    int file = linux_memory_file("instruction RAM");
    if (file < 0 || linux_file_fill(file, 0, size) < 0) {
        return ESP_ERR_NO_MEM;
    }
    uint8_t *write = linux_map(DATA_BUS, false, size, LINUX_READ | LINUX_WRITE, file, 0);
    void *run = linux_map(INSTRUCTION_BUS, false, size, LINUX_READ | LINUX_EXECUTE, file, 0);
    if (write == NULL || run == NULL) {
        return ESP_ERR_NO_MEM;
    }
    instruction_ram.file = file;
    instruction_ram.write = write;
    instruction_ram.run = (uintptr_t)run;
    instruction_ram.size = size;
    return ESP_OK;
}

static esp_err_t check_request(size_t size, uint32_t caps)
{
    if (caps & HOTRELOAD_CAP_SPIRAM) {
        return ESP_ERR_NOT_SUPPORTED; /* the board has no external memory */
    }
    return size > board_options()->ram_size - ram_used ? ESP_ERR_NO_MEM : ESP_OK;
}

/* Finds the first gap that holds the region and takes it. */
static esp_err_t take_text(size_t size, size_t align, size_t *offset)
{
    text_block_t *blocks = instruction_ram.blocks;
    if (blocks[TEXT_REGIONS - 1].size != 0) {
        return ESP_ERR_NO_MEM;
    }
    size_t start = 0, i = 0;
    for (; blocks[i].size != 0; i++) {
        if (start + size <= blocks[i].offset) {
            break;
        }
        start = (blocks[i].offset + blocks[i].size + align - 1) & ~(align - 1);
    }
    if (start + size > instruction_ram.size || align > LINUX_PAGE_SIZE) {
        return ESP_ERR_NO_MEM;
    }
    for (size_t last = TEXT_REGIONS - 1; last > i; last--) {
        blocks[last] = blocks[last - 1];
    }
    blocks[i] = (text_block_t){start, size};
    *offset = start;
    return ESP_OK;
}

esp_err_t hotreload_port_text_alloc(size_t size, size_t align, uint32_t caps,
                                    hotreload_region_t *region)
{
    *region = (hotreload_region_t){0};
    esp_err_t error = check_request(size, caps);
    if (error == ESP_OK) {
        error = set_up_instruction_ram();
    }
    size_t offset = 0;
    if (error == ESP_OK) {
        error = take_text(size, align, &offset);
    }
    if (error == ESP_OK) {
        *region = (hotreload_region_t){.run = (uint32_t)(instruction_ram.run + offset),
                                       .write = instruction_ram.write + offset,
                                       .size = size};
        ram_used += size;
    }
    return error;
}

void hotreload_port_text_free(hotreload_region_t *region)
{
    if (region->write == NULL) {
        return;
    }
    text_block_t *blocks = instruction_ram.blocks;
    size_t offset = region->run - instruction_ram.run;
    size_t i = 0;
    while (i < TEXT_REGIONS && (blocks[i].offset != offset || blocks[i].size == 0)) {
        i++;
    }
    if (i == TEXT_REGIONS) {
        hotreload_port_panic("a text region was freed that is not allocated");
    }
    for (; i + 1 < TEXT_REGIONS; i++) {
        blocks[i] = blocks[i + 1];
    }
    blocks[TEXT_REGIONS - 1] = (text_block_t){0};
    ram_used -= region->size;
    *region = (hotreload_region_t){0};
}

esp_err_t hotreload_port_data_alloc(size_t size, size_t align, uint32_t caps,
                                    hotreload_region_t *region)
{
    *region = (hotreload_region_t){0};
    esp_err_t error = check_request(size, caps);
    if (error != ESP_OK) {
        return error;
    }
    void *memory = memalign(align, size);
    if (memory == NULL) {
        return ESP_ERR_NO_MEM;
    }
    *region =
        (hotreload_region_t){.run = (uint32_t)(uintptr_t)memory, .write = memory, .size = size};
    ram_used += size;
    return ESP_OK;
}

void hotreload_port_data_free(hotreload_region_t *region)
{
    if (region->write != NULL) {
        free(region->write);
        ram_used -= region->size;
        *region = (hotreload_region_t){0};
    }
}

static uint32_t room(void)
{
    return (uint32_t)(board_options()->ram_size - ram_used);
}

uint32_t hotreload_port_text_room(void)
{
    return room();
}

uint32_t hotreload_port_data_room(void)
{
    return room();
}

void *hotreload_port_buffer_alloc(size_t size)
{
    void *buffer = check_request(size, 0) == ESP_OK ? malloc(size) : NULL;
    ram_used += buffer != NULL ? size : 0;
    return buffer;
}

void hotreload_port_buffer_free(void *buffer, size_t size)
{
    free(buffer);
    ram_used -= size;
}

static volatile uint32_t *text_word(const hotreload_region_t *region, size_t offset)
{
    if (offset % 4 != 0 || offset + 4 > region->size) {
        hotreload_port_panic("text was accessed outside its region or unaligned");
    }
    return (volatile uint32_t *)((uint8_t *)region->write + offset);
}

uint32_t hotreload_port_text_read(const hotreload_region_t *region, size_t offset)
{
    return *text_word(region, offset);
}

void hotreload_port_text_write(const hotreload_region_t *region, size_t offset, uint32_t word)
{
    *text_word(region, offset) = word;
}

/* Mapping the executable view again makes QEMU forget its translations. */
esp_err_t hotreload_port_sync(const hotreload_region_t *text, const hotreload_region_t *data)
{
    (void)data; /* not executable */
    if (text->write == NULL || board_options()->skip_sync) {
        return ESP_OK;
    }
    uintptr_t first = text->run & ~(LINUX_PAGE_SIZE - 1);
    size_t size = text->run + text->size - first;
    void *mapped = linux_map(first, true, size, LINUX_READ | LINUX_EXECUTE, instruction_ram.file,
                             (uint32_t)(first - instruction_ram.run));
    return mapped == NULL ? ESP_ERR_NO_MEM : ESP_OK;
}

void hotreload_port_call(uint32_t run_address)
{
    ((void (*)(void))(uintptr_t)run_address)();
}
