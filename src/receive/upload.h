/*
 * Receives one module in pieces and stores it once it is authentic, intact and fit for this
 * firmware. Knows nothing of HTTP.
 *
 * One upload is under way at a time. After a successful begin, the calls of an upload, abort among
 * them, come from one task; after any error it is over.
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
    bool is_proven; /**< length and sha256 are the owner's: hotreload_auth_check() */
    bool has_hmac;  /**< false only where is_proven is true */
    uint8_t hmac[HOTRELOAD_HASH_SIZE]; /**< of the body */
    /** Receive into RAM, if is_proven and there is enough: what is stored is in RAM only, until
     * hotreload_settle_all(). */
    bool run_from_ram_first;
} hotreload_upload_t;

/** What an upload has become. */
typedef struct {
    uint32_t sequence; /**< of its record */
    uint32_t size;     /**< bytes of the module */
    bool waits;        /**< in RAM, to be written */
} hotreload_stored_t;

/**
 * Begins an upload. Nothing of it is erased or written yet; what waits in RAM from the one before
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
