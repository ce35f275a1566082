/*
 * The device on the host, the real core above the port, and a client of it: makes modules, proves
 * that it has the secret, and sends them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "fakes/fake_httpd.h"
#include "hotreload.h"
#include "module_builder.h"

/** What the server is started with by default, and where requests go. */
extern const hotreload_server_config_t server_config;

/** Erased flash, an empty heap and log; modules that are built fit this device. */
void device_reset(void);

/** Unloads the module, then fails the test if memory or a mapping is left. */
void device_expect_nothing_left(void);

/** Builds a module of about 1.5 KB, to be freed; its size is in the layout. */
uint8_t *build_module(uint32_t seed, module_layout_t *layout);

/** Hex of the SHA-256 of data, or with a key of its HMAC. */
void hex_digest(char hex[65], const void *key, size_t key_size, const void *data, size_t size);

/** Hex of the HMAC that proves an upload, for an answer of the device to a request for a nonce. */
void hex_proof(char hex[65], const char *nonce_answer, const uint8_t *module, size_t size,
               const uint8_t *secret);

/** The head of an upload: lines of headers, and a request that has them. */
typedef struct {
    char length[64], sha256[128], proof[128];
    const char *headers[4];
    fake_request_t request;
} upload_t;

/** Prepares an upload that is right, for the nonce that the device has now. */
void prepare_upload(upload_t *upload, const uint8_t *module, size_t size, const uint8_t *secret);

/** Makes a request to the server; fails the test if it is not answered. */
fake_response_t send_request(const fake_request_t *request);

/** GET. The answer must be 200. */
fake_response_t get(const char *uri);

/** Prepares an upload and sends it. */
fake_response_t upload(const uint8_t *module, size_t size, const uint8_t *secret);

#endif
