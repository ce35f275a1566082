/*
 * Finds the records of a partition by looking at every sector for a header.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_SCAN_H
#define HOTRELOAD_SCAN_H

#include "port.h"
#include "store/span.h"
#include "store/store.h"

/**
 * Finds the newest record with a sequence below a limit; a bare ELF at offset 0 is the oldest.
 *
 * @param flash   the partition
 * @param hidden  sectors not to look at: those of a record being written; may be empty
 * @param below   the limit; UINT32_MAX: the newest of all
 * @param record  gets it
 * @return ESP_OK, ESP_ERR_NOT_FOUND, ESP_ERR_FLASH_OP_FAIL. The caller holds HOTRELOAD_LOCK_STORE.
 */
esp_err_t hotreload_scan_newest(const hotreload_flash_t *flash, hotreload_span_t hidden,
                                uint32_t below, hotreload_record_t *record);

/**
 * Tells whether a record is in the flash still, unchanged.
 *
 * @return ESP_OK, ESP_ERR_NOT_FOUND, ESP_ERR_FLASH_OP_FAIL
 */
esp_err_t hotreload_scan_check(const hotreload_flash_t *flash, const hotreload_record_t *record);

#endif
