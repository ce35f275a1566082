/*
 * SHA-256 (FIPS 180-4) in portable C, for systems that bring no library with it. The HMAC of RFC
 * 2104 is reached through hotreload_port_hash_begin(), which sha256.c implements with this.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SHA256_H
#define SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BLOCK_SIZE  64u
#define SHA256_DIGEST_SIZE 32u

/** A running hash. The caller owns it; it holds no resources. */
typedef struct {
    uint32_t state[8];
    uint64_t length; /**< bytes taken so far */
    uint8_t block[SHA256_BLOCK_SIZE];
} sha256_t;

/** Begins a hash. Cannot fail. Any task, one task per object. */
void sha256_begin(sha256_t *hash);

/** Adds `size` bytes. Cannot fail. */
void sha256_update(sha256_t *hash, const void *data, size_t size);

/** Writes the digest of all that was added; the object then needs sha256_begin() again. */
void sha256_end(sha256_t *hash, uint8_t digest[SHA256_DIGEST_SIZE]);

#endif
