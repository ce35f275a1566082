/*
 * The segments of a module or a patch in RAM.
 *
 * The caller holds HOTRELOAD_LOCK_MODULE.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_SEGMENTS_H
#define HOTRELOAD_SEGMENTS_H

#include "image/image.h"
#include "port.h"
#include "reason.h"

/** A module in RAM; all zero: none. */
typedef struct {
    hotreload_region_t text;
    hotreload_region_t data;
    uint32_t fini_offset; /**< in the data region: run addresses of the destructors */
    uint32_t fini_count;
} hotreload_module_t;

/**
 * Allocates, copies and relocates the segments of an image and its new kept variables. An error
 * frees all that was taken.
 *
 * @param caps    capabilities of the memory; 0: the port chooses
 * @param base    what a patch belongs to; NULL: the image is a whole module
 * @param placed  gets the segments
 * @return ESP_OK; ESP_ERR_NO_MEM; ESP_ERR_NOT_SUPPORTED: no memory has these capabilities; or as
 *         hotreload_kept_stage(), hotreload_relocations_apply() and hotreload_port_sync()
 */
esp_err_t hotreload_segments_place(const hotreload_image_t *image, uint32_t caps,
                                   const hotreload_module_t *base, hotreload_module_t *placed,
                                   hotreload_reason_t *reason);

/** Clears the code of segments that nothing uses any more, and frees them. */
void hotreload_segments_free(hotreload_module_t *module);

#endif
