/*
 * Writes one record: erases sectors as the data reaches them, writes whole units as they come, and
 * writes the header last. After a call that failed, the record does not exist.
 *
 * All calls come with HOTRELOAD_LOCK_STORE held. The errors are ESP_ERR_FLASH_OP_FAIL and what a
 * function names.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_WRITER_H
#define HOTRELOAD_WRITER_H

#include "port.h"
#include "reason.h"
#include "store/layout.h"

/** Flash is written in units of so many bytes, at multiples of it. */
#define HOTRELOAD_WRITER_UNIT 16u

/** A record being written; sizes and offsets in bytes, offsets in the partition. */
typedef struct {
    const hotreload_flash_t *flash;
    const char *label; /**< of the partition, for messages */
    hotreload_span_t span;
    uint32_t length;     /**< of the module, as announced */
    uint32_t base;       /**< of a patch, for the header; set before that is written */
    uint32_t taken;      /**< so far */
    uint32_t position;   /**< of the next unit */
    uint32_t erased_end; /**< sectors from span.start up to here are erased */
    uint32_t buffered;   /**< bytes in `unit` */
    _Alignas(HOTRELOAD_WRITER_UNIT) uint8_t unit[HOTRELOAD_WRITER_UNIT];
} hotreload_writer_t;

/**
 * Prepares for a record; touches no flash.
 *
 * @param flash, label  of the partition; both must stay
 * @param span          where the record goes, room for header and module
 * @param length        of the module
 */
void hotreload_writer_begin(hotreload_writer_t *writer, const hotreload_flash_t *flash,
                            const char *label, hotreload_span_t span, uint32_t length);

/** Counts bytes of the module. @return also ESP_ERR_INVALID_SIZE: more than announced */
esp_err_t hotreload_writer_count_bytes(hotreload_writer_t *writer, size_t size,
                                       hotreload_reason_t *reason);

/**
 * Tells whether a module whose bytes were only counted could be appended; forgets the count.
 *
 * @param data  all of the module
 * @return also ESP_ERR_INVALID_SIZE: less than announced; ESP_ERR_INVALID_RESPONSE: a sector would
 *         begin like a record
 */
esp_err_t hotreload_writer_check_counted(hotreload_writer_t *writer, const void *data,
                                         hotreload_reason_t *reason);

/**
 * Appends to the module.
 *
 * @return also ESP_ERR_INVALID_SIZE: more than announced; ESP_ERR_INVALID_RESPONSE: a sector would
 *         begin like a record
 */
esp_err_t hotreload_writer_append(hotreload_writer_t *writer, const void *data, size_t size,
                                  hotreload_reason_t *reason);

/** Writes the last unit. @return also ESP_ERR_INVALID_SIZE: less than announced was taken
 */
esp_err_t hotreload_writer_finish(hotreload_writer_t *writer, hotreload_reason_t *reason);

/** Writes the header and reads it back: from then on the record is valid. */
esp_err_t hotreload_writer_write_header(hotreload_writer_t *writer, uint32_t sequence,
                                        const uint8_t sha256[HOTRELOAD_HASH_SIZE],
                                        hotreload_reason_t *reason);

#endif
