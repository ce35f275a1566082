/*
 * X-Hotreload-Auth: proves, before the first byte of an upload, who sends it, and that it is no
 * recording. It is the HMAC-SHA256, with the secret of the build, of
 *
 *     "hotreload-upload" NUL | nonce (16 bytes) | length (32 bit, little-endian) | SHA-256 of the
 * body
 *
 * The text in front tells it from the HMAC of a body, which begins like an ELF file.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_AUTH_H
#define HOTRELOAD_AUTH_H

#include <stdint.h>

#include "port.h"
#include "reason.h"

#define HOTRELOAD_NONCE_SIZE 16u

/**
 * The nonce for the next upload. It stays the same until an upload has used it: a stranger who asks
 * for it, or tries without the secret, does not take it from the owner. Any task.
 */
void hotreload_auth_get_nonce(uint8_t nonce[HOTRELOAD_NONCE_SIZE]);

/** Makes what was signed with the present nonce worthless. Any task. */
void hotreload_auth_forget_nonce(void);

/**
 * Checks the header, in a time that does not depend on how wrong it is. A right one uses the nonce
 * up, whatever becomes of the upload.
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
