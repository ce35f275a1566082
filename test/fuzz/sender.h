/*
 * The digests of an upload as an owner of the secret makes them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FUZZ_SENDER_H
#define FUZZ_SENDER_H

#include <stddef.h>
#include <stdint.h>

#define SENDER_HEX_SIZE 65u

/** SHA-256 of `size` bytes, as hex digits. */
void sender_sha256(const void *data, size_t size, char hex[SENDER_HEX_SIZE]);

/** HMAC-SHA256 of `size` bytes with the secret. */
void sender_hmac(const void *data, size_t size, char hex[SENDER_HEX_SIZE]);

/** X-Hotreload-Auth of `size` bytes with the nonce that is valid now. */
void sender_auth(const void *data, size_t size, char hex[SENDER_HEX_SIZE]);

#endif
