/* SPDX-License-Identifier: MIT */
#include "loader/relocate.h"

#include <string.h>

#include "image/malformed.h"
#include "loader/arch.h"
#include "loader/kept.h"
#include "loader/text.h"

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
    switch (symbol) {
    case HOTRELOAD_SYM_NONE:
        return true;
    case HOTRELOAD_SYM_TEXT:
        return image->text.memory_size > 0;
    case HOTRELOAD_SYM_DATA:
        return image->data.memory_size > 0;
    case HOTRELOAD_SYM_BASE_TEXT:
    case HOTRELOAD_SYM_BASE_DATA:
        return image->base_sha256 != NULL;
    default:
        return symbol - HOTRELOAD_SYM_KEPT < image->kept.count;
    }
}

static uint32_t symbol_value(const hotreload_image_t *image, const hotreload_places_t *places,
                             uint32_t symbol)
{
    return symbol < HOTRELOAD_SYM_COUNT
               ? places->symbols[symbol]
               : hotreload_kept_address(image, symbol - HOTRELOAD_SYM_KEPT);
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

static esp_err_t relocate_field(const hotreload_region_t *region, const field_t *field,
                                uint32_t type, uint32_t value)
{
    uint32_t words[HOTRELOAD_FIELD_WORDS] = {0};
    if (field->in_text) {
        hotreload_text_read(region, field->offset, words, field->size);
    } else {
        memcpy(words, (uint8_t *)region->write + field->offset, field->size);
    }
    esp_err_t error =
        hotreload_port_arch()->relocate(type, region->run + field->offset, value, words);
    if (field->in_text) {
        hotreload_text_write(region, field->offset, words, field->size);
    } else {
        memcpy((uint8_t *)region->write + field->offset, words, field->size);
    }
    return error;
}

esp_err_t hotreload_relocations_apply(const hotreload_image_t *image,
                                      const hotreload_places_t *places, hotreload_reason_t *reason)
{
    for (uint32_t i = 0; i < image->relocation_count; i++) {
        hotreload_relocation_t relocation = hotreload_image_relocation(image, i);
        field_t field;
        esp_err_t error = locate_field(image, &relocation, &field, reason);
        if (error != ESP_OK) {
            return error;
        }
        const hotreload_region_t *region = field.in_text ? places->text : places->data;
        uint32_t value = symbol_value(image, places, relocation.symbol) + relocation.addend;
        if (relocate_field(region, &field, relocation.type, value) != ESP_OK) {
            return hotreload_malformed(reason, HOTRELOAD_BAD_RELOCATION_VALUE);
        }
    }
    return ESP_OK;
}
