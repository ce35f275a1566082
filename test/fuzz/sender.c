/* SPDX-License-Identifier: MIT */
#include "sender.h"

#include <stdio.h>
#include <string.h>

#include "module_builder.h"
#include "sha256.h"
#include "receive/auth.h"
#include "receive/requests.h"

static void hash(const void *begin, size_t begin_size, const void *data, size_t size,
                 uint8_t digest[SHA256_DIGEST_SIZE])
{
    sha256_t sha256;
    sha256_begin(&sha256);
    sha256_update(&sha256, begin, begin_size);
    sha256_update(&sha256, data, size);
    sha256_end(&sha256, digest);
}

/** RFC 2104, without the port: the failures planned there are for the device. */
static void hmac(const void *data, size_t size, uint8_t digest[SHA256_DIGEST_SIZE])
{
    uint8_t inner[SHA256_BLOCK_SIZE], outer[SHA256_BLOCK_SIZE];
    for (size_t i = 0; i < SHA256_BLOCK_SIZE; i++) {
        uint8_t key = i < HOTRELOAD_SECRET_SIZE ? hotreload_secret[i] : 0;
        inner[i] = key ^ 0x36;
        outer[i] = key ^ 0x5c;
    }
    hash(inner, sizeof inner, data, size, digest);
    hash(outer, sizeof outer, digest, SHA256_DIGEST_SIZE, digest);
}

static void to_hex(const uint8_t digest[SHA256_DIGEST_SIZE], char hex[SENDER_HEX_SIZE])
{
    for (size_t i = 0; i < SHA256_DIGEST_SIZE; i++) {
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    }
}

void sender_sha256(const void *data, size_t size, char hex[SENDER_HEX_SIZE])
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    hash("", 0, data, size, digest);
    to_hex(digest, hex);
}

void sender_hmac(const void *data, size_t size, char hex[SENDER_HEX_SIZE])
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    hmac(data, size, digest);
    to_hex(digest, hex);
}

void sender_auth(const void *data, size_t size, char hex[SENDER_HEX_SIZE])
{
    static const char domain[] = "hotreload-upload"; /* with its NUL */
    uint8_t message[sizeof domain + HOTRELOAD_NONCE_SIZE + 4 + SHA256_DIGEST_SIZE];
    uint8_t *next = message;
    uint8_t digest[SHA256_DIGEST_SIZE];
    memcpy(next, domain, sizeof domain);
    next += sizeof domain;
    hotreload_auth_get_nonce(next);
    next += HOTRELOAD_NONCE_SIZE;
    module_put32(next, (uint32_t)size);
    hash("", 0, data, size, next + 4);
    hmac(message, sizeof message, digest);
    to_hex(digest, hex);
}
