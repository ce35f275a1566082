/*
 * What requests mean, over HTTP or a serial line. A receiver passes the parts of a request in and
 * sends the answer out. Ports include this header, receive/serial_link.h, and nothing behind them.
 *
 * One upload is under way at a time; others are answered 503. One task calls `begin`, `write`,
 * `finish` and `cancel` of an upload. If another task stops the receiver, the upload's task
 * cancels.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_REQUESTS_H
#define HOTRELOAD_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hotreload.h"

/** Names of the headers of an upload. */
#define HOTRELOAD_HEADER_SHA256 "X-Hotreload-SHA256"
#define HOTRELOAD_HEADER_HMAC   "X-Hotreload-HMAC"
#define HOTRELOAD_HEADER_AUTH   "X-Hotreload-Auth"

/** What to answer: an HTTP status and a JSON object. Content-Type: application/json. */
typedef struct {
    int status;
    char body[1344];
} hotreload_answer_t;

/**
 * Call when a receiver starts. Opens the partition, and makes all earlier nonces invalid.
 *
 * @param receiver         its name for the log, as in "server not started: ..."
 * @param partition_label  as for hotreload_load()
 * @return ESP_OK; or, with the reason in the log: ESP_ERR_NOT_FOUND: no such partition;
 *         ESP_ERR_INVALID_SIZE: too small a partition; ESP_ERR_INVALID_STATE: another partition is
 *         in use; ESP_ERR_FLASH_OP_FAIL. Any task.
 */
esp_err_t hotreload_requests_start(const char *receiver, const char *partition_label);

/**
 * `GET /`: the status page, for a browser. Content-Type: text/html, Content-Encoding: gzip. The
 * build makes it from receive/page.html (cmake/status_page.cmake).
 */
extern const uint8_t hotreload_page[];
extern const size_t hotreload_page_size; /**< bytes */

/** `GET /status`: always 200. */
void hotreload_request_status(hotreload_answer_t *answer);

/** `GET /pending`: always 200. */
void hotreload_request_pending(hotreload_answer_t *answer);

/** `GET /nonce`: always 200. Answers the nonce for X-Hotreload-Auth of the next upload. */
void hotreload_request_nonce(hotreload_answer_t *answer);

/** The head of `POST /upload`. Strings are only read during the call. */
typedef struct {
    const char *partition_label;
    size_t max_size;        /**< longest body accepted, bytes */
    int64_t content_length; /**< bytes of the body; -1: no Content-Length; -2: a malformed one */
    const char *sha256_hex; /**< value of the header; NULL: absent */
    const char *auth_hex;   /**< likewise; see receive/auth.h */
    const char *hmac_hex;   /**< likewise; enough without auth_hex if accept_replayed is set */
    bool accept_replayed;   /**< accept uploads without auth_hex, which may be recordings */
    /** Receive an upload with auth_hex into RAM, if there is enough. The receiver has to call
     * hotreload_request_upload_settle(). */
    bool run_from_ram_first;
} hotreload_upload_request_t;

/**
 * Begins an upload. @return true: feed the body to hotreload_request_upload_write(), then call
 * hotreload_request_upload_finish() or _cancel(); false: refused, `answer` is to be sent.
 */
bool hotreload_request_upload_begin(const hotreload_upload_request_t *upload,
                                    hotreload_answer_t *answer);

/** Takes a piece of the body of any size. @return false: failed and over, send `answer`. */
bool hotreload_request_upload_write(const void *data, size_t size, hotreload_answer_t *answer);

/**
 * Call when the body is complete: authenticates, validates and stores it. Sets `answer` either way.
 * With run_from_ram_first the module may be in RAM only, where it can be loaded at once: send the
 * answer, then call hotreload_request_upload_settle().
 */
void hotreload_request_upload_finish(hotreload_answer_t *answer);

/**
 * Writes the next piece, one sector at most, of an upload that was received into RAM. A receiver
 * that sets run_from_ram_first sends the answer of hotreload_request_upload_finish(), then calls
 * this until it returns false, even if the answer could not be sent. Before each call it lets other
 * tasks run for some milliseconds, because writing flash stops them: the application loads the
 * module in such a pause. A receiver that is being stopped goes on without pauses. The next upload
 * writes what is left, but a restart loses it.
 *
 * @return true: there is more to write. Log and `GET /status` say how it ended. Any task.
 */
bool hotreload_request_upload_settle(void);

typedef enum {
    HOTRELOAD_UPLOAD_CUT_SHORT, /**< the connection ended before the body did */
    HOTRELOAD_UPLOAD_TIMED_OUT, /**< the client stopped sending */
    HOTRELOAD_UPLOAD_STOPPED,   /**< the application stops the server or the console */
} hotreload_upload_end_t;

/** Drops the upload under way and sets the answer (400, 408 or 503), unless `answer` is NULL. */
void hotreload_request_upload_cancel(hotreload_upload_end_t why, hotreload_answer_t *answer);

/** Answers a request that is none of these: for example 400, 404, 405, 408, 410, 414. */
void hotreload_request_refuse(int status, const char *reason, hotreload_answer_t *answer);

#endif
