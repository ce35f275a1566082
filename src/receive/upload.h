/*
 * Receives one module in pieces, and stores it if it is authentic, intact and made for this
 * firmware. Knows nothing of requests and answers.
 *
 * One upload is under way at a time. After a successful begin, one task makes all calls of the
 * upload, hotreload_upload_abort() included. Any error ends the upload.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_UPLOAD_H
#define HOTRELOAD_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "port.h"
#include "reason.h"

/** What is known of a module before its first byte. */
typedef struct {
    const char *partition_label;
    uint32_t length; /**< bytes */
    uint8_t sha256[HOTRELOAD_HASH_SIZE];
    bool is_proven;                    /**< hotreload_auth_check() has accepted length and sha256 */
    bool has_hmac;                     /**< false only where is_proven is true */
    uint8_t hmac[HOTRELOAD_HASH_SIZE]; /**< of the body */
    /** Receive into RAM, if is_proven and there is enough of it: the module stays there until
     * hotreload_settle_all(). */
    bool run_from_ram_first;
} hotreload_upload_t;

/** An upload that succeeded. */
typedef struct {
    uint32_t sequence; /**< of its record */
    uint32_t size;     /**< bytes of the module */
    bool is_waiting;   /**< the module is in RAM and still has to be written */
} hotreload_stored_t;

/**
 * Begins an upload. Nothing is erased or written for it yet. If the upload before waits in RAM, it
 * is written first.
 *
 * @return ESP_OK; ESP_ERR_INVALID_STATE: another is under way; ESP_ERR_INVALID_SIZE: no room;
 *         ESP_ERR_NOT_FOUND: no such partition; ESP_ERR_NO_MEM; ESP_ERR_FLASH_OP_FAIL
 */
esp_err_t hotreload_upload_begin(const hotreload_upload_t *upload, hotreload_reason_t *reason);

/**
 * Takes `size` bytes.
 *
 * @return ESP_OK; ESP_ERR_INVALID_ARG: more than announced; ESP_ERR_INVALID_RESPONSE: would look
 *         like a record of the store; ESP_ERR_INVALID_STATE: none begun; ESP_ERR_FLASH_OP_FAIL;
 *         ESP_FAIL: the hash could not be computed
 */
esp_err_t hotreload_upload_write(const void *data, size_t size, hotreload_reason_t *reason);

/**
 * Authenticates, validates and stores what was received.
 *
 * @param stored  filled in after success
 * @return ESP_OK; ESP_ERR_NOT_FINISHED: less than announced; ESP_ERR_INVALID_CRC: another SHA-256;
 *         ESP_ERR_INVALID_MAC: another HMAC; ESP_ERR_INVALID_STATE: none begun; ESP_ERR_NO_MEM;
 *         ESP_ERR_FLASH_OP_FAIL; ESP_FAIL; or as hotreload_loader_verify()
 */
esp_err_t hotreload_upload_finish(hotreload_stored_t *stored, hotreload_reason_t *reason);

/** Drops the upload under way, if any. */
void hotreload_upload_abort(void);

#endif
