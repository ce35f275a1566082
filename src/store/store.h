/*
 * The store: records with modules in a flash partition. A new record never overwrites the newest
 * usable one nor the newest good one, and its header is written last, so a power cut leaves the old
 * or the new module.
 *
 * One partition is open at a time. Every function takes HOTRELOAD_LOCK_STORE for its own duration
 * and may be called from any task.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_STORE_H
#define HOTRELOAD_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "port.h"
#include "reason.h"

/** A valid record (by its header; the module's hash is checked by hotreload_store_map()). */
typedef struct {
    uint32_t sequence; /**< 1 and up */
    uint32_t offset;   /**< of the module in the partition, bytes */
    uint32_t length;   /**< of the module, bytes */
    uint8_t sha256[HOTRELOAD_HASH_SIZE];
    uint32_t base; /**< of a patch: sequence of the base's record; else HOTRELOAD_NO_BASE */
} hotreload_record_t;

#define HOTRELOAD_NO_BASE UINT32_MAX

/** Tells whether both are the same record, in any partition. */
bool hotreload_record_is_same(const hotreload_record_t *one, const hotreload_record_t *two);

/** What is known of a record's module. */
typedef enum {
    HOTRELOAD_RECORD_ANY,
    HOTRELOAD_RECORD_USABLE,   /**< it is not bad */
    HOTRELOAD_RECORD_GOOD,     /**< it passed its trial, or was flashed by cable */
    HOTRELOAD_RECORD_ON_TRIAL, /**< it was run, and is neither good nor bad */
    HOTRELOAD_RECORD_BAD,      /**< it crashed on trial */
} hotreload_record_kind_t;

/**
 * Opens a partition and finds its records; opening the open one again does nothing.
 *
 * @return ESP_OK; ESP_ERR_NOT_FOUND: no such partition; ESP_ERR_INVALID_SIZE: fewer than two
 *         sectors; ESP_ERR_INVALID_STATE: another partition is open and in use;
 *         ESP_ERR_FLASH_OP_FAIL
 */
esp_err_t hotreload_store_open(const char *label, hotreload_reason_t *reason);

/**
 * Like hotreload_store_open(); the partition also stays mapped until hotreload_store_end_reading(),
 * because each mapping stops the caches of a chip. Without room for it, pieces are mapped as
 * needed. Calls may be nested; each needs an end, failed ones too.
 */
esp_err_t hotreload_store_begin_reading(const char *label, hotreload_reason_t *reason);

/** Ends a hotreload_store_begin_reading(). */
void hotreload_store_end_reading(void);

/**
 * Tells whether a record has come that was not tried yet: hotreload_update_available(). Reads one
 * variable.
 */
bool hotreload_store_has_untried(void);

/**
 * Notes that the records up to this sequence were tried. Whatever is newer counts as not tried, and
 * is announced again; 0: all.
 */
void hotreload_store_set_tried(uint32_t sequence);

/**
 * Finds the newest record of a kind.
 *
 * @param before  NULL for the newest of all; else the newest that is older than this one
 * @param record  gets it
 * @return ESP_OK; ESP_ERR_NOT_FOUND: none; ESP_ERR_INVALID_STATE: not open; ESP_ERR_FLASH_OP_FAIL
 */
esp_err_t hotreload_store_find(hotreload_record_kind_t kind, const hotreload_record_t *before,
                               hotreload_record_t *record, hotreload_reason_t *reason);

/**
 * Finds the record with a sequence. Errors as hotreload_store_find().
 *
 * @param sequence  not 0
 */
esp_err_t hotreload_store_find_sequence(uint32_t sequence, hotreload_record_t *record,
                                        hotreload_reason_t *reason);

/**
 * Finds the newest usable record, to be loaded now. All records that are there count as tried then.
 * Errors as hotreload_store_find().
 */
esp_err_t hotreload_store_begin_try(hotreload_record_t *record, hotreload_reason_t *reason);

/** Notes that this record was loaded, or given up. */
void hotreload_store_end_try(const hotreload_record_t *record);

/**
 * Notes in the flash that a record's module is about to run, unless it is good.
 *
 * @param on_trial  gets whether the module is on trial now: it is not good
 * @return ESP_OK; ESP_ERR_INVALID_STATE: not open, or the record is not there any more;
 *         ESP_ERR_FLASH_OP_FAIL: could not be noted
 */
esp_err_t hotreload_store_mark_tried(const hotreload_record_t *record, bool *on_trial,
                                     hotreload_reason_t *reason);

/** Warns, as the reason, if the flash did not take a record that runs now. */
void hotreload_store_warn_of_lost(const hotreload_record_t *record, hotreload_reason_t *reason);

/**
 * Notes in the flash how the trial of a record's module ended. Errors as
 * hotreload_store_mark_tried().
 *
 * @param good  true: passed; false: the program crashed
 */
esp_err_t hotreload_store_mark_judged(const hotreload_record_t *record, bool good,
                                      hotreload_reason_t *reason);

