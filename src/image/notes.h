/*
 * The notes of a packed module: what it is for, its exports, its constructors.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_NOTES_H
#define HOTRELOAD_NOTES_H

#include "image/image.h"

/**
 * Reads all notes into `image`, whose segments are already known. Any task.
 *
 * @param notes  content of the note segment, any alignment
 * @param size   its length in bytes
 * @return as hotreload_image_parse()
 */
esp_err_t hotreload_notes_read(const uint8_t *notes, size_t size, hotreload_image_t *image,
                               hotreload_reason_t *reason);

#endif
