/*
 * X-Hotreload-Auth: proves before the first byte of an upload that the sender knows the secret of
 * the build, and that the upload is no recording. It is the HMAC-SHA256, with that secret, of
 *
 *     "hotreload-upload" NUL | nonce | length (32 bit, little-endian) | SHA-256 of the body
 *
 * The nonce has 16 bytes. The message begins with a fixed text and a body with an ELF header, so an
 * HMAC of a body is never a valid proof.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_AUTH_H
#define HOTRELOAD_AUTH_H

#include <stdint.h>

#include "port.h"
#include "reason.h"

/** The secret of the build: bytes that the build generates at random. */
#define HOTRELOAD_SECRET_SIZE 32u
extern const uint8_t hotreload_secret[HOTRELOAD_SECRET_SIZE];

#define HOTRELOAD_NONCE_SIZE 16u

/**
 * Copies the nonce for the next upload. It stays the same until an upload has used it, so a
 * stranger without the secret cannot take it from the owner. Any task.
 */
void hotreload_auth_get_nonce(uint8_t nonce[HOTRELOAD_NONCE_SIZE]);

/** Makes the present nonce invalid. Any task. */
void hotreload_auth_forget_nonce(void);

/**
 * Checks the header, in a time that does not depend on how much of it is right. A right one uses
 * the nonce up, whether or not the upload succeeds.
 *
 * @param length  of the body, bytes
 * @param sha256  of the body, as announced
 * @param auth    the header's value
 * @return ESP_OK; ESP_ERR_INVALID_MAC: another secret, nonce, length or hash; ESP_ERR_NO_MEM,
 *         ESP_FAIL: the HMAC could not be computed. Any task.
 */
esp_err_t hotreload_auth_check(uint32_t length, const uint8_t sha256[HOTRELOAD_HASH_SIZE],
                               const uint8_t auth[HOTRELOAD_HASH_SIZE], hotreload_reason_t *reason);

#endif
