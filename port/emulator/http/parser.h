/*
 * Reads the head of an HTTP/1.1 request, in pieces of any size and in bounded memory: of the header
 * fields only those that the server acts on are kept.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BOARD_HTTP_PARSER_H
#define BOARD_HTTP_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The longest line that is understood; longer lines of other headers are skipped. */
#define HTTP_LINE_SIZE 256u
/** The longest head, from the request line to the empty line. */
#define HTTP_HEAD_MAX 8192u
/** Room for 64 hex digits, one more character that shows that there are too many, and NUL. */
#define HTTP_DIGEST_SIZE 66u

typedef enum { HTTP_METHOD_OTHER, HTTP_METHOD_GET, HTTP_METHOD_POST } http_method_t;
typedef enum {
    HTTP_PATH_OTHER,
    HTTP_PATH_UPLOAD,
    HTTP_PATH_NONCE,
    HTTP_PATH_PENDING,
    HTTP_PATH_STATUS,
    HTTP_PATH_PAGE,
} http_path_t;

/** Values of content_length that are not a length; as in hotreload_upload_request_t. */
#define HTTP_LENGTH_ABSENT    (-1)
#define HTTP_LENGTH_MALFORMED (-2)

/** What a head says. */
typedef struct {
    http_method_t method;
    http_path_t path;
    bool keep_alive;       /**< the client may send another request after this one */
    bool expects_continue; /**< it waits for `100 Continue` before it sends the body */
    bool chunked;          /**< the body has a transfer coding, and so no length */
    int64_t content_length;
    char sha256[HTTP_DIGEST_SIZE]; /**< empty: absent */
    char hmac[HTTP_DIGEST_SIZE];   /**< likewise */
    char auth[HTTP_DIGEST_SIZE];   /**< likewise */
} http_request_t;

typedef enum {
    HTTP_PARSER_MORE,     /**< the head goes on */
    HTTP_PARSER_COMPLETE, /**< `request` is complete */
    HTTP_PARSER_REFUSED,  /**< answer `status` with `reason` and close the connection */
} http_parser_result_t;

typedef struct {
    http_request_t request;
    int status;
    const char *reason;
    size_t head_size; /* bytes so far */
    size_t line_size; /* of the present line so far; it is cut when that exceeds the buffer */
    bool in_headers;  /* the request line is done */
    char line[HTTP_LINE_SIZE];
} http_parser_t;

/** Begins a request. */
void http_parser_begin(http_parser_t *parser);

/** True before the first byte of a request. */
bool http_parser_is_idle(const http_parser_t *parser);

/**
 * Takes received bytes up to the end of the head.
 *
 * @param used  gets how many were taken
 */
http_parser_result_t http_parser_feed(http_parser_t *parser, const uint8_t *data, size_t size,
                                      size_t *used);

#endif
