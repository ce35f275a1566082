/* SPDX-License-Identifier: MIT */
#include "image/patch_notes.h"

#include <string.h>

#include "image/malformed.h"

#define SHA256_SIZE 32u

static bool lies_in(uint32_t address, uint32_t size, uint32_t start, uint32_t length)
{
    uint32_t offset = address - start;
    return offset <= length && size <= length - offset;
}

/** Reads a count and as many elements, which fill the note exactly. */
static esp_err_t read_array(const uint8_t *content, uint32_t size, uint32_t element_size,
                            hotreload_array_t *array, hotreload_reason_t *reason)
{
    uint32_t count = 0;
    const uint32_t room = size - (uint32_t)sizeof count;
    if (size >= sizeof count) {
        memcpy(&count, content, sizeof count);
    }
    if (size < sizeof count || room % element_size != 0 || count != room / element_size) {
        return hotreload_malformed(reason, HOTRELOAD_BAD_ARRAY_SIZE);
    }
    *array = (hotreload_array_t){.elements = content + sizeof count, .count = count};
    return ESP_OK;
}

static esp_err_t read_patch_array(const uint8_t *content, uint32_t size, uint32_t element_size,
                                  const hotreload_image_t *image, hotreload_array_t *array,
                                  hotreload_reason_t *reason)
{
    if (image->base_sha256 == NULL) {
        return hotreload_malformed(reason, HOTRELOAD_BAD_PATCH_NOTE);
    }
    return read_array(content, size, element_size, array, reason);
}

esp_err_t hotreload_note_base(const uint8_t *content, uint32_t size, hotreload_image_t *image,
                              hotreload_reason_t *reason)
{
    if (size != SHA256_SIZE) {
        return hotreload_malformed(reason, HOTRELOAD_BAD_ARRAY_SIZE);
    }
    image->base_sha256 = content;
    return ESP_OK;
}

esp_err_t hotreload_note_jumps(const uint8_t *content, uint32_t size, hotreload_image_t *image,
                               hotreload_reason_t *reason)
{
    esp_err_t error =
        read_patch_array(content, size, sizeof(hotreload_jump_t), image, &image->jumps, reason);
    uint32_t free_from = 0; /* ranges must ascend, so that no jump overwrites another */
    for (uint32_t i = 0; error == ESP_OK && i < image->jumps.count; i++) {
        const hotreload_jump_t jump = hotreload_image_jump(image, i);
        if (jump.from < free_from || jump.busy == 0 || jump.busy > UINT32_MAX - jump.from) {
            error = hotreload_malformed(reason, HOTRELOAD_BAD_JUMP_ORDER);
        } else if (!lies_in(jump.to, 1, image->text.link, image->text.memory_size)) {
            error = hotreload_malformed(reason, HOTRELOAD_BAD_JUMP_PLACE);
        }
        free_from = jump.from + jump.busy;
    }
    return error;
}

esp_err_t hotreload_note_veneers(const uint8_t *content, uint32_t size, hotreload_image_t *image,
                                 hotreload_reason_t *reason)
{
    esp_err_t error =
        read_patch_array(content, size, sizeof(uint32_t), image, &image->veneers, reason);
    if (error == ESP_OK && image->veneers.count != image->jumps.count) {
        error = hotreload_malformed(reason, HOTRELOAD_BAD_ARRAY_SIZE);
    }
    for (uint32_t i = 0; error == ESP_OK && i < image->veneers.count; i++) {
        const uint32_t veneer = hotreload_image_veneer(image, i);
        if (veneer != HOTRELOAD_NO_VENEER && veneer % sizeof(uint32_t) != 0) {
            error = hotreload_malformed(reason, HOTRELOAD_BAD_JUMP_PLACE);
        }
    }
    return error;
}

esp_err_t hotreload_note_swaps(const uint8_t *content, uint32_t size, hotreload_image_t *image,
                               hotreload_reason_t *reason)
{
    esp_err_t error =
        read_patch_array(content, size, sizeof(hotreload_swap_t), image, &image->swaps, reason);
    for (uint32_t i = 0; error == ESP_OK && i < image->swaps.count; i++) {
        const hotreload_swap_t swap = hotreload_image_swap(image, i);
        if (swap.symbol != HOTRELOAD_SYM_NONE && swap.symbol != HOTRELOAD_SYM_BASE_DATA) {
            error = hotreload_malformed(reason, HOTRELOAD_BAD_SWAP_SYMBOL);
        } else if (!lies_in(swap.source, swap.size, image->data.link, image->data.file_size)) {
            error = hotreload_malformed(reason, HOTRELOAD_BAD_SWAP_PLACE);
        }
    }
    return error;
}

static bool comes_after(const uint32_t key[2], const uint32_t before[2])
{
    return key[1] != before[1] ? key[1] > before[1] : key[0] > before[0];
}

/** Larger variables would be allocated as easily; the limit keeps sums of sizes from wrapping. */
#define MAX_KEPT 0x10000u

esp_err_t hotreload_note_kept(const uint8_t *content, uint32_t size, hotreload_image_t *image,
                              hotreload_reason_t *reason)
{
    esp_err_t error = read_array(content, size, sizeof(hotreload_kept_t), &image->kept, reason);
    hotreload_kept_t before = {0};
    for (uint32_t i = 0; error == ESP_OK && i < image->kept.count; i++) {
        const hotreload_kept_t kept = hotreload_image_kept(image, i);
        if (i > 0 && !comes_after(kept.key, before.key)) {
            error = hotreload_malformed(reason, HOTRELOAD_BAD_KEPT_ORDER);
        } else if (kept.size == 0 || kept.size > MAX_KEPT ||
                   (kept.initial != 0 &&
                    !lies_in(kept.initial, kept.size, image->data.link, image->data.file_size))) {
            error = hotreload_malformed(reason, HOTRELOAD_BAD_KEPT_SIZE);
        }
        before = kept;
    }
    return error;
}
