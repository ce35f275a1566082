/*
 * Helpers of the tests of uploads: a device with a module in its store, and a sender.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SENT_H
#define SENT_H

#include <stddef.h>
#include <stdint.h>

#include "receive/requests.h"

/** A body and what its sender says about it; tests change what they like. */
typedef struct {
    uint8_t *body; /**< exactly `size` bytes */
    size_t size;
    char sha256_hex[65];
    char hmac_hex[65];
    char auth_hex[65];               /**< sent_prove() */
    hotreload_upload_request_t head; /**< points into this struct: it must stay where it is */
} sent_t;

/** The upload of a test: module 2, well described; made by sent_set_up_upload(). */
#define SENT_SIZE 5000u
extern sent_t sent;

/** The module that is in the store before a test begins. */
#define SENT_OLD_SEED 1u
#define SENT_OLD_SIZE 2000u

/** Resets the fakes, with a flash of 8 sectors that holds a module: set-up of a test. */
int sent_set_up(void **state);

/** Nothing may be left: tear-down of a test. */
int sent_tear_down(void **state);

/** As sent_set_up() and sent_tear_down(), and makes and frees `sent`. */
int sent_set_up_upload(void **state);
int sent_tear_down_upload(void **state);

/**
 * Fills in length, hashes and head for `body`, which is freed by sent_free(), for a device to which
 * the HMAC is enough.
 */
void sent_describe(sent_t *sent, uint8_t *body, size_t size);

/** Makes a valid module of exactly `size` bytes, well described. */
void sent_module(sent_t *sent, uint32_t seed, size_t size);

/** Asks for the nonce and proves the upload with it: X-Hotreload-Auth instead of the HMAC. */
void sent_prove(sent_t *sent);

/** The nonce, as `GET /nonce` answers it. */
void sent_ask_nonce(uint8_t nonce[16]);

/** X-Hotreload-Auth over what is given; `sha256_hex` in hex digits. */
void sent_auth(const uint8_t *key, const uint8_t nonce[16], uint32_t length, const char *sha256_hex,
               char hex[65]);

/** Frees the body. */
void sent_free(sent_t *sent);

/** Sends head and body in pieces. @return the status of the answer */
int sent_upload(const sent_t *sent, size_t piece, hotreload_answer_t *answer);

/**
 * Fails the test unless the device answered with `status` and an error that contains `part`, has
 * the old module still, before and after a boot, and takes the next upload. Then sets it up anew.
 */
void sent_expect_refused(const hotreload_answer_t *answer, int status, const char *part);

/** Sends only the head. Fails the test unless it is refused likewise, with the flash left alone. */
void sent_expect_head_refused(const sent_t *sent, int status, const char *part);

/** Fails the test unless the newest module is the body. */
void sent_expect_stored(const sent_t *sent);

/** HMAC-SHA256 of bytes with a key, as hex digits. */
void sent_hmac(const uint8_t *key, const void *data, size_t size, char hex[65]);

#endif
