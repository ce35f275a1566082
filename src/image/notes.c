/* SPDX-License-Identifier: MIT */
#include "image/notes.h"

#include <string.h>

#include "image/elf32.h"
#include "image/malformed.h"
#include "image/patch_notes.h"

#define MAX_FIRMWARE_ID 32u

typedef struct {
    uint32_t type;
    const uint8_t *content;
    uint32_t size;
} note_t;

static uint32_t padded_size(uint32_t size)
{
    return (size + 3u) & ~3u;
}

/** Reads the note at *position and advances it. */
static esp_err_t next_note(const uint8_t *notes, size_t size, size_t *position, note_t *note,
                           hotreload_reason_t *reason)
{
    elf32_note_t header;
    const size_t name_size = sizeof HOTRELOAD_NOTE_NAME;
    size_t left = size - *position;
    if (left < sizeof header + name_size) {
        return hotreload_malformed(reason, HOTRELOAD_BAD_NOTE_SIZE);
    }
    memcpy(&header, notes + *position, sizeof header);
    const uint8_t *name = notes + *position + sizeof header;
    if (header.n_namesz != name_size || memcmp(name, HOTRELOAD_NOTE_NAME, name_size) != 0) {
        return hotreload_malformed(reason, HOTRELOAD_BAD_NOTE_OWNER);
    }
    left -= sizeof header + name_size;
    if (header.n_descsz > left || padded_size(header.n_descsz) > left) {
        return hotreload_malformed(reason, HOTRELOAD_BAD_NOTE_SIZE);
    }
    *note = (note_t){header.n_type, name + name_size, header.n_descsz};
    *position += sizeof header + name_size + padded_size(header.n_descsz);
    return ESP_OK;
}

static esp_err_t read_module_note(const note_t *note, hotreload_image_t *image,
                                  hotreload_reason_t *reason)
{
    hotreload_note_module_t *module = &image->module;
    if (note->size < sizeof *module) {
        return hotreload_malformed(reason, HOTRELOAD_BAD_NOTE_SIZE);
    }
    memcpy(module, note->content, sizeof *module);
    if (module->format != HOTRELOAD_FORMAT_VERSION) {
        return hotreload_fail(
            reason, ESP_ERR_NOT_SUPPORTED,
            "module format %u, this firmware knows %u: build both with one version", module->format,
            HOTRELOAD_FORMAT_VERSION);
    }
    if (module->firmware_id_size > MAX_FIRMWARE_ID ||
        module->firmware_id_size > note->size - sizeof *module) {
        return hotreload_malformed(reason, HOTRELOAD_BAD_IDENTITY_SIZE);
    }
    image->firmware_id = note->content + sizeof *module;
    return ESP_OK;
}

static esp_err_t check_export(const hotreload_image_t *image, uint32_t index, const char *previous,
                              const char *name, hotreload_reason_t *reason)
{
    uint32_t address;
    memcpy(&address, image->export_addresses + (size_t)index * sizeof address, sizeof address);
    if (name[0] == '\0' || (previous != NULL && strcmp(previous, name) >= 0)) {
        return hotreload_malformed(reason, HOTRELOAD_BAD_EXPORT_NAME);
    }
    if (address - image->text.link >= image->text.memory_size) {
        return hotreload_malformed(reason, HOTRELOAD_BAD_EXPORT_ADDRESS);
    }
    return ESP_OK;
}

static esp_err_t read_export_note(const note_t *note, hotreload_image_t *image,
                                  hotreload_reason_t *reason)
{
    uint32_t count;
    if (note->size < sizeof count) {
        return hotreload_malformed(reason, HOTRELOAD_BAD_NOTE_SIZE);
    }
    memcpy(&count, note->content, sizeof count);
    uint32_t left = note->size - sizeof count;
    if (count > left / sizeof(uint32_t)) {
        return hotreload_malformed(reason, HOTRELOAD_BAD_EXPORT_COUNT);
    }
    image->export_count = count;
    image->export_addresses = note->content + sizeof count;
    image->export_names = (const char *)image->export_addresses + count * sizeof(uint32_t);
    left -= count * sizeof(uint32_t);

    const char *previous = NULL;
    const char *name = image->export_names;
    for (uint32_t i = 0; i < count; i++) {
        const char *end = memchr(name, '\0', left);
        if (end == NULL) {
            return hotreload_malformed(reason, HOTRELOAD_BAD_EXPORT_END);
        }
        esp_err_t error = check_export(image, i, previous, name, reason);
        if (error != ESP_OK) {
            return error;
        }
        left -= (uint32_t)(end + 1 - name);
        previous = name;
        name = end + 1;
    }
    return ESP_OK;
}

