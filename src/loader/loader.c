/* SPDX-License-Identifier: MIT */
#include "loader/loader.h"

#include <string.h>

#include "loader/relocate.h"

static esp_err_t check_target(const hotreload_image_t *image, hotreload_reason_t *reason)
{
    const hotreload_note_module_t *module = &image->module;
    if (image->machine != hotreload_port_arch()->machine) {
        return hotreload_fail(reason, ESP_ERR_NOT_SUPPORTED,
                              "built for ELF machine %u, this chip is %u", image->machine,
                              hotreload_port_arch()->machine);
    }
    if (module->chip != hotreload_port_chip()) {
        return hotreload_fail(reason, ESP_ERR_NOT_SUPPORTED, "built for chip %u, this one is %u",
                              module->chip, hotreload_port_chip());
    }
    if (module->abi != hotreload_port_abi()) {
        return hotreload_fail(reason, ESP_ERR_NOT_SUPPORTED,
                              "built for ABI %u, the firmware uses %u", module->abi,
                              hotreload_port_abi());
    }
    size_t id_size;
    const uint8_t *id = hotreload_port_firmware_id(&id_size);
    if (id_size != module->firmware_id_size || memcmp(id, image->firmware_id, id_size) != 0) {
        return hotreload_fail(reason, ESP_ERR_INVALID_VERSION,
                              "linked with another firmware: flash the firmware that was built, "
                              "or rebuild the module");
    }
    return ESP_OK;
}

/**
 * Walks the table and the exports side by side, both sorted by name, so the time is linear.
 *
 * @param text_run  run address of the text; the slots are only set if `bind` is true
 */
static esp_err_t walk_table(const hotreload_image_t *image, uint32_t text_run, bool bind,
                            hotreload_reason_t *reason)
{
    const hotreload_table_t *table = &hotreload_firmware_table;
    const char *name = table->names;
    hotreload_export_t export = {0};
    for (uint32_t slot = 0; slot < table->count; slot++) {
        int order = 1;
        while (order > 0 && hotreload_image_next_export(image, &export)) {
            order = strcmp(name, export.name);
        }
        if (order != 0) {
            return hotreload_fail(reason, ESP_ERR_NOT_FOUND,
                                  "the module lacks %.64s(), which the firmware calls", name);
        }
        if (bind) {
            table->slots[slot] = export.address - image->text.link + text_run;
        }
        name += strlen(name) + 1;
    }
    return ESP_OK;
}

static esp_err_t parse_for_firmware(const void *data, size_t size, hotreload_image_t *image,
                                    hotreload_reason_t *reason)
{
    esp_err_t error = hotreload_image_parse(data, size, image, reason);
    if (error == ESP_OK) {
        error = check_target(image, reason);
    }
    if (error == ESP_OK) {
        error = walk_table(image, 0, false, reason);
    }
    return error;
}

esp_err_t hotreload_loader_verify(const void *data, size_t size, hotreload_reason_t *reason)
{
    hotreload_image_t image;
    esp_err_t error = parse_for_firmware(data, size, &image, reason);
    return error == ESP_OK ? hotreload_relocations_check(&image, reason) : error;
}

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
    if (image->is_internal) {
        caps = (caps & ~HOTRELOAD_CAP_SPIRAM) | HOTRELOAD_CAP_INTERNAL;
    }
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

esp_err_t hotreload_loader_stage(const void *data, size_t size, uint32_t caps,
                                 hotreload_image_t *image, hotreload_module_t *staged,
                                 hotreload_reason_t *reason)
{
    memset(staged, 0, sizeof *staged);
    esp_err_t error = parse_for_firmware(data, size, image, reason);
    if (error == ESP_OK) {
        error = allocate_segments(image, caps, staged, reason);
    }
    if (error != ESP_OK) {
        return error;
    }
    staged->fini_offset = image->init.fini_address - image->data.link;
    staged->fini_count = image->init.fini_count;
    copy_segments(image, staged);
    error = hotreload_relocations_apply(image, &staged->text, &staged->data, reason);
    if (error == ESP_OK) {
        error = hotreload_port_sync(&staged->text, &staged->data);
        if (error != ESP_OK) {
            hotreload_fail(reason, error, "the caches could not be synchronised");
        }
    }
    if (error != ESP_OK) {
        free_module(staged);
    }
    return error;
}

static uint32_t function_at(const hotreload_region_t *data, uint32_t offset, uint32_t index)
{
    uint32_t address;
    memcpy(&address, (const uint8_t *)data->write + offset + index * sizeof address,
           sizeof address);
    return address;
}

void hotreload_loader_commit(const hotreload_image_t *image, const hotreload_module_t *staged)
{
    hotreload_reason_t unused;
    (void)walk_table(image, staged->text.run, true, &unused);
    uint32_t offset = image->init.init_address - image->data.link;
    for (uint32_t i = 0; i < image->init.init_count; i++) {
        hotreload_port_call(function_at(&staged->data, offset, i));
    }
}

void hotreload_loader_unbind(void)
{
    const hotreload_table_t *table = &hotreload_firmware_table;
    memcpy(table->slots, table->missing, table->slot_count * sizeof table->slots[0]);
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

void hotreload_loader_run_destructors(const hotreload_module_t *module)
{
    for (uint32_t i = module->fini_count; i > 0; i--) {
        hotreload_port_call(function_at(&module->data, module->fini_offset, i - 1));
    }
}

void hotreload_loader_release(hotreload_module_t *module)
{
    clear_text(module);
    free_module(module);
}
