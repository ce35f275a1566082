/*
 * A record of the store: this header, the marks, the module. It starts on a sector.
 * tools/hotreload/module/store_image.py writes the same layout.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_RECORD_H
#define HOTRELOAD_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "port.h"
#include "store/store.h"

#define HOTRELOAD_RECORD_MAGIC  0x31525248u /* "HRR1" */
#define HOTRELOAD_RECORD_FORMAT 1u
/** Bytes before the module: the header, then the marks, which are written later. */
#define HOTRELOAD_RECORD_DATA 128u

typedef struct {
    uint32_t magic;
    uint16_t format;
    uint16_t data_offset; /**< HOTRELOAD_RECORD_DATA */
    uint32_t sequence;    /**< 1 and up; the highest valid one is the newest */
    uint32_t length;      /**< bytes of the module */
    uint8_t sha256[32];   /**< of the module */
    uint32_t base;        /**< sequence of a patch's base; HOTRELOAD_NO_BASE: no patch */
    uint8_t reserved[8];  /**< 0xff */
    uint32_t crc;         /**< CRC-32 (IEEE 802.3) of all bytes before */
} hotreload_record_header_t;

_Static_assert(sizeof(hotreload_record_header_t) == 64, "the layout is fixed");

/**
 * Fails because of the flash; the port has logged the place and its own error.
 *
 * @param label  of the partition
 * @param what   could not be done: "read", "erased" ...
 * @return ESP_ERR_FLASH_OP_FAIL
 */
esp_err_t hotreload_record_fail_flash(const char *label, const char *what,
                                      hotreload_reason_t *reason);

/** Sequences that a record can have. */
#define HOTRELOAD_SEQUENCE_FIRST 1u
#define HOTRELOAD_SEQUENCE_LAST  (UINT32_MAX - 1u)

/**
 * Fills in what every header has and the CRC; the caller has set sequence, length, sha256 and base.
 * Cannot fail. Any task.
 */
void hotreload_record_seal(hotreload_record_header_t *header);

/**
 * Tells whether this is a whole header of a record that fits.
 *
 * @param room  bytes from the start of the record to the end of the partition
 */
bool hotreload_record_is_valid(const hotreload_record_header_t *header, uint32_t room);

/* ---- Marks ----
 *
 * They say what became of the module. Each mark has its own block of 16 bytes. The mark is set if
 * the block holds its pattern. A mark that a loss of power tore does not count, and writing it
 * again completes it, on encrypted flash too.
 */

/** Bytes of all blocks; the last one is spare. */
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

/** Tells which marks are set in the bytes between header and module. Any task. */
hotreload_marks_t hotreload_marks_parse(const uint8_t blocks[HOTRELOAD_MARKS_SIZE]);

/** Tells whether a record with these marks is of a kind. Any task. */
bool hotreload_marks_are_of_kind(hotreload_marks_t marks, hotreload_record_kind_t kind);

/**
 * Writes a mark of the record that starts at `start`, and reads it back.
 *
 * @return ESP_OK, ESP_ERR_FLASH_OP_FAIL. The caller holds HOTRELOAD_LOCK_STORE.
 */
esp_err_t hotreload_mark_write(const hotreload_flash_t *flash, uint32_t start,
                               hotreload_mark_t mark);

#endif
