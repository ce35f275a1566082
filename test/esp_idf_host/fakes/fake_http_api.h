/*
 * The core behind the server: records what it is told and answers as the test wants.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_HTTP_API_H
#define FAKE_HTTP_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "receive/requests.h"

typedef struct {
    /** Result of hotreload_store_open(). */
    int store_result;
    /** hotreload_request_upload_begin() refuses with 403. */
    bool refuse;
    /** hotreload_request_upload_write() fails with 500 once it has this many bytes; 0: never. */
    size_t fail_at;

    hotreload_upload_request_t begun_with; /**< without the strings */
    char sha256[80], hmac[80], auth[80];   /**< "(none)" for NULL */
    char body[8192];
    size_t size, largest_piece;
    unsigned starts, begins, finishes, cancels;
    unsigned to_settle;  /**< calls of hotreload_request_upload_settle() that return true */
    unsigned settles;    /**< those that came */
    bool settled_early;  /**< one of them before the answer was sent, or without a pause */
    uint32_t settled_at; /**< ticks, of the last one */
    hotreload_upload_end_t cancelled_for;
} fake_http_api_t;

extern fake_http_api_t fake_http_api;

void fake_http_api_reset(void);

#endif
