/*
 * Memory from ESP-IDF's heaps: text and data of modules, and buffers.
 *
 * SPDX-License-Identifier: MIT
 */
#include "chip/chip.h"

#include "esp_heap_caps.h"
#include "esp_memory_utils.h"
#include "hotreload.h"
#include "sdkconfig.h"

_Static_assert(HOTRELOAD_CAP_SPIRAM == MALLOC_CAP_SPIRAM, "hotreload.h has another number");
_Static_assert(HOTRELOAD_CAP_INTERNAL == MALLOC_CAP_INTERNAL, "port.h has another number");

#ifdef CONFIG_HOTRELOAD_PREFER_SPIRAM
#define PREFER_SPIRAM true
#else
#define PREFER_SPIRAM false
#endif

/* The heap never gives executable memory that also has these. Text needs none of them. */
#define CAPS_OF_DATA_ONLY (MALLOC_CAP_8BIT | MALLOC_CAP_DMA | MALLOC_CAP_DEFAULT)

/**
 * The heap aligns executable memory to words only. So this allocates more, and notes where the
 * heap's block begins in the word before the region.
 */
static void *exec_alloc(size_t size, size_t align, uint32_t caps)
{
    size_t total = size + align;
    if (size == 0 || total < size) {
        return NULL;
    }
    void *block =
        heap_caps_malloc(total, (caps & ~CAPS_OF_DATA_ONLY) | MALLOC_CAP_EXEC | MALLOC_CAP_32BIT);
    if (block == NULL) {
        return NULL;
    }
    uintptr_t run = hotreload_round_up((uintptr_t)block + sizeof(uint32_t), align);
    uint32_t *write = hotreload_write_address((void *)run);
    write[-1] = (uint32_t)(uintptr_t)block;
    return (void *)run;
}

static void exec_free(const uint32_t *write)
{
    heap_caps_free((void *)(uintptr_t)write[-1]);
}

static esp_err_t internal_text_alloc(size_t size, size_t align, uint32_t caps,
                                     hotreload_region_t *region)
{
    size_t line = hotreload_cache_line(false);
    void *run = exec_alloc(hotreload_round_up(size, line), align > line ? align : line, caps);
    if (run == NULL) {
        return ESP_ERR_NO_MEM;
    }
    region->run = (uint32_t)(uintptr_t)run;
    region->write = hotreload_write_address(run);
    region->size = size;
    return ESP_OK;
}

esp_err_t hotreload_port_text_alloc(size_t size, size_t align, uint32_t caps,
                                    hotreload_region_t *region)
{
    *region = (hotreload_region_t){0};
    if ((caps & MALLOC_CAP_SPIRAM) != 0) {
        esp_err_t error = hotreload_psram_text_alloc(size, align, region);
        if (error == ESP_ERR_NOT_SUPPORTED) {
            hotreload_psram_explain_refusal();
        }
        return error;
    }
    if (caps == 0 && PREFER_SPIRAM && hotreload_psram_text_alloc(size, align, region) == ESP_OK) {
        return ESP_OK;
    }
    return internal_text_alloc(size, align, caps, region);
}

void hotreload_port_text_free(hotreload_region_t *region)
{
    if (esp_ptr_external_ram(region->write)) {
        hotreload_psram_text_free(region);
    } else if (region->write != NULL) {
        exec_free(region->write);
    }
    *region = (hotreload_region_t){0};
}

esp_err_t hotreload_port_data_alloc(size_t size, size_t align, uint32_t caps,
                                    hotreload_region_t *region)
{
    *region = (hotreload_region_t){0};
    void *data = NULL;
    if (caps == 0 && PREFER_SPIRAM) {
        data = heap_caps_aligned_alloc(align, size, MALLOC_CAP_SPIRAM | MALLOC_CAP_8BIT);
    }
    if (data == NULL) {
        uint32_t asked = caps == 0 ? MALLOC_CAP_INTERNAL : caps & ~MALLOC_CAP_EXEC;
        data = heap_caps_aligned_alloc(align, size, asked | MALLOC_CAP_8BIT);
    }
    if (data == NULL) {
        return ESP_ERR_NO_MEM;
    }
    *region = (hotreload_region_t){.run = (uint32_t)(uintptr_t)data, .write = data, .size = size};
    return ESP_OK;
}

void hotreload_port_data_free(hotreload_region_t *region)
{
    heap_caps_free(region->write);
    *region = (hotreload_region_t){0};
}

/** External memory first: only modules need the internal. */
void *hotreload_port_buffer_alloc(size_t size)
{
    void *buffer = heap_caps_malloc(size, MALLOC_CAP_SPIRAM | MALLOC_CAP_8BIT);
    return buffer != NULL ? buffer : heap_caps_malloc(size, MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT);
}

void hotreload_port_buffer_free(void *buffer, size_t size)
{
    (void)size;
    heap_caps_free(buffer);
}

uint32_t hotreload_port_text_room(void)
{
    return (uint32_t)heap_caps_get_largest_free_block(MALLOC_CAP_EXEC | MALLOC_CAP_32BIT);
}

uint32_t hotreload_port_data_room(void)
{
    return (uint32_t)heap_caps_get_largest_free_block(MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT);
}

/** Volatile: the compiler must neither merge two words nor split one into bytes. */
static volatile uint32_t *word_at(const hotreload_region_t *region, size_t offset)
{
    return (volatile uint32_t *)region->write + offset / sizeof(uint32_t);
}

uint32_t hotreload_port_text_read(const hotreload_region_t *region, size_t offset)
{
    return *word_at(region, offset);
}

void hotreload_port_text_write(const hotreload_region_t *region, size_t offset, uint32_t word)
{
    *word_at(region, offset) = word;
}

esp_err_t hotreload_port_sync(const hotreload_region_t *text, const hotreload_region_t *data)
{
    /* Data is read through the cache that it was written through: the cores share it, or on the
     * ESP32 each half of PSRAM has one (PSRAM_VADDR_MODE_LOWHIGH). */
    (void)data;
    esp_err_t error = ESP_OK;
    if (text->write != NULL) {
        error = hotreload_cache_sync(text);
    }
    hotreload_cores_fence();
    return error;
}

void hotreload_port_call(uint32_t run_address)
{
    void (*function)(void) = (void (*)(void))(uintptr_t)run_address;
    function();
}
