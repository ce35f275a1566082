/*
 * A connection of the server: how its bytes are sent, and for how long they are waited for.
 *
 * The server has one task, and esp_http_server keeps it with a request's head until that is
 * complete; its time-out begins anew with every byte. So that a client who sends byte by byte does
 * not keep it for ever, the head has a time in all. The body has its own: server_upload.c.
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
    }
    return !current.is_body && now - current.since > LONGEST_HEAD;
}

static int receive(httpd_handle_t handle, int socket, char *data, size_t size, int flags)
{
    (void)handle;
    if (is_too_late()) {
        hotreload_session_end_request();
        return HTTPD_SOCK_ERR_TIMEOUT;
    }
    int received = recv(socket, data, size, flags);
    if (received <= 0) {
        current.begun = false;
    }
    if (received < 0) {
        return errno == EAGAIN || errno == EWOULDBLOCK ? HTTPD_SOCK_ERR_TIMEOUT
                                                       : HTTPD_SOCK_ERR_FAIL;
    }
    return received;
}

esp_err_t hotreload_session_open(httpd_handle_t handle, int socket)
{
    /* An answer is sent in two parts: the second must not wait until the client confirms the first.
     */
    const int on = 1;
    (void)setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    hotreload_session_end_request();
    return httpd_sess_set_recv_override(handle, socket, receive);
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
