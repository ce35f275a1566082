/*
 * One connection of the HTTP server: reads requests one after another, passes them to the core
 * (receive/requests.h) and sends its answers.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BOARD_HTTP_CONNECTION_H
#define BOARD_HTTP_CONNECTION_H

#include "http/parser.h"

/** What connections share. */
typedef struct {
    const char *partition_label;
    size_t max_upload;    /**< bytes */
    bool accept_replayed; /**< of hotreload_upload_request_t, as is the next */
    bool run_from_ram_first;
    uint32_t idle_timeout_ms; /**< for a head, and for each 1024 bytes of a body */
} http_settings_t;

typedef enum {
    HTTP_CONNECTION_CLOSED,
    HTTP_CONNECTION_HEAD,  /**< between requests, or inside a head */
    HTTP_CONNECTION_BODY,  /**< inside the body of an upload that the core has taken on */
    HTTP_CONNECTION_DRAIN, /**< answered for the last time: drops what still comes */
} http_connection_state_t;

typedef struct {
    http_connection_state_t state;
    int socket;
    int64_t deadline_ms;    /* of linux_now_ms() */
    int64_t body_left;      /* bytes */
    size_t body_progress;   /* bytes since the deadline was set */
    size_t received, begin; /* bytes in the buffer, and where the unread ones begin */
    http_parser_t parser;
    uint8_t buffer[512];
} http_connection_t;

/** Takes over a connected socket. */
void http_connection_open(http_connection_t *connection, int socket,
                          const http_settings_t *settings);

/** Receives and handles what the client has sent; call when the socket is readable. */
void http_connection_receive(http_connection_t *connection, const http_settings_t *settings);

/** Call when the deadline has passed. */
void http_connection_time_out(http_connection_t *connection);

/** Closes it because the server stops. */
void http_connection_stop(http_connection_t *connection);

#endif
