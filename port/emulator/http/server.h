/*
 * The emulated board's HTTP server, in the place of ESP-IDF's: hotreload_server_start() and _stop()
 * of hotreload.h, and the time in which it runs.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BOARD_HTTP_SERVER_H
#define BOARD_HTTP_SERVER_H

#include <stdint.h>

#include "linux.h"

#define HTTP_SERVER_SOCKETS 5

/**
 * Lists the sockets to wait for; the listener only while a connection is free. The kernel skips
 * negative numbers; without a running server, all are negative.
 *
 * @return how many milliseconds to wait: no longer than to the next deadline
 */
int64_t http_server_wanted(linux_poll_t sockets[HTTP_SERVER_SOCKETS], int64_t milliseconds);

/** Serves the sockets that are readable according to the poll, and those that have timed out. */
void http_server_serve(const linux_poll_t sockets[HTTP_SERVER_SOCKETS]);

#endif
