/*
 * Finds the records of a partition by looking at every sector for a header.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_SCAN_H
#define HOTRELOAD_SCAN_H

#include "port.h"
#include "store/marks.h"
#include "store/span.h"
#include "store/store.h"

/**
 * Finds the newest record of a kind with a sequence below a limit; a bare ELF at offset 0 is the
 * oldest.
 *
 * @param kind    which records count
 * @param flash   the partition
 * @param hidden  sectors not to look at: those of a record being written; may be empty
 * @param below   the limit; UINT32_MAX: the newest of all
 * @param record  gets it
 * @return ESP_OK, ESP_ERR_NOT_FOUND, ESP_ERR_FLASH_OP_FAIL. The caller holds HOTRELOAD_LOCK_STORE.
 */
esp_err_t hotreload_scan_newest(hotreload_record_kind_t kind, const hotreload_flash_t *flash,
                                hotreload_span_t hidden, uint32_t below,
                                hotreload_record_t *record);

/** How many records a new one must leave alone, at most. */
#define HOTRELOAD_SCAN_PROTECTED 2u

/**
 * Finds what a new record must leave alone: the newest usable record, then the newest good one.
 *
 * @param below  records from this sequence on are known to be damaged: they need no protection
 * @param spans  gets where they are; empty: there is none
 * @return ESP_OK, ESP_ERR_FLASH_OP_FAIL. The caller holds HOTRELOAD_LOCK_STORE.
 */
esp_err_t hotreload_scan_protected(const hotreload_flash_t *flash, uint32_t below,
                                   hotreload_span_t spans[HOTRELOAD_SCAN_PROTECTED]);

/**
 * Tells whether a record is in the flash still, unchanged.
 *
 * @param marks  gets those that are set; of a bare ELF: good
 * @return ESP_OK, ESP_ERR_NOT_FOUND, ESP_ERR_FLASH_OP_FAIL
 */
esp_err_t hotreload_scan_check(const hotreload_flash_t *flash, const hotreload_record_t *record,
                               hotreload_marks_t *marks);

#endif
