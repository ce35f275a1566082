/* SPDX-License-Identifier: MIT */
#include "receive/auth.h"

#include <stdbool.h>
#include <string.h>

#include "hash.h"
#include "receive/digest.h"

/** Guarded by HOTRELOAD_LOCK_STATUS. Made when somebody asks for it. */
static struct {
    bool exists;
    uint8_t bytes[HOTRELOAD_NONCE_SIZE];
} nonce;

void hotreload_auth_get_nonce(uint8_t copy[HOTRELOAD_NONCE_SIZE])
{
    hotreload_port_lock(HOTRELOAD_LOCK_STATUS);
    if (!nonce.exists) {
        hotreload_port_random(nonce.bytes, sizeof nonce.bytes);
        nonce.exists = true;
    }
    memcpy(copy, nonce.bytes, sizeof nonce.bytes);
    hotreload_port_unlock(HOTRELOAD_LOCK_STATUS);
}

void hotreload_auth_forget_nonce(void)
{
    hotreload_port_lock(HOTRELOAD_LOCK_STATUS);
    nonce.exists = false;
    hotreload_port_unlock(HOTRELOAD_LOCK_STATUS);
}

/** @return whether there is a nonce to check with */
static bool copy_nonce(uint8_t copy[HOTRELOAD_NONCE_SIZE])
{
    hotreload_port_lock(HOTRELOAD_LOCK_STATUS);
    bool exists = nonce.exists;
    memcpy(copy, nonce.bytes, sizeof nonce.bytes);
    hotreload_port_unlock(HOTRELOAD_LOCK_STATUS);
    return exists;
}

/** Uses it up. @return false: another task was faster */
static bool use_up_nonce(const uint8_t checked[HOTRELOAD_NONCE_SIZE])
{
    hotreload_port_lock(HOTRELOAD_LOCK_STATUS);
    bool mine = nonce.exists && memcmp(nonce.bytes, checked, sizeof nonce.bytes) == 0;
    nonce.exists = nonce.exists && !mine;
    hotreload_port_unlock(HOTRELOAD_LOCK_STATUS);
    return mine;
}

static esp_err_t compute_auth(const uint8_t *with, uint32_t length, const uint8_t *sha256,
                              uint8_t auth[HOTRELOAD_HASH_SIZE])
{
    static const char domain[] = "hotreload-upload"; /* with its NUL */
    uint8_t message[sizeof domain + HOTRELOAD_NONCE_SIZE + 4 + HOTRELOAD_HASH_SIZE];
    uint8_t *next = message;
    memcpy(next, domain, sizeof domain);
    next += sizeof domain;
    memcpy(next, with, HOTRELOAD_NONCE_SIZE);
    next += HOTRELOAD_NONCE_SIZE;
    for (unsigned shift = 0; shift < 32; shift += 8) {
        *next++ = (uint8_t)(length >> shift);
    }
    memcpy(next, sha256, HOTRELOAD_HASH_SIZE);

    return hotreload_hash_compute(hotreload_secret, sizeof hotreload_secret, message,
                                  sizeof message, auth);
}

esp_err_t hotreload_auth_check(uint32_t length, const uint8_t sha256[HOTRELOAD_HASH_SIZE],
                               const uint8_t auth[HOTRELOAD_HASH_SIZE], hotreload_reason_t *reason)
{
    uint8_t present[HOTRELOAD_NONCE_SIZE];
    uint8_t right[HOTRELOAD_HASH_SIZE];
    bool exists = copy_nonce(present);
    esp_err_t error = compute_auth(present, length, sha256, right);
    if (error != ESP_OK) {
        return hotreload_hash_fail(reason, error);
    }
    bool equal = hotreload_digest_equal(auth, right);
    if (!exists || !equal || !use_up_nonce(present)) {
        return hotreload_fail(reason, ESP_ERR_INVALID_MAC,
                              "not authentic: X-Hotreload-Auth was made with another secret, or "
                              "with a nonce that is used up");
    }
    return ESP_OK;
}
