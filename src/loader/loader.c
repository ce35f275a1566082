/* SPDX-License-Identifier: MIT */
#include "loader/loader.h"

#include <string.h>

#include "loader/kept.h"
#include "loader/relocate.h"
#include "loader/segments.h"

static esp_err_t check_target(const hotreload_image_t *image, hotreload_reason_t *reason)
{
    const hotreload_note_module_t *module = &image->module;
    const unsigned chip = hotreload_port_chip();
    const unsigned abi = hotreload_port_abi();
    if (image->machine != hotreload_port_arch()->machine || module->chip != chip ||
        module->abi != abi) {
        return hotreload_fail(reason, ESP_ERR_NOT_SUPPORTED,
                              "built for chip %u, ABI %u; the firmware is for chip %u, ABI %u",
                              module->chip, module->abi, chip, abi);
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
 * @param text_run  run address of the text
 * @param slots     gets the exports' run addresses; NULL: only looks for the exports
 */
static esp_err_t walk_table(const hotreload_image_t *image, uint32_t text_run, uint32_t *slots,
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
        if (slots != NULL) {
            slots[slot] = export.address - image->text.link + text_run;
        }
        name += strlen(name) + 1;
    }
    return ESP_OK;
}

esp_err_t hotreload_loader_read(const void *data, size_t size, hotreload_image_t *image,
                                hotreload_reason_t *reason)
{
    esp_err_t error = hotreload_image_parse(data, size, image, reason);
    if (error == ESP_OK) {
        error = check_target(image, reason);
    }
    if (error == ESP_OK && image->base_sha256 == NULL) {
        error = walk_table(image, 0, NULL, reason);
    }
    return error;
}

esp_err_t hotreload_loader_verify(const void *data, size_t size, hotreload_image_t *image,
                                  hotreload_reason_t *reason)
{
    esp_err_t error = hotreload_loader_read(data, size, image, reason);
    return error == ESP_OK ? hotreload_relocations_check(image, reason) : error;
}

esp_err_t hotreload_loader_stage(const void *data, size_t size, uint32_t caps,
                                 hotreload_image_t *image, hotreload_module_t *staged,
                                 hotreload_reason_t *reason)
{
    memset(staged, 0, sizeof *staged);
    esp_err_t error = hotreload_loader_read(data, size, image, reason);
    if (error == ESP_OK && image->base_sha256 != NULL) {
        error = hotreload_fail(reason, ESP_ERR_NOT_SUPPORTED,
                               "a patch, which cannot run without its base: send a whole module");
    }
    if (error == ESP_OK) {
        error = hotreload_segments_place(image, caps, NULL, staged, reason);
    }
    if (error == ESP_OK) {
        staged->fini_offset = image->init.fini_address - image->data.link;
        staged->fini_count = image->init.fini_count;
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

void hotreload_loader_fill_slots(const hotreload_image_t *image, const hotreload_module_t *staged,
                                 uint32_t *slots)
{
    hotreload_reason_t unused;
    (void)walk_table(image, staged->text.run, slots, &unused);
}

static void construct(const hotreload_image_t *image, const hotreload_module_t *staged,
                      uint32_t first, uint32_t end)
{
    const uint32_t offset = image->init.init_address - image->data.link;
    for (uint32_t i = first; i < end; i++) {
        hotreload_port_call(function_at(&staged->data, offset, i));
    }
}

/** Of the first constructors, so many may run while nothing else does. */
static uint32_t count_fills(const hotreload_image_t *image)
{
    return image->fills_first ? 1 : 0;
}

void hotreload_loader_fill(const hotreload_image_t *image, const hotreload_module_t *staged)
{
    construct(image, staged, 0, count_fills(image));
}

void hotreload_loader_construct(const hotreload_image_t *image, const hotreload_module_t *staged)
{
    construct(image, staged, count_fills(image), image->init.init_count);
}

void hotreload_loader_unbind(void)
{
    const hotreload_table_t *table = &hotreload_firmware_table;
    memcpy(table->slots, table->missing, table->slot_count * sizeof table->slots[0]);
}

void hotreload_loader_run_destructors(hotreload_module_t *module)
{
    while (module->fini_count > 0) {
        module->fini_count--;
        hotreload_port_call(function_at(&module->data, module->fini_offset, module->fini_count));
    }
}
