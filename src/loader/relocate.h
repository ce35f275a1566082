/*
 * Applies the relocations of a module: a link address inside a segment becomes the run address of
 * that segment plus the same offset; any other address is a firmware address and stays.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_RELOCATE_H
#define HOTRELOAD_RELOCATE_H

#include "image/image.h"
#include "port.h"
#include "reason.h"

/**
 * Checks every relocation without memory for the module: its type is known, its symbol exists and
 * its place lies inside a segment. Any task.
 *
 * @return ESP_OK; ESP_ERR_NOT_SUPPORTED: unknown type; ESP_ERR_INVALID_RESPONSE: a symbol that does
 *         not exist; ESP_ERR_INVALID_SIZE: a place outside the segments
 */
esp_err_t hotreload_relocations_check(const hotreload_image_t *image, hotreload_reason_t *reason);

/** Where the segments are, and the run address of each symbol but those of kept variables. */
typedef struct {
    const hotreload_region_t *text;
    const hotreload_region_t *data;
    uint32_t symbols[HOTRELOAD_SYM_COUNT];
} hotreload_places_t;

/**
 * Checks and applies every relocation, in one pass, to segments already copied into the regions.
 * Kept variables have been staged.
 *
 * @return as hotreload_relocations_check(), or ESP_ERR_INVALID_SIZE: a value that its field cannot
 *         hold; the regions are then of no use
 */
esp_err_t hotreload_relocations_apply(const hotreload_image_t *image,
                                      const hotreload_places_t *places, hotreload_reason_t *reason);

#endif
