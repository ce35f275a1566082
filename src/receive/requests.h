/*
 * The HTTP interface without the HTTP: what each request means, whichever server carries it.
 * A server passes the parts of a request in and sends the answer out.
 *
 * One upload is under way at a time; the others are answered 503. `begin`, `write`, `finish` and
 * `cancel` of one upload come from one task: a server that is stopped from another one lets the
 * upload's task know, which cancels.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_REQUESTS_H
#define HOTRELOAD_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes of the HMAC secret, generated at build time. */
#define HOTRELOAD_SECRET_SIZE 32u
extern const uint8_t hotreload_secret[HOTRELOAD_SECRET_SIZE];

/** Names of the headers of an upload. */
#define HOTRELOAD_HEADER_SHA256 "X-Hotreload-SHA256"
#define HOTRELOAD_HEADER_HMAC   "X-Hotreload-HMAC"
#define HOTRELOAD_HEADER_AUTH   "X-Hotreload-Auth"

/** What to answer: the status code and a JSON object. Content-Type: application/json. */
typedef struct {
    int status;
    char body[896];
} hotreload_answer_t;

/** Call when the server starts: what was signed for it before is worthless from then on. */
void hotreload_requests_start(void);

/** `GET /status`: always 200. */
void hotreload_request_status(hotreload_answer_t *answer);

/** `GET /pending`: always 200. */
void hotreload_request_pending(hotreload_answer_t *answer);

/** `GET /nonce`: always 200. The nonce that X-Hotreload-Auth of the next upload is to be made with.
 */
void hotreload_request_nonce(hotreload_answer_t *answer);

/** The head of `POST /upload`. Strings are only read during the call. */
typedef struct {
    const char *partition_label;
    size_t max_size;        /**< longest body accepted, bytes */
    int64_t content_length; /**< bytes of the body; -1: no Content-Length; -2: a malformed one */
    const char *sha256_hex; /**< value of the header; NULL: absent */
    const char *auth_hex;   /**< likewise; see receive/auth.h */
    const char *hmac_hex;   /**< likewise; enough without auth_hex if accept_replayed is set */
    bool accept_replayed;   /**< uploads that may be recordings, those without auth_hex */
    /** An upload with auth_hex is received into RAM, where there is enough: then the server calls
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
 * The body is complete: authenticates, validates and stores it. Sets `answer` either way. With
 * run_from_ram_first it may be in RAM only, from where it can be loaded at once: send the answer
 * first, then see hotreload_request_upload_settle().
 */
void hotreload_request_upload_finish(hotreload_answer_t *answer);

/**
 * Writes the next piece, one sector at most, of an upload that was received into RAM. A server that
 * sets run_from_ram_first calls this after it has sent the answer of
 * hotreload_request_upload_finish(), whether or not that could be sent, and again until it returns
 * false. Before each call it lets other tasks run for some milliseconds (writing flash stops them):
 * the application loads the module in such a pause. A server that stops meanwhile goes on until
 * false, without pauses. What is left out is done when the next upload begins, but lost at a
 * restart.
 *
 * @return whether there is more to write; false at once when nothing waits. Log and `GET /status`
 *         say how it ended. Any task.
 */
bool hotreload_request_upload_settle(void);

typedef enum {
    HOTRELOAD_UPLOAD_CUT_SHORT, /**< the connection ended before the body did */
    HOTRELOAD_UPLOAD_TIMED_OUT, /**< the client stopped sending */
    HOTRELOAD_UPLOAD_STOPPED,   /**< the server stops */
} hotreload_upload_end_t;

/** Drops the upload under way and sets the answer (400, 408 or 503); NULL: nobody is answered. */
void hotreload_request_upload_cancel(hotreload_upload_end_t why, hotreload_answer_t *answer);

/** Answers a request that is none of these: 400 malformed, 404, 405, 408, 413, 431, 503. */
void hotreload_request_refuse(int status, const char *reason, hotreload_answer_t *answer);

#endif
