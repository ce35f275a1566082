/* SPDX-License-Identifier: MIT */
#include "thread_memory.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "loader/table.h"
#include "thread_port.h"

#define REGIONS 16u

/** No bytes: unused. */
typedef struct {
    uint8_t *bytes;
    uint32_t run;
    size_t size;
    bool synced;
} memory_t;

/* All of it is guarded by HOTRELOAD_LOCK_MODULE. */
static memory_t texts[REGIONS];
static memory_t datas[REGIONS];
static uint32_t next_run;
static size_t used, ram_limit;

/** Bytes of buffers; with either lock. */
static atomic_size_t buffered;

void thread_memory_begin(size_t limit)
{
    next_run = 0x40380000u;
    ram_limit = limit;
}

void thread_memory_expect_idle(void)
{
    if (used != 0) {
        thread_port_fail("%zu bytes of modules' memory were not freed", used);
    }
    if (buffered != 0) {
        thread_port_fail("%zu bytes of buffers were not freed", (size_t)buffered);
    }
}

static memory_t *find(memory_t *memories, uint32_t run, const char *what)
{
    for (size_t i = 0; i < REGIONS; i++) {
        if (memories[i].bytes != NULL && memories[i].run == run) {
            return &memories[i];
        }
    }
    thread_port_fail("no live %s region begins at run address 0x%x", what, run);
}

const uint8_t *thread_memory_text(uint32_t run, size_t *size)
{
    const memory_t *memory = find(texts, run, "text");
    if (!memory->synced) {
        thread_port_fail("the text at 0x%x was not synchronised", run);
    }
    *size = memory->size;
    return memory->bytes;
}

const uint8_t *thread_memory_data(uint32_t first_word, size_t *size)
{
    for (size_t i = 0; i < REGIONS; i++) {
        if (datas[i].bytes != NULL && memcmp(datas[i].bytes, &first_word, sizeof first_word) == 0) {
            *size = datas[i].size;
            return datas[i].bytes;
        }
    }
    thread_port_fail("no live data region begins with 0x%x", first_word);
}

/** Not instrumented: it looks from outside of all tasks, which do not run meanwhile. */
__attribute__((no_sanitize("thread"))) static bool leads_to_text(uint32_t address)
{
    for (size_t i = 0; i < REGIONS; i++) {
        if (texts[i].bytes != NULL && address - texts[i].run < texts[i].size) {
            return true;
        }
    }
    return false;
}

__attribute__((no_sanitize("thread"))) void thread_memory_check_table(void)
{
    const hotreload_table_t *table = &hotreload_firmware_table;
    for (uint32_t i = 0; i < table->count; i++) {
        if (table->slots[i] != table->missing[i] && !leads_to_text(table->slots[i])) {
            thread_port_fail("slot %u leads to 0x%x, where no module is", i, table->slots[i]);
        }
    }
}

static esp_err_t allocate(memory_t *memories, size_t size, size_t align, hotreload_region_t *region)
{
    *region = (hotreload_region_t){0};
    if (size == 0 || size % 4 != 0 || align < 4 || (align & (align - 1)) != 0) {
        thread_port_fail("a region of %zu bytes aligned to %zu was asked for", size, align);
    }
    if (thread_port_fails_here() || size > ram_limit - used) {
        return ESP_ERR_NO_MEM;
    }
    size_t slot = 0;
    while (slot < REGIONS && memories[slot].bytes != NULL) {
        slot++;
    }
    uint8_t *bytes = malloc(size);
    if (slot == REGIONS || bytes == NULL) {
        thread_port_fail("more than %u regions of one kind", REGIONS);
    }
    memset(bytes, 0xa5, size);
    uint32_t run = (next_run + (uint32_t)align - 1) & ~((uint32_t)align - 1);
    next_run = run + (uint32_t)size;
    used += size;
    memories[slot] = (memory_t){.bytes = bytes, .run = run, .size = size};
    *region = (hotreload_region_t){.run = run, .write = bytes, .size = size};
    return ESP_OK;
}

static void release(memory_t *memories, hotreload_region_t *region, const char *what)
{
    if (region->write != NULL) {
        thread_port_point();
        memory_t *memory = find(memories, region->run, what);
        used -= memory->size;
        free(memory->bytes);
        *memory = (memory_t){0};
    }
    *region = (hotreload_region_t){0};
}

esp_err_t hotreload_port_text_alloc(size_t size, size_t align, uint32_t caps,
                                    hotreload_region_t *region)
{
    (void)caps;
    return allocate(texts, size, align, region);
}

esp_err_t hotreload_port_data_alloc(size_t size, size_t align, uint32_t caps,
                                    hotreload_region_t *region)
{
    (void)caps;
    return allocate(datas, size, align, region);
}

void hotreload_port_text_free(hotreload_region_t *region)
{
    release(texts, region, "text");
}

void hotreload_port_data_free(hotreload_region_t *region)
{
    release(datas, region, "data");
}

uint32_t hotreload_port_text_room(void)
{
    return 0;
}

uint32_t hotreload_port_data_room(void)
{
    return 0;
}

void *hotreload_port_buffer_alloc(size_t size)
{
    if (thread_port_fails_here()) {
        return NULL;
    }
    void *buffer = malloc(size);
    if (buffer == NULL) {
        thread_port_fail("no memory for a buffer of %zu bytes", size);
    }
    atomic_fetch_add(&buffered, size);
    return buffer;
}

void hotreload_port_buffer_free(void *buffer, size_t size)
{
    atomic_fetch_sub(&buffered, size);
    free(buffer);
}

uint32_t hotreload_port_text_read(const hotreload_region_t *region, size_t offset)
{
    uint32_t word;
    memcpy(&word, find(texts, region->run, "text")->bytes + offset, sizeof word);
    return word;
}

void hotreload_port_text_write(const hotreload_region_t *region, size_t offset, uint32_t word)
{
    memory_t *memory = find(texts, region->run, "text");
    if (offset % 4 != 0 || offset >= memory->size) {
        thread_port_fail("text access at offset %zu of %zu bytes", offset, memory->size);
    }
    memory->synced = false;
    memcpy(memory->bytes + offset, &word, sizeof word);
}

esp_err_t hotreload_port_sync(const hotreload_region_t *text, const hotreload_region_t *data)
{
    (void)data;
    if (thread_port_fails_here()) {
        return ESP_FAIL;
    }
    if (text->write != NULL) {
        find(texts, text->run, "text")->synced = true;
    }
    return ESP_OK;
}

void hotreload_port_call(uint32_t run_address)
{
    thread_port_point();
    if (!leads_to_text(run_address)) {
        thread_port_fail("0x%x was called, where no module is", run_address);
    }
}
