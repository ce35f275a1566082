/* SPDX-License-Identifier: MIT */
#include "image/patch_notes.h"

#include <string.h>

#define SHA256_SIZE 32u

static bool lies_in(uint32_t address, uint32_t size, uint32_t start, uint32_t length)
{
    uint32_t offset = address - start;
    return offset <= length && size <= length - offset;
}

/** Reads a count and as many elements, which fill the note exactly. */
static esp_err_t read_array(const uint8_t *content, uint32_t size, uint32_t element_size,
                            const char *name, hotreload_array_t *array, hotreload_reason_t *reason)
{
    uint32_t count;
    if (size < sizeof count) {
        return hotreload_fail(reason, ESP_ERR_INVALID_SIZE, "the note of %s is cut short", name);
    }
    memcpy(&count, content, sizeof count);
    const uint32_t room = size - (uint32_t)sizeof count;
    if (room % element_size != 0 || count != room / element_size) {
        return hotreload_fail(reason, ESP_ERR_INVALID_SIZE, "the note of %s has a wrong size",
                              name);
    }
    *array = (hotreload_array_t){.elements = content + sizeof count, .count = count};
    return ESP_OK;
}

static esp_err_t read_patch_array(const uint8_t *content, uint32_t size, uint32_t element_size,
                                  const char *name, const hotreload_image_t *image,
                                  hotreload_array_t *array, hotreload_reason_t *reason)
{
    if (image->base_sha256 == NULL) {
        return hotreload_fail(reason, ESP_ERR_INVALID_RESPONSE, "a module that is no patch has %s",
                              name);
    }
    return read_array(content, size, element_size, name, array, reason);
}

esp_err_t hotreload_note_base(const uint8_t *content, uint32_t size, hotreload_image_t *image,
                              hotreload_reason_t *reason)
{
    if (size != SHA256_SIZE) {
        return hotreload_fail(reason, ESP_ERR_INVALID_SIZE, "the note of the base has %u bytes",
                              (unsigned)size);
    }
    image->base_sha256 = content;
    return ESP_OK;
}

esp_err_t hotreload_note_jumps(const uint8_t *content, uint32_t size, hotreload_image_t *image,
                               hotreload_reason_t *reason)
{
    esp_err_t error = read_patch_array(content, size, sizeof(hotreload_jump_t), "jumps", image,
                                       &image->jumps, reason);
    uint32_t free_from = 0; /* ranges must ascend, so that no jump overwrites another */
    for (uint32_t i = 0; error == ESP_OK && i < image->jumps.count; i++) {
        const hotreload_jump_t jump = hotreload_image_jump(image, i);
        if (jump.from < free_from || jump.busy == 0 || jump.busy > UINT32_MAX - jump.from) {
            error = hotreload_fail(reason, ESP_ERR_INVALID_RESPONSE,
                                   "jump %u is out of order or overlaps another", (unsigned)i);
        } else if (!lies_in(jump.to, 1, image->text.link, image->text.memory_size)) {
            error = hotreload_fail(reason, ESP_ERR_INVALID_SIZE,
                                   "jump %u leads outside the patch's text", (unsigned)i);
        }
        free_from = jump.from + jump.busy;
    }
    return error;
}

esp_err_t hotreload_note_swaps(const uint8_t *content, uint32_t size, hotreload_image_t *image,
                               hotreload_reason_t *reason)
{
    esp_err_t error = read_patch_array(content, size, sizeof(hotreload_swap_t), "swaps", image,
                                       &image->swaps, reason);
    for (uint32_t i = 0; error == ESP_OK && i < image->swaps.count; i++) {
        const hotreload_swap_t swap = hotreload_image_swap(image, i);
        if (swap.symbol != HOTRELOAD_SYM_NONE && swap.symbol != HOTRELOAD_SYM_BASE_DATA) {
            error = hotreload_fail(reason, ESP_ERR_INVALID_RESPONSE, "swap %u names symbol %u",
                                   (unsigned)i, (unsigned)swap.symbol);
        } else if (!lies_in(swap.source, swap.size, image->data.link, image->data.file_size)) {
            error = hotreload_fail(reason, ESP_ERR_INVALID_SIZE,
                                   "swap %u is outside the patch's data", (unsigned)i);
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
    esp_err_t error =
        read_array(content, size, sizeof(hotreload_kept_t), "kept variables", &image->kept, reason);
    hotreload_kept_t before = {0};
    for (uint32_t i = 0; error == ESP_OK && i < image->kept.count; i++) {
        const hotreload_kept_t kept = hotreload_image_kept(image, i);
        if (i > 0 && !comes_after(kept.key, before.key)) {
            error = hotreload_fail(reason, ESP_ERR_INVALID_RESPONSE,
                                   "kept variable %u is out of order", (unsigned)i);
        } else if (kept.size == 0 || kept.size > MAX_KEPT ||
                   (kept.initial != 0 &&
                    !lies_in(kept.initial, kept.size, image->data.link, image->data.file_size))) {
            error = hotreload_fail(reason, ESP_ERR_INVALID_SIZE,
                                   "kept variable %u has no bytes, too many, or none in the data",
                                   (unsigned)i);
        }
        before = kept;
    }
    return error;
}
