/* SPDX-License-Identifier: MIT */
#include "loader/kept.h"

#include <string.h>

#include "image/malformed.h"

/** An address that any variable may have: the host refuses stricter alignments. */
#define ALIGN 8u

typedef struct variable {
    struct variable *next;
    uint32_t key[2];
    hotreload_region_t region;
    bool is_new;
} variable_t;

static variable_t *variables;

static variable_t *find(const hotreload_kept_t *kept)
{
    variable_t *variable = variables;
    while (variable != NULL && memcmp(variable->key, kept->key, sizeof kept->key) != 0) {
        variable = variable->next;
    }
    return variable;
}

static uint32_t whole_words(uint32_t size)
{
    return (size + 3u) & ~3u;
}

static esp_err_t create(const hotreload_kept_t *kept, uint32_t caps)
{
    variable_t *variable = hotreload_port_buffer_alloc(sizeof *variable);
    if (variable == NULL) {
        return ESP_ERR_NO_MEM;
    }
    *variable = (variable_t){.next = variables, .is_new = true};
    memcpy(variable->key, kept->key, sizeof kept->key);
    esp_err_t error =
        hotreload_port_data_alloc(whole_words(kept->size), ALIGN, caps, &variable->region);
    if (error != ESP_OK) {
        hotreload_port_buffer_free(variable, sizeof *variable);
        return error;
    }
    variables = variable;
    return ESP_OK;
}

esp_err_t hotreload_kept_stage(const hotreload_image_t *image, uint32_t caps,
                               hotreload_reason_t *reason)
{
    for (uint32_t i = 0; i < image->kept.count; i++) {
        const hotreload_kept_t kept = hotreload_image_kept(image, i);
        const variable_t *variable = find(&kept);
        esp_err_t error = ESP_OK;
        if (variable == NULL) {
            error = create(&kept, caps);
        } else if (variable->region.size != whole_words(kept.size)) {
            error = ESP_ERR_INVALID_RESPONSE;
        }
        if (error != ESP_OK) {
            hotreload_kept_abort();
            return variable != NULL
                       ? hotreload_malformed(reason, HOTRELOAD_BAD_KEPT_KEY)
                       : hotreload_fail(reason, error, "no memory for a kept variable of %u bytes",
                                        (unsigned)kept.size);
        }
    }
    return ESP_OK;
}

uint32_t hotreload_kept_address(const hotreload_image_t *image, uint32_t index)
{
    const hotreload_kept_t kept = hotreload_image_kept(image, index);
    return find(&kept)->region.run;
}

void hotreload_kept_fill(const hotreload_image_t *image, const hotreload_region_t *data)
{
    for (uint32_t i = 0; i < image->kept.count; i++) {
        const hotreload_kept_t kept = hotreload_image_kept(image, i);
        const variable_t *variable = find(&kept);
        if (!variable->is_new) {
            continue;
        }
        memset(variable->region.write, 0, variable->region.size);
        if (kept.initial != 0) {
            const uint32_t offset = kept.initial - image->data.link;
            memcpy(variable->region.write, (const uint8_t *)data->write + offset, kept.size);
        }
    }
}

void hotreload_kept_commit(void)
{
    for (variable_t *variable = variables; variable != NULL; variable = variable->next) {
        variable->is_new = false;
    }
}

static bool is_new(const variable_t *variable, const hotreload_image_t *image)
{
    (void)image;
    return variable->is_new;
}

static bool is_foreign(const variable_t *variable, const hotreload_image_t *image)
{
    for (uint32_t i = 0; image != NULL && i < image->kept.count; i++) {
        const hotreload_kept_t kept = hotreload_image_kept(image, i);
        if (memcmp(variable->key, kept.key, sizeof kept.key) == 0) {
            return false;
        }
    }
    return true;
}

static void free_if(bool (*condition)(const variable_t *, const hotreload_image_t *),
                    const hotreload_image_t *image)
{
    variable_t **link = &variables;
    while (*link != NULL) {
        variable_t *variable = *link;
        if (condition(variable, image)) {
            *link = variable->next;
            hotreload_port_data_free(&variable->region);
            hotreload_port_buffer_free(variable, sizeof *variable);
        } else {
            link = &variable->next;
        }
    }
}

void hotreload_kept_abort(void)
{
    free_if(is_new, NULL);
}

void hotreload_kept_free_others(const hotreload_image_t *image)
{
    free_if(is_foreign, image);
}
