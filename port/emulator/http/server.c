/* SPDX-License-Identifier: MIT */
#include "http/server.h"

#include <stdlib.h>

#include "hotreload.h"
#include "http/connection.h"
#include "linux.h"
#include "options.h"
#include "port.h"
#include "receive/requests.h"

/* Further clients wait until a connection is free. */
#define CONNECTIONS 4
#define BACKLOG     8

_Static_assert(HTTP_SERVER_SOCKETS == CONNECTIONS + 1, "each connection's, and the listener");

typedef struct {
    int listener;
    http_settings_t settings;
    http_connection_t connections[CONNECTIONS];
} http_server_t;

_Static_assert(sizeof(http_server_t) <= 4608,
               "with the store's buffers, uploads take 8 KB at most");

static http_server_t *server; /* NULL: not running */

esp_err_t hotreload_server_start(const hotreload_server_config_t *config)
{
    if (config == NULL || config->partition_label == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    if (server != NULL) {
        return ESP_ERR_INVALID_STATE;
    }
    esp_err_t error = hotreload_requests_start("server", config->partition_label);
    if (error != ESP_OK) {
        return error;
    }
    uint16_t port = config->port;
    int listener = linux_listen(&port, BACKLOG);
    if (listener < 0) {
        hotreload_port_log(HOTRELOAD_LOG_ERROR, "server not started: port %u is taken", port);
        return ESP_FAIL;
    }
    server = calloc(1, sizeof *server);
    if (server == NULL) {
        linux_close(listener);
        return ESP_ERR_NO_MEM;
    }
    server->listener = listener;
    server->settings = (http_settings_t){.partition_label = config->partition_label,
                                         .max_upload = config->max_upload_size,
                                         .accept_replayed = board_options()->accept_replayed,
                                         .run_from_ram_first = config->run_from_ram_first,
                                         .idle_timeout_ms = board_options()->idle_timeout_ms};
    hotreload_port_log(HOTRELOAD_LOG_INFO, "server listens on http://127.0.0.1:%u", port);
    return ESP_OK;
}

esp_err_t hotreload_server_stop(void)
{
    if (server == NULL) {
        return ESP_ERR_INVALID_STATE;
    }
    for (size_t i = 0; i < CONNECTIONS; i++) {
        if (server->connections[i].state != HTTP_CONNECTION_CLOSED) {
            http_connection_stop(&server->connections[i]);
        }
    }
    linux_close(server->listener);
    free(server);
    server = NULL;
    return ESP_OK;
}

static void accept_client(void)
{
    for (size_t i = 0; i < CONNECTIONS; i++) {
        http_connection_t *connection = &server->connections[i];
        if (connection->state == HTTP_CONNECTION_CLOSED) {
            int socket = linux_accept(server->listener);
            if (socket >= 0) {
                http_connection_open(connection, socket, &server->settings);
            }
            return;
        }
    }
}

int64_t http_server_wanted(linux_poll_t sockets[HTTP_SERVER_SOCKETS], int64_t milliseconds)
{
    int64_t now = linux_now_ms();
    for (size_t i = 0; i < HTTP_SERVER_SOCKETS; i++) {
        sockets[i] = (linux_poll_t){.socket = -1, .wanted = LINUX_POLL_IN};
    }
    for (size_t i = 0; server != NULL && i < CONNECTIONS; i++) {
        const http_connection_t *connection = &server->connections[i];
        if (connection->state == HTTP_CONNECTION_CLOSED) {
            sockets[CONNECTIONS].socket = server->listener;
            continue;
        }
        sockets[i].socket = connection->socket;
        int64_t left = connection->deadline_ms > now ? connection->deadline_ms - now : 0;
        milliseconds = left < milliseconds ? left : milliseconds;
    }
    return milliseconds;
}

void http_server_serve(const linux_poll_t sockets[HTTP_SERVER_SOCKETS])
{
    for (size_t i = 0; server != NULL && i < CONNECTIONS; i++) {
        http_connection_t *connection = &server->connections[i];
        if (connection->state == HTTP_CONNECTION_CLOSED) {
            continue;
        }
        if (sockets[i].happened != 0) {
            http_connection_receive(connection, &server->settings);
        } else if (linux_now_ms() >= connection->deadline_ms) {
            http_connection_time_out(connection);
        }
    }
    if (server != NULL && sockets[CONNECTIONS].happened != 0) {
        accept_client();
    }
}
