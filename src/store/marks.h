/*
 * The marks of a record: what became of its module. Each has a block of its own between header and
 * module, which holds a fixed pattern, or the mark is not set. So a mark that a loss of power tore
 * does not count, and writing it again completes it, on encrypted flash too.
 * tools/hotreload/module/store_image.py writes the same patterns.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_MARKS_H
#define HOTRELOAD_MARKS_H

#include <stdbool.h>
#include <stdint.h>

#include "port.h"
#include "store/store.h"

/** Bytes of all blocks; the last one is for a mark to come. */
#define HOTRELOAD_MARKS_SIZE 64u

/** In the order of their blocks. */
typedef enum {
    HOTRELOAD_MARK_TRIED, /**< the module was about to run */
    HOTRELOAD_MARK_GOOD,  /**< it passed its trial */
    HOTRELOAD_MARK_BAD,   /**< the program crashed during its trial; outweighs the others */
    HOTRELOAD_MARK_COUNT,
} hotreload_mark_t;

/** A set of marks: bit number HOTRELOAD_MARK_... */
typedef uint8_t hotreload_marks_t;

/** Someone put it there on purpose, and could do so again. */
#define HOTRELOAD_MARKS_OF_BARE_ELF ((hotreload_marks_t)(1u << HOTRELOAD_MARK_GOOD))

/** Tells which marks are set in the bytes between header and module. Any task. */
hotreload_marks_t hotreload_marks_parse(const uint8_t blocks[HOTRELOAD_MARKS_SIZE]);

/** Tells whether a record with these marks is of a kind. Any task. */
bool hotreload_marks_make(hotreload_marks_t marks, hotreload_record_kind_t kind);

/**
 * Sets a mark of the record that starts at `start`, and reads it back.
 *
 * @return ESP_OK, ESP_ERR_FLASH_OP_FAIL. The caller holds HOTRELOAD_LOCK_STORE.
 */
esp_err_t hotreload_mark_set(const hotreload_flash_t *flash, uint32_t start, hotreload_mark_t mark);

#endif