/** An array of function pointers has to lie in what the data segment has in the file. */
static bool is_pointer_array(const hotreload_segment_t *data, uint32_t address, uint32_t count)
{
    uint32_t offset = address - data->link;
    return count == 0 || (offset <= data->file_size && offset % sizeof(uint32_t) == 0 &&
                          count <= (data->file_size - offset) / sizeof(uint32_t));
}

static esp_err_t read_init_note(const note_t *note, hotreload_image_t *image,
                                hotreload_reason_t *reason)
{
    hotreload_note_init_t *init = &image->init;
    if (note->size != sizeof *init) {
        return hotreload_malformed(reason, HOTRELOAD_BAD_NOTE_SIZE);
    }
    memcpy(init, note->content, sizeof *init);
    if (!is_pointer_array(&image->data, init->init_address, init->init_count) ||
        !is_pointer_array(&image->data, init->fini_address, init->fini_count)) {
        return hotreload_malformed(reason, HOTRELOAD_BAD_CONSTRUCTORS);
    }
    return ESP_OK;
}

static esp_err_t read_note(const note_t *note, hotreload_image_t *image, hotreload_reason_t *reason)
{
    switch (note->type) {
    case HOTRELOAD_NOTE_MODULE:
        return read_module_note(note, image, reason);
    case HOTRELOAD_NOTE_EXPORTS:
        return read_export_note(note, image, reason);
    case HOTRELOAD_NOTE_INIT:
        return read_init_note(note, image, reason);
    case HOTRELOAD_NOTE_INTERNAL:
        image->is_internal = true;
        return ESP_OK;
    case HOTRELOAD_NOTE_BASE:
        return hotreload_note_base(note->content, note->size, image, reason);
    case HOTRELOAD_NOTE_JUMPS:
        return hotreload_note_jumps(note->content, note->size, image, reason);
    case HOTRELOAD_NOTE_SWAPS:
        return hotreload_note_swaps(note->content, note->size, image, reason);
    case HOTRELOAD_NOTE_KEPT:
        return hotreload_note_kept(note->content, note->size, image, reason);
    case HOTRELOAD_NOTE_VENEERS:
        return hotreload_note_veneers(note->content, note->size, image, reason);
    case HOTRELOAD_NOTE_FILL:
        image->fills_first = image->init.init_count > 0;
        return ESP_OK;
    default:
        if (note->type & HOTRELOAD_NOTE_OPTIONAL) {
            return ESP_OK;
        }
        return hotreload_fail(reason, ESP_ERR_NOT_SUPPORTED,
                              "note %u is unknown to this firmware: rebuild and flash it",
                              (unsigned)note->type);
    }
}

esp_err_t hotreload_notes_read(const uint8_t *notes, size_t size, hotreload_image_t *image,
                               hotreload_reason_t *reason)
{
    size_t position = 0;
    uint32_t previous_type = 0;
    while (position < size) {
        note_t note = {0};
        esp_err_t error = next_note(notes, size, &position, &note, reason);
        if (error == ESP_OK && note.type <= previous_type) {
            error = hotreload_malformed(reason, HOTRELOAD_BAD_NOTE_ORDER);
        }
        if (error == ESP_OK) {
            error = read_note(&note, image, reason);
        }
        if (error != ESP_OK) {
            return error;
        }
        previous_type = note.type;
    }
    if (image->firmware_id == NULL || image->export_addresses == NULL) {
        return hotreload_malformed(reason, HOTRELOAD_BAD_NOTES_MISSING);
    }
    if (image->base_sha256 != NULL &&
        (image->init.init_count != 0 || image->init.fini_count != 0)) {
        return hotreload_malformed(reason, HOTRELOAD_BAD_PATCH_CONSTRUCTORS);
    }
    return ESP_OK;
}