/**
 * Maps the module of a record and checks its SHA-256. Until hotreload_store_unmap() no writer
 * touches it. At most one record is mapped at a time by callers that hold HOTRELOAD_LOCK_MODULE.
 *
 * @return ESP_OK; ESP_ERR_INVALID_CRC: the hash differs; ESP_ERR_INVALID_STATE: one is mapped, or
 *         the record is not there any more; ESP_ERR_NO_MEM; ESP_ERR_FLASH_OP_FAIL; ESP_FAIL: the
 *         hash could not be computed
 */
esp_err_t hotreload_store_map(const hotreload_record_t *record, hotreload_flash_view_t *view,
                              hotreload_reason_t *reason);
void hotreload_store_unmap(hotreload_flash_view_t *view);

/**
 * Names the record that runs: writers spare it and its base, too, where there is room. NULL: none.
 */
void hotreload_store_set_running(const hotreload_record_t *record);

/**
 * Tells whether the flash has the record whose module runs: it is not only in RAM, and was not
 * overwritten.
 */
bool hotreload_store_has_running(void);

/**
 * Computes the SHA-256 of a module.
 *
 * @param data    `size` bytes, any alignment
 * @param digest  gets it
 * @return ESP_OK, ESP_ERR_NO_MEM, ESP_FAIL
 */
esp_err_t hotreload_store_hash(const void *data, size_t size, uint8_t digest[HOTRELOAD_HASH_SIZE],
                               hotreload_reason_t *reason);

/**
 * Begins a new record. Only one is written at a time. Nothing is erased yet.
 *
 * @param length  bytes of the module
 * @return ESP_OK; ESP_ERR_INVALID_STATE: another is being written, or not open;
 *         ESP_ERR_INVALID_SIZE: no room beside the newest usable and the newest good module, or no
 *         bytes; ESP_ERR_FLASH_OP_FAIL
 */
esp_err_t hotreload_store_begin(size_t length, hotreload_reason_t *reason);

/**
 * Sequence of the record being written; 0: none is. Ask before the commit: after it, another task
 * may have begun the next record.
 */
uint32_t hotreload_store_begun_sequence(void);

/**
 * Appends to the record; sectors are erased as the data reaches them.
 *
 * @return ESP_OK; ESP_ERR_INVALID_SIZE: more than announced; ESP_ERR_INVALID_RESPONSE: a sector of
 *         the flash would begin like a record; ESP_ERR_FLASH_OP_FAIL; ESP_ERR_INVALID_STATE: none
 *         begun. Any error drops the record.
 */
esp_err_t hotreload_store_write(const void *data, size_t size, hotreload_reason_t *reason);

/**
 * Checks the module of the record being written, where it lies, before the record counts.
 *
 * @param base  gets the sequence of its base, if it is a patch; is HOTRELOAD_NO_BASE before
 */
typedef esp_err_t (*hotreload_store_check_t)(const void *data, size_t size, uint32_t *base,
                                             hotreload_reason_t *reason);

/**
 * Ends the record: reads it back, compares its SHA-256, runs `check`, and writes the header: from
 * then on it is the newest. Any error drops it. Of a record held in RAM only `check` is run now.
 *
 * @param sha256  what the module must hash to
 * @param check   may be NULL
 * @return ESP_OK; ESP_ERR_INVALID_SIZE: less than announced; ESP_ERR_INVALID_CRC: what is in the
 *         flash has another hash; ESP_ERR_INVALID_STATE: none was begun, or the base of the patch
 * is not there any more; ESP_ERR_NO_MEM; ESP_ERR_FLASH_OP_FAIL; ESP_FAIL: the hash could not be
 * computed; whatever `check` returns
 */
esp_err_t hotreload_store_commit(const uint8_t sha256[HOTRELOAD_HASH_SIZE],
                                 hotreload_store_check_t check, hotreload_reason_t *reason);

/** Drops the record being written, if any. Does nothing after its commit. */
void hotreload_store_abort(void);

/**
 * Receives the record that was just begun into RAM. Its commit makes it the newest record, but
 * writes nothing: it can be found, mapped and marked like the others, and hotreload_store_settle()
 * writes it. Until then no other record can be begun.
 *
 * @return ESP_OK; ESP_ERR_NO_MEM: the record goes on being received into the flash;
 *         ESP_ERR_INVALID_STATE: none was just begun
 */
esp_err_t hotreload_store_hold_in_ram(hotreload_reason_t *reason);

/** Tells whether a record waits in RAM to be written; it is the newest one then. */
bool hotreload_store_is_waiting(void);

/** What a call of hotreload_store_settle() did. */
typedef struct {
    bool more;         /**< there is more to write: let other tasks run, then call again */
    uint32_t sequence; /**< of the record written to; 0: none waited */
    uint32_t size;     /**< of its module, bytes */
} hotreload_settled_t;

/**
 * Writes the next piece, one sector at most, of the record that waits in RAM, then its marks and
 * its header, and frees the RAM unless a reload reads it. Any number of tasks may do this at once.
 * A record that the flash does not take stays in RAM until a reload has loaded it or given it up,
 * or the next record is begun; no other record gets its sequence.
 *
 * @param settled  gets how far it is, whatever is returned
 * @return ESP_OK, also when none waits; errors as hotreload_store_commit(): it was not stored
 */
esp_err_t hotreload_store_settle(hotreload_settled_t *settled, hotreload_reason_t *reason);

#endif
