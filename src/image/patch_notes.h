/*
 * The notes of a packed module that make it a patch, and the one with its kept variables.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_PATCH_NOTES_H
#define HOTRELOAD_PATCH_NOTES_H

#include "image/image.h"

/**
 * Each reads the content of one note into `image`, whose segments and earlier notes are known. Any
 * task.
 *
 * @param content  `size` bytes, any alignment; must outlive the image
 * @return ESP_OK, or with a reason:
 *      - ESP_ERR_INVALID_SIZE: the note has a wrong size, or names a place outside its segment
 *      - ESP_ERR_INVALID_RESPONSE: out of order, overlapping, or of a patch in a whole module
 */
esp_err_t hotreload_note_base(const uint8_t *content, uint32_t size, hotreload_image_t *image,
                              hotreload_reason_t *reason);
esp_err_t hotreload_note_jumps(const uint8_t *content, uint32_t size, hotreload_image_t *image,
                               hotreload_reason_t *reason);
esp_err_t hotreload_note_veneers(const uint8_t *content, uint32_t size, hotreload_image_t *image,
                                 hotreload_reason_t *reason);
esp_err_t hotreload_note_swaps(const uint8_t *content, uint32_t size, hotreload_image_t *image,
                               hotreload_reason_t *reason);
esp_err_t hotreload_note_kept(const uint8_t *content, uint32_t size, hotreload_image_t *image,
                              hotreload_reason_t *reason);

#endif
