/*
 * A connection of the server: how its bytes are sent, and how long the server waits for them.
 *
 * The server has one task. esp_http_server keeps that task busy with the head of a request until
 * the head is complete, and its time-out starts anew with every byte. A client that sends byte by
 * byte would block the server for ever, so the head has a time limit of its own. post_upload.c
 * watches the time of the body.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "lwip/sockets.h"
#include "server/server.h"

#define LONGEST_HEAD pdMS_TO_TICKS(10 * 1000)

/** The request that is being received. Only the server's task touches it. */
static struct {
    bool begun;
    TickType_t since;
    bool is_body;
} current;

static bool is_too_late(void)
{
    const TickType_t now = xTaskGetTickCount();
    if (!current.begun) {
        current.begun = true;
        current.since = now;
        hotreload_head_begin();
    }
    return !current.is_body && now - current.since > LONGEST_HEAD;
}

static int receive_in_time(httpd_handle_t handle, int socket, char *data, size_t size, int flags)
{
    (void)handle;
    int received, kept;
    do {
        if (is_too_late()) {
            hotreload_session_end_request();
            return HTTPD_SOCK_ERR_TIMEOUT;
        }
        received = recv(socket, data, size, flags);
        kept = received;
        if (received > 0 && !current.is_body) {
            kept = (int)hotreload_head_shorten(data, (size_t)received);
        }
    } while (received > 0 && kept == 0);
    if (received <= 0) {
        current.begun = false;
    }
    if (received < 0) {
        return errno == EAGAIN || errno == EWOULDBLOCK ? HTTPD_SOCK_ERR_TIMEOUT
                                                       : HTTPD_SOCK_ERR_FAIL;
    }
    return kept;
}

esp_err_t hotreload_session_open(httpd_handle_t handle, int socket)
{
    /* An answer is sent in two parts: the second must not wait until the client confirms the first.
     */
    const int on = 1;
    (void)setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    hotreload_session_end_request();
    return httpd_sess_set_recv_override(handle, socket, receive_in_time);
}

void hotreload_session_begin_body(void)
{
    current.is_body = true;
}

void hotreload_session_end_request(void)
{
    current.begun = false;
    current.is_body = false;
}
