/* SPDX-License-Identifier: MIT */
#include "sha256.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "port.h"

/* The length of the message, in bits, ends the last block. */
#define LENGTH_SIZE 8u

/** First 32 bits of the fractions of the cube roots of the first 64 primes. */
static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/** First 32 bits of the fractions of the square roots of the first 8 primes. */
static const uint32_t initial_state[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static uint32_t rotate(uint32_t value, unsigned bits)
{
    return value >> bits | value << (32 - bits);
}

static uint32_t read_big_endian(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void write_big_endian(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

static void expand(const uint8_t *block, uint32_t schedule[64])
{
    for (unsigned i = 0; i < 16; i++) {
        schedule[i] = read_big_endian(block + 4 * i);
    }
    for (unsigned i = 16; i < 64; i++) {
        uint32_t a = schedule[i - 15];
        uint32_t b = schedule[i - 2];
        schedule[i] = schedule[i - 16] + schedule[i - 7] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) +
                      (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
    }
}

static void compress(uint32_t state[8], const uint8_t *block)
{
    uint32_t schedule[64];
    uint32_t s[8]; /* a to h of the standard */
    expand(block, schedule);
    memcpy(s, state, sizeof s);
    for (unsigned i = 0; i < 64; i++) {
        uint32_t choice = (s[4] & s[5]) ^ (~s[4] & s[6]);
        uint32_t majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
        uint32_t first = s[7] + (rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)) + choice +
                         round_constants[i] + schedule[i];
        uint32_t second = (rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)) + majority;
        memmove(s + 1, s, 7 * sizeof s[0]);
        s[4] += first;
        s[0] = first + second;
    }
    for (unsigned i = 0; i < 8; i++) {
        state[i] += s[i];
    }
}

void sha256_begin(sha256_t *hash)
{
    memcpy(hash->state, initial_state, sizeof initial_state);
    hash->length = 0;
}

void sha256_update(sha256_t *hash, const void *data, size_t size)
{
    const uint8_t *from = data;
    while (size > 0) {
        size_t used = hash->length % SHA256_BLOCK_SIZE;
        size_t taken = SHA256_BLOCK_SIZE - used < size ? SHA256_BLOCK_SIZE - used : size;
        memcpy(hash->block + used, from, taken);
        hash->length += taken;
        from += taken;
        size -= taken;
        if (used + taken == SHA256_BLOCK_SIZE) {
            compress(hash->state, hash->block);
        }
    }
}

void sha256_end(sha256_t *hash, uint8_t digest[SHA256_DIGEST_SIZE])
{
    static const uint8_t padding[SHA256_BLOCK_SIZE] = {0x80};
    const uint64_t bits = hash->length * 8;
    uint8_t length[LENGTH_SIZE];
    write_big_endian(length, (uint32_t)(bits >> 32));
    write_big_endian(length + 4, (uint32_t)bits);

    /* One byte of 0x80 at least, and zeros until only the length is missing from a block. */
    const size_t room = SHA256_BLOCK_SIZE - LENGTH_SIZE;
    const size_t used = hash->length % SHA256_BLOCK_SIZE;
    sha256_update(hash, padding, used < room ? room - used : SHA256_BLOCK_SIZE + room - used);
    sha256_update(hash, length, sizeof length);
    for (unsigned i = 0; i < 8; i++) {
        write_big_endian(digest + 4 * i, hash->state[i]);
    }
}

/* ---- The port's hashes ---- */

struct hotreload_hash {
    sha256_t hash;
    bool keyed;
    uint8_t key[SHA256_BLOCK_SIZE]; /**< padded with zeros, as HMAC wants it */
};

/* What RFC 2104 XORs the key with, for the inner and the outer hash. */
#define INNER_MASK 0x36u
#define OUTER_MASK 0x5cu

/** Begins a hash with the key, every byte XORed with `mask`, as its first block. */
static void begin_keyed(hotreload_hash_t *hash, uint8_t mask)
{
    uint8_t block[SHA256_BLOCK_SIZE];
    for (size_t i = 0; i < sizeof block; i++) {
        block[i] = hash->key[i] ^ mask;
    }
    sha256_begin(&hash->hash);
    sha256_update(&hash->hash, block, sizeof block);
}

/** Clears the key before its memory is given back; volatile, or the compiler would leave it out. */
static void wipe(hotreload_hash_t *hash)
{
    volatile uint8_t *bytes = (volatile uint8_t *)hash;
    for (size_t i = 0; i < sizeof *hash; i++) {
        bytes[i] = 0;
    }
}

esp_err_t hotreload_port_hash_begin(const void *key, size_t key_size, hotreload_hash_t **hash)
{
    hotreload_hash_t *new = calloc(1, sizeof *new);
    *hash = new;
    if (new == NULL) {
        return ESP_ERR_NO_MEM;
    }
    new->keyed = key != NULL;
    sha256_begin(&new->hash);
    if (!new->keyed) {
        return ESP_OK;
    }
    if (key_size > sizeof new->key) {
        sha256_update(&new->hash, key, key_size);
        sha256_end(&new->hash, new->key);
    } else {
        memcpy(new->key, key, key_size);
    }
    begin_keyed(new, INNER_MASK);
    return ESP_OK;
}

esp_err_t hotreload_port_hash_update(hotreload_hash_t *hash, const void *data, size_t size)
{
    sha256_update(&hash->hash, data, size);
    return ESP_OK;
}

esp_err_t hotreload_port_hash_end(hotreload_hash_t *hash, uint8_t digest[HOTRELOAD_HASH_SIZE])
{
    if (hash == NULL) {
        return ESP_OK;
    }
    if (digest != NULL) {
        sha256_end(&hash->hash, digest);
        if (hash->keyed) {
            begin_keyed(hash, OUTER_MASK);
            sha256_update(&hash->hash, digest, SHA256_DIGEST_SIZE);
            sha256_end(&hash->hash, digest);
        }
    }
    wipe(hash);
    free(hash);
    return ESP_OK;
}
