/*
 * A record of the store: this header, room for marks, the module. It starts on a sector.
 * tools/hotreload/module/store_image.py writes the same layout.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_RECORD_H
#define HOTRELOAD_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#define HOTRELOAD_RECORD_MAGIC  0x31525248u /* "HRR1" */
#define HOTRELOAD_RECORD_FORMAT 1u
/** Bytes before the module: the header, then the marks (store/marks.h), written later. */
#define HOTRELOAD_RECORD_DATA 128u

typedef struct {
    uint32_t magic;
    uint16_t format;
    uint16_t data_offset; /**< HOTRELOAD_RECORD_DATA */
    uint32_t sequence;    /**< 1 and up; the highest valid one is the newest */
    uint32_t length;      /**< bytes of the module */
    uint8_t sha256[32];   /**< of the module */
    uint8_t reserved[12]; /**< 0xff */
    uint32_t crc;         /**< CRC-32 (IEEE 802.3) of all bytes before */
} hotreload_record_header_t;

_Static_assert(sizeof(hotreload_record_header_t) == 64, "the layout is fixed");

/** Sequences that a record can have; 0 is for a bare ELF. */
#define HOTRELOAD_SEQUENCE_FIRST 1u
#define HOTRELOAD_SEQUENCE_LAST  (UINT32_MAX - 1u)

/**
 * Fills in what every header has and the CRC; sequence, length and sha256 are set by the caller.
 * Cannot fail. Any task.
 */
void hotreload_record_seal(hotreload_record_header_t *header);

/**
 * Tells whether this is a whole header of a record that fits.
 *
 * @param room  bytes from the start of the record to the end of the partition
 */
bool hotreload_record_is_valid(const hotreload_record_header_t *header, uint32_t room);

#endif
