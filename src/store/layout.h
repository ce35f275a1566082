/*
 * The layout of the partition: where its records are, and where there is room for another.
 *
 * All calls come with HOTRELOAD_LOCK_STORE held.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_LAYOUT_H
#define HOTRELOAD_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "store/record.h"
#include "store/store.h"

/** A run of sectors. Offsets in bytes, multiples of a sector; start == end: nothing. */
typedef struct {
    uint32_t start;
    uint32_t end;
} hotreload_span_t;

/** Bytes of whole sectors that hold `size` bytes; `size` is at most the partition's. */
uint32_t hotreload_span_round(const hotreload_flash_t *flash, uint32_t size);

/** What a record occupies: from its header to the end of its last sector. */
hotreload_span_t hotreload_span_of(const hotreload_flash_t *flash,
                                   const hotreload_record_t *record);

/** True when both share a sector. */
bool hotreload_spans_overlap(hotreload_span_t a, hotreload_span_t b);

/** What hotreload_span_find_room() is told of: spans, some of which may be empty. */
enum {
    HOTRELOAD_ROOM_PLACE,   /**< gets the room */
    HOTRELOAD_ROOM_OUTSIDE, /**< starts where the partition ends, and ends where that starts: 0 */
    HOTRELOAD_ROOM_NEWEST,  /**< the newest record; then all else that must not be touched */
};

/**
 * Finds room for a record. Right after the newest one, so that the ring of records wears the
 * sectors evenly and keeps the history; but where that leaves no large run of free sectors, where
 * the largest one is left: a module must be in one piece. A record begins at 0 or where something
 * taken ends: inside an old record, nobody would find it.
 *
 * @param taken   as HOTRELOAD_ROOM_...
 * @param count   number of `taken`
 * @param length  bytes needed, whole sectors, at most the partition
 * @param roomy   a run of so many bytes is large
 * @return false: there is none
 */
bool hotreload_span_find_room(hotreload_span_t *taken, unsigned count, uint32_t length,
                              uint32_t roomy);

/* ---- Records ---- */

/**
 * Finds the newest record of a kind with a sequence below a limit, by looking at every sector for a
 * header.
 *
 * @param kind    which records count
 * @param flash   the partition
 * @param hidden  sectors not to look at: those of a record being written; may be empty
 * @param below   the limit; UINT32_MAX: the newest of all
 * @param record  gets it
 * @return ESP_OK, ESP_ERR_NOT_FOUND, ESP_ERR_FLASH_OP_FAIL.
 */
esp_err_t hotreload_scan_newest(hotreload_record_kind_t kind, const hotreload_flash_t *flash,
                                hotreload_span_t hidden, uint32_t below,
                                hotreload_record_t *record);

/** Finds the sequence of the newest record; 0: there is none. @return ESP_OK, ESP_ERR_FLASH_OP_FAIL
 */
esp_err_t hotreload_scan_newest_sequence(const hotreload_flash_t *flash, uint32_t *sequence);

/** How many records a new one must leave alone, at most. */
#define HOTRELOAD_SCAN_PROTECTED 4u

/**
 * Finds what a new record must leave alone: the newest usable record, the newest good one, and the
 * base of each, if it is a patch.
 *
 * @param below  records from this sequence on are known to be damaged: they need no protection
 * @param spans  gets where they are; empty: there is none
 * @return ESP_OK, ESP_ERR_FLASH_OP_FAIL.
 */
esp_err_t hotreload_scan_protected(const hotreload_flash_t *flash, uint32_t below,
                                   hotreload_span_t spans[HOTRELOAD_SCAN_PROTECTED]);

/**
 * Finds where the base of a record is.
 *
 * @param span  gets it; empty: the record is no patch, or its base is gone
 * @return ESP_OK, ESP_ERR_FLASH_OP_FAIL
 */
esp_err_t hotreload_scan_base(const hotreload_flash_t *flash, const hotreload_record_t *record,
                              hotreload_span_t *span);

/**
 * Finds a record that was found before: is it still in the flash, unchanged?
 *
 * @param whole  the whole partition, mapped; NULL: it is not
 * @param marks  gets those that are set
 * @return ESP_OK, ESP_ERR_NOT_FOUND, ESP_ERR_FLASH_OP_FAIL
 */
esp_err_t hotreload_scan_find_again(const hotreload_flash_t *flash, const uint8_t *whole,
                                    const hotreload_record_t *record, hotreload_marks_t *marks);

#endif
