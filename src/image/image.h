/*
 * The image reader: finds the parts of a packed module and checks that each lies inside the file
 * and is valid. It allocates nothing, writes nothing, and works on bytes of any alignment.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_IMAGE_H
#define HOTRELOAD_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hotreload.h"
#include "image/module_format.h"
#include "reason.h"

/** One segment; sizes in bytes. What memory has beyond the file's bytes is zero. */
typedef struct {
    uint32_t link; /**< link address, a multiple of align */
    uint32_t file_size;
    uint32_t memory_size;
    uint32_t align;
    const uint8_t *bytes;
} hotreload_segment_t;

/** An array of the file: `count` elements of any alignment. */
typedef struct {
    const uint8_t *elements;
    uint32_t count;
} hotreload_array_t;

/** A parsed module. Pointers lead into the file, which must outlive it. */
typedef struct {
    uint16_t machine;
    hotreload_note_module_t module;
    const uint8_t *firmware_id;
    hotreload_segment_t text;
    hotreload_segment_t data;
    const uint8_t *relocations;
    uint32_t relocation_count;
    const uint8_t *export_addresses;
    uint32_t export_count;
    const char *export_names;
    hotreload_note_init_t init;
    bool fills_first; /**< its first constructor may run while nothing else does */
    bool is_internal; /**< must be in internal RAM: it runs while the flash cache is off */
    const uint8_t *base_sha256; /**< of the base; NULL: this is a whole module, not a patch */
    hotreload_array_t jumps;
    hotreload_array_t veneers; /**< as many as jumps, or none */
    hotreload_array_t swaps;
    hotreload_array_t kept;
} hotreload_image_t;

/** A relocation of the image. */
typedef struct {
    uint32_t place; /**< link address */
    uint32_t type;
    uint32_t symbol; /**< hotreload_symbol_t, not checked */
    uint32_t addend;
} hotreload_relocation_t;

/** An export; begin with all zero. */
typedef struct {
    uint32_t index; /**< of the next one */
    const char *name;
    uint32_t address; /**< link address */
    const char *next_name;
} hotreload_export_t;

/**
 * Reads a packed module. Any task.
 *
 * @param data  the file; only read
 * @param size  bytes that may be read; the file may end earlier
 * @return ESP_OK, or with a reason:
 *      - ESP_ERR_INVALID_SIZE: cut short, or a table or segment reaches outside
 *      - ESP_ERR_INVALID_RESPONSE: not a packed module, or a malformed one
 *      - ESP_ERR_NOT_SUPPORTED: a format version or a note that this reader does not know
 */
esp_err_t hotreload_image_parse(const void *data, size_t size, hotreload_image_t *image,
                                hotreload_reason_t *reason);

/** Gets relocation `index`, which must be below relocation_count. */
hotreload_relocation_t hotreload_image_relocation(const hotreload_image_t *image, uint32_t index);

/** Gets element `index` of an array, which must be below its count. */
hotreload_jump_t hotreload_image_jump(const hotreload_image_t *image, uint32_t index);
uint32_t hotreload_image_veneer(const hotreload_image_t *image, uint32_t index);
hotreload_swap_t hotreload_image_swap(const hotreload_image_t *image, uint32_t index);
hotreload_kept_t hotreload_image_kept(const hotreload_image_t *image, uint32_t index);

/** Advances to the next export, in the order of names. @return false: there is none */
bool hotreload_image_next_export(const hotreload_image_t *image, hotreload_export_t *export);

#endif
