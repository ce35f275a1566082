/* SPDX-License-Identifier: MIT */
#include "loader/segments.h"

#include <string.h>

#include "loader/kept.h"
#include "loader/relocate.h"

static void free_module(hotreload_module_t *module)
{
    hotreload_port_text_free(&module->text);
    hotreload_port_data_free(&module->data);
    memset(module, 0, sizeof *module);
}

/** A segment without bytes gets no memory. */
static esp_err_t allocate_segments(const hotreload_image_t *image, uint32_t caps,
                                   hotreload_module_t *module, hotreload_reason_t *reason)
{
    const hotreload_segment_t *text = &image->text;
    const hotreload_segment_t *data = &image->data;
    const char *kind = "text";
    esp_err_t error = ESP_OK;
    if (text->memory_size > 0) {
        error = hotreload_port_text_alloc(text->memory_size, text->align, caps, &module->text);
    }
    if (error == ESP_OK && data->memory_size > 0) {
        kind = "data";
        uint32_t whole_words = (data->memory_size + 3u) & ~3u;
        error = hotreload_port_data_alloc(whole_words, data->align, caps, &module->data);
    }
    if (error != ESP_OK) {
        free_module(module);
        return hotreload_fail(reason, error, "no %s memory for the module (text %u, data %u bytes)",
                              kind, (unsigned)text->memory_size, (unsigned)data->memory_size);
    }
    return ESP_OK;
}

static void copy_segments(const hotreload_image_t *image, const hotreload_module_t *module)
{
    const hotreload_segment_t *text = &image->text;
    for (uint32_t offset = 0; offset < text->file_size; offset += sizeof(uint32_t)) {
        uint32_t word;
        memcpy(&word, text->bytes + offset, sizeof word);
        hotreload_port_text_write(&module->text, offset, word);
    }
    const hotreload_segment_t *data = &image->data;
    if (data->memory_size > 0) {
        uint8_t *target = module->data.write;
        memcpy(target, data->bytes, data->file_size);
        memset(target + data->file_size, 0, data->memory_size - data->file_size);
    }
}

static esp_err_t relocate(const hotreload_image_t *image, const hotreload_module_t *base,
                          const hotreload_module_t *module, hotreload_reason_t *reason)
{
    const hotreload_places_t places = {
        .text = &module->text,
        .data = &module->data,
        .symbols =
            {
                [HOTRELOAD_SYM_TEXT] = module->text.run,
                [HOTRELOAD_SYM_DATA] = module->data.run,
                [HOTRELOAD_SYM_BASE_TEXT] = base != NULL ? base->text.run : 0,
                [HOTRELOAD_SYM_BASE_DATA] = base != NULL ? base->data.run : 0,
            },
    };
    esp_err_t error = hotreload_relocations_apply(image, &places, reason);
    if (error == ESP_OK) {
        hotreload_kept_fill(image, &module->data);
        error = hotreload_port_sync(&module->text, &module->data);
        if (error != ESP_OK) {
            hotreload_fail(reason, error, "the caches could not be synchronised");
        }
    }
    return error;
}

esp_err_t hotreload_segments_place(const hotreload_image_t *image, uint32_t caps,
                                   const hotreload_module_t *base, hotreload_module_t *placed,
                                   hotreload_reason_t *reason)
{
    memset(placed, 0, sizeof *placed);
    if (image->is_internal) {
        caps = (caps & ~HOTRELOAD_CAP_SPIRAM) | HOTRELOAD_CAP_INTERNAL;
    }
    esp_err_t error = allocate_segments(image, caps, placed, reason);
    if (error != ESP_OK) {
        return error;
    }
    error = hotreload_kept_stage(image, caps, reason);
    if (error == ESP_OK) {
        copy_segments(image, placed);
        error = relocate(image, base, placed, reason);
    }
    if (error != ESP_OK) {
        hotreload_kept_abort();
        free_module(placed);
    }
    return error;
}

/**
 * Zero is no instruction on RISC-V and Xtensa. So a call of the old code faults at once, until the
 * heap gives the memory to others.
 */
static void clear_text(const hotreload_module_t *module)
{
    const hotreload_region_t no_data = {0};
    for (size_t offset = 0; offset < module->text.size; offset += sizeof(uint32_t)) {
        hotreload_port_text_write(&module->text, offset, 0);
    }
    (void)hotreload_port_sync(&module->text, &no_data); /* a failure only means less help */
}

void hotreload_segments_free(hotreload_module_t *module)
{
    clear_text(module);
    free_module(module);
}
