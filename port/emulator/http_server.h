/*
 * The emulated board's HTTP server, in the place of ESP-IDF's: hotreload_server_start() and _stop()
 * of hotreload.h, and the time in which it runs.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BOARD_HTTP_SERVER_H
#define BOARD_HTTP_SERVER_H

#include <stdint.h>

/**
 * Waits for clients and serves those that have sent something; returns after that, or when
 * `milliseconds` have passed. Without a running server it only waits.
 */
void http_server_serve(int64_t milliseconds);

#endif
