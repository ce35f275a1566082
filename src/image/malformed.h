/*
 * What a module may have wrong. Our tools never make such a module, and a damaged one has another
 * hash. So the reason has only a number, which docs/troubleshooting.md explains: sentences would
 * take 2 KB of flash.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_MALFORMED_H
#define HOTRELOAD_MALFORMED_H

#include "reason.h"

/** The numbers are in docs/troubleshooting.md, so they stay. */
typedef enum {
    /* ESP_ERR_INVALID_RESPONSE: the content is wrong. */
    HOTRELOAD_BAD_TABLE_PLACE = 1,  /**< the segment table overlaps the ELF header */
    HOTRELOAD_BAD_SEGMENT_TYPE = 2, /**< a segment of an unknown type, or of the same type again */
    HOTRELOAD_BAD_FILE_OVERLAP = 3, /**< a segment overlaps another part of the file */
    HOTRELOAD_BAD_MEMORY_OVERLAP = 4,   /**< text and data overlap in memory */
    HOTRELOAD_BAD_ALIGNMENT = 5,        /**< no power of two, above 4096, or another address */
    HOTRELOAD_BAD_TEXT_SIZE = 6,        /**< larger in memory than in the file, or no whole words */
    HOTRELOAD_BAD_RELOCATION_TABLE = 7, /**< ends inside a relocation */
    HOTRELOAD_BAD_NOTE_OWNER = 8,       /**< a note of another program */
    HOTRELOAD_BAD_NOTE_ORDER = 9,       /**< a note whose type is not above that of the last */
    HOTRELOAD_BAD_EXPORT_NAME = 10,     /**< empty, or not above the last */
    HOTRELOAD_BAD_EXPORT_ADDRESS = 11,  /**< an export outside the text */
    HOTRELOAD_BAD_NOTES_MISSING = 12,   /**< no module note, or no export note */
    HOTRELOAD_BAD_RELOCATION_SYMBOL = 13,  /**< does not exist */
    HOTRELOAD_BAD_PATCH_CONSTRUCTORS = 14, /**< a patch with constructors or destructors */
    HOTRELOAD_BAD_PATCH_NOTE = 15,         /**< a note of a patch in a module that is none */
    HOTRELOAD_BAD_JUMP_ORDER = 16,         /**< a jump that overlaps the last, or comes before it */
    HOTRELOAD_BAD_SWAP_SYMBOL = 17,        /**< neither the table nor the base's data */
    HOTRELOAD_BAD_KEPT_ORDER = 18,         /**< a key that is not above the last */
    HOTRELOAD_BAD_KEPT_KEY = 19,           /**< a key that stood for another size before */
    /* ESP_ERR_INVALID_SIZE: something is cut short, or reaches outside. */
    HOTRELOAD_BAD_TABLE_OUTSIDE = 20,    /**< the segment table is outside the file */
    HOTRELOAD_BAD_SEGMENT_OUTSIDE = 21,  /**< a segment is outside the file */
    HOTRELOAD_BAD_SEGMENT_SIZE = 22,     /**< smaller in memory, or beyond the end of memory */
    HOTRELOAD_BAD_NOTE_SIZE = 23,        /**< a note is cut short or outside its segment */
    HOTRELOAD_BAD_IDENTITY_SIZE = 24,    /**< the firmware's identity is too long or cut short */
    HOTRELOAD_BAD_EXPORT_COUNT = 25,     /**< more exports than the note has room for */
    HOTRELOAD_BAD_EXPORT_END = 26,       /**< an export's name does not end */
    HOTRELOAD_BAD_CONSTRUCTORS = 27,     /**< their list is outside the data */
    HOTRELOAD_BAD_RELOCATION_PLACE = 28, /**< outside the segments */
    HOTRELOAD_BAD_RELOCATION_VALUE = 29, /**< does not fit into its field */
    HOTRELOAD_BAD_ARRAY_SIZE = 30,       /**< a note whose elements do not fill it */
    HOTRELOAD_BAD_JUMP_PLACE = 31, /**< from outside the base's text, or to outside the patch's */
    HOTRELOAD_BAD_SWAP_PLACE = 32, /**< outside the table, the base's data or the patch's */
    HOTRELOAD_BAD_KEPT_SIZE = 33,  /**< no bytes, too many, or an initial value elsewhere */
} hotreload_defect_t;

/** Writes the reason. @return ESP_ERR_INVALID_RESPONSE or ESP_ERR_INVALID_SIZE, see above */
esp_err_t hotreload_malformed(hotreload_reason_t *reason, hotreload_defect_t defect);

#endif
