/* SPDX-License-Identifier: MIT */
#include "loader/relocate.h"

#include <string.h>

#include "image/malformed.h"
#include "loader/arch.h"

/** Where a relocation acts. */
typedef struct {
    bool in_text;
    uint32_t offset; /**< of the field in its segment, bytes */
    uint32_t size;   /**< of the field, bytes */
} field_t;

/** Only bytes of the file can be relocated: zeroed memory has no pointers. */
static bool segment_covers(const hotreload_segment_t *segment, uint32_t place, uint32_t size)
{
    uint32_t offset = place - segment->link;
    return offset <= segment->file_size && size <= segment->file_size - offset;
}

static bool symbol_exists(const hotreload_image_t *image, uint32_t symbol)
{
    return symbol == HOTRELOAD_SYM_NONE ||
           (symbol == HOTRELOAD_SYM_TEXT && image->text.memory_size > 0) ||
           (symbol == HOTRELOAD_SYM_DATA && image->data.memory_size > 0);
}

static esp_err_t locate_field(const hotreload_image_t *image,
                              const hotreload_relocation_t *relocation, field_t *field,
                              hotreload_reason_t *reason)
{
    field->size = hotreload_port_arch()->field_size(relocation->type);
    if (field->size == 0) {
        return hotreload_fail(reason, ESP_ERR_NOT_SUPPORTED,
                              "relocation type %u is unknown to this firmware",
                              (unsigned)relocation->type);
    }
    if (!symbol_exists(image, relocation->symbol)) {
        return hotreload_malformed(reason, HOTRELOAD_BAD_RELOCATION_SYMBOL);
    }
    field->in_text = segment_covers(&image->text, relocation->place, field->size);
    if (!field->in_text && !segment_covers(&image->data, relocation->place, field->size)) {
        return hotreload_malformed(reason, HOTRELOAD_BAD_RELOCATION_PLACE);
    }
    field->offset = relocation->place - (field->in_text ? image->text.link : image->data.link);
    return ESP_OK;
}

esp_err_t hotreload_relocations_check(const hotreload_image_t *image, hotreload_reason_t *reason)
{
    esp_err_t error = ESP_OK;
    for (uint32_t i = 0; i < image->relocation_count && error == ESP_OK; i++) {
        hotreload_relocation_t relocation = hotreload_image_relocation(image, i);
        field_t field;
        error = locate_field(image, &relocation, &field, reason);
    }
    return error;
}

/** A word after an instruction of two bytes is unaligned: it lies in two aligned words. */
static uint32_t read_text(const hotreload_region_t *text, uint32_t offset)
{
    uint32_t shift = offset % 4 * 8;
    uint32_t base = offset & ~3u;
    uint32_t word = hotreload_port_text_read(text, base) >> shift;
    if (shift > 0) {
        word |= hotreload_port_text_read(text, base + 4) << (32 - shift);
    }
    return word;
}

static void write_text(const hotreload_region_t *text, uint32_t offset, uint32_t word)
{
    uint32_t shift = offset % 4 * 8;
    uint32_t base = offset & ~3u;
    if (shift == 0) {
        hotreload_port_text_write(text, base, word);
        return;
    }
    uint32_t low = hotreload_port_text_read(text, base) & ((1u << shift) - 1);
    uint32_t high = hotreload_port_text_read(text, base + 4) & ~((1u << shift) - 1);
    hotreload_port_text_write(text, base, low | word << shift);
    hotreload_port_text_write(text, base + 4, high | word >> (32 - shift));
}

static void read_field(const hotreload_region_t *region, const field_t *field, uint32_t *words)
{
    if (!field->in_text) {
        memcpy(words, (const uint8_t *)region->write + field->offset, field->size);
        return;
    }
    for (uint32_t i = 0; i < field->size / 4; i++) {
        words[i] = read_text(region, field->offset + i * 4);
    }
}

static void write_field(const hotreload_region_t *region, const field_t *field,
                        const uint32_t *words)
{
    if (!field->in_text) {
        memcpy((uint8_t *)region->write + field->offset, words, field->size);
        return;
    }
    for (uint32_t i = 0; i < field->size / 4; i++) {
        write_text(region, field->offset + i * 4, words[i]);
    }
}

esp_err_t hotreload_relocations_apply(const hotreload_image_t *image,
                                      const hotreload_region_t *text,
                                      const hotreload_region_t *data, hotreload_reason_t *reason)
{
    const uint32_t symbol_values[HOTRELOAD_SYM_COUNT] = {
        [HOTRELOAD_SYM_NONE] = 0,
        [HOTRELOAD_SYM_TEXT] = text->run,
        [HOTRELOAD_SYM_DATA] = data->run,
    };
    for (uint32_t i = 0; i < image->relocation_count; i++) {
        hotreload_relocation_t relocation = hotreload_image_relocation(image, i);
        field_t field;
        esp_err_t error = locate_field(image, &relocation, &field, reason);
        if (error != ESP_OK) {
            return error;
        }
        const hotreload_region_t *region = field.in_text ? text : data;
        uint32_t value = symbol_values[relocation.symbol] + relocation.addend;
        uint32_t words[HOTRELOAD_FIELD_WORDS] = {0};
        read_field(region, &field, words);
        if (hotreload_port_arch()->relocate(relocation.type, region->run + field.offset, value,
                                            words) != ESP_OK) {
            return hotreload_malformed(reason, HOTRELOAD_BAD_RELOCATION_VALUE);
        }
        write_field(region, &field, words);
    }
    return ESP_OK;
}
