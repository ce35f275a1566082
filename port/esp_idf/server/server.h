/*
 * What the files of the HTTP server share.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_ESP_IDF_SERVER_H
#define HOTRELOAD_ESP_IDF_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_http_server.h"
#include "esp_netif.h"
#include "receive/requests.h"

#define HOTRELOAD_SERVER_PIECE 1024u

/** A running server. Only its own task touches the answer and the piece, so one of each will do. */
typedef struct {
    httpd_handle_t handle;
    const char *partition_label;
    size_t max_size; /**< longest body accepted, bytes */
    bool run_from_ram_first;
    _Atomic bool stopping; /**< an upload under way is to end */
    hotreload_answer_t answer;
    char piece[HOTRELOAD_SERVER_PIECE]; /**< of the body being received */
} hotreload_server_t;

/** Sends an answer. @return ESP_OK; ESP_FAIL: the connection is of no use any more */
esp_err_t hotreload_server_answer(httpd_req_t *request, const hotreload_answer_t *answer);

/**
 * Ends a GET. Its body, if it has one, is not read, so the connection ends with it.
 *
 * @param error  of the answer
 * @return what the handler returns
 */
esp_err_t hotreload_server_end_get(httpd_req_t *request, esp_err_t error);

/**
 * For `open_fn` of httpd_config_t: prepares a connection. The head of a request on it has 10 s in
 * all, after which the connection ends.
 */
esp_err_t hotreload_session_open(httpd_handle_t handle, int socket);

/** The head is complete. From here on whoever receives the body watches the time. */
void hotreload_session_begin_body(void);

/** The request was answered. What comes next on the connection is another one. */
void hotreload_session_end_request(void);

/** Handler of `POST /upload`; its context is the server. */
esp_err_t hotreload_server_upload(httpd_req_t *request);

/** A request begins; what hotreload_head_shorten() gets from here on is its head. */
void hotreload_head_begin(void);

/**
 * Drops received header lines that nobody reads, so that the head of a browser is not too long. If
 * the build has no status page, it drops nothing. What comes after the head stays as it is.
 *
 * @return bytes that are left, possibly 0
 */
size_t hotreload_head_shorten(char *data, size_t size);

/** Shows the network interfaces one after the other, until `look` returns true. */
void hotreload_each_interface(bool (*look)(esp_netif_t *interface, void *context), void *context);

/** Registers the status page, if the build has it. */
esp_err_t hotreload_server_register_page(httpd_handle_t handle);

/** Logs the server's URL for each network interface that has an address. */
void hotreload_server_log_urls(uint16_t port);

#endif
