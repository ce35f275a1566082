/*
 * `POST /upload`: receives the body in pieces and passes it on to the core.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "sdkconfig.h"
#include "server/server.h"
#include "receiver.h"

/* The server has one task: a slow client must not keep it for ever. */
#define LONGEST_UPLOAD pdMS_TO_TICKS(60 * 1000)

/* Room for one digit more than a digest has, so that a longer value is not taken for a digest. */
#define HEX_HEADER_SIZE (2 * 32 + 2)

typedef struct {
    httpd_req_t *request;
    hotreload_server_t *server;
    int64_t remaining; /**< bytes of the body not received yet */
    TickType_t begun;
} body_t;

/** Bytes of the body; -1: no Content-Length; -2: a malformed one. ESP-IDF cuts its to 32 bits. */
static int64_t content_length(httpd_req_t *request)
{
    char value[24];
    esp_err_t error = httpd_req_get_hdr_value_str(request, "Content-Length", value, sizeof value);
    if (error == ESP_ERR_NOT_FOUND) {
        return -1;
    }
    if (value[strspn(value, "0123456789")] != '\0' || value[0] == '\0') {
        return -2;
    }
    const unsigned long length = strtoul(value, NULL, 10);
    return length < UINT32_MAX ? (int64_t)length : UINT32_MAX; /* too large in any case */
}

/** A header's value, cut if it is longer; NULL: there is none. */
static const char *get_header(httpd_req_t *request, const char *name, char value[HEX_HEADER_SIZE])
{
    esp_err_t error = httpd_req_get_hdr_value_str(request, name, value, HEX_HEADER_SIZE);
    return error == ESP_OK || error == ESP_ERR_HTTPD_RESULT_TRUNC ? value : NULL;
}

static bool begin_upload(const body_t *body)
{
    char sha256[HEX_HEADER_SIZE], hmac[HEX_HEADER_SIZE], auth[HEX_HEADER_SIZE];
    const hotreload_upload_request_t upload = {
        .partition_label = body->server->partition_label,
        .max_size = body->server->max_size,
        .content_length = body->remaining,
        .sha256_hex = get_header(body->request, HOTRELOAD_HEADER_SHA256, sha256),
        .hmac_hex = get_header(body->request, HOTRELOAD_HEADER_HMAC, hmac),
        .auth_hex = get_header(body->request, HOTRELOAD_HEADER_AUTH, auth),
        .accept_replayed = hotreload_uploads_accept_replayed,
        .run_from_ram_first = body->server->run_from_ram_first,
    };
    return hotreload_request_upload_begin(&upload, &body->server->answer);
}

/** Receives a piece. @return its size; 0: the connection ended; less: HTTPD_SOCK_ERR_* */
static int receive_piece(body_t *body)
{
    if (xTaskGetTickCount() - body->begun > LONGEST_UPLOAD) {
        return HTTPD_SOCK_ERR_TIMEOUT;
    }
    size_t wanted = HOTRELOAD_SERVER_PIECE;
    if (body->remaining < HOTRELOAD_SERVER_PIECE) {
        wanted = (size_t)body->remaining;
    }
    int size = httpd_req_recv(body->request, body->server->piece, wanted);
    if (size > 0) {
        body->remaining -= size;
    }
    return size;
}

static void cancel_upload(hotreload_server_t *server, int received)
{
    hotreload_upload_end_t why = received == HTTPD_SOCK_ERR_TIMEOUT ? HOTRELOAD_UPLOAD_TIMED_OUT
                                                                    : HOTRELOAD_UPLOAD_CUT_SHORT;
    hotreload_request_upload_cancel(server->stopping ? HOTRELOAD_UPLOAD_STOPPED : why,
                                    &server->answer);
}

/** Sets the answer. @return false: the connection cannot be used any more */
static bool receive_all(body_t *body)
{
    hotreload_server_t *server = body->server;
    while (body->remaining > 0) {
        int size = server->stopping ? 0 : receive_piece(body);
        if (size <= 0) {
            cancel_upload(server, size);
            return false;
        }
        if (!hotreload_request_upload_write(server->piece, (size_t)size, &server->answer)) {
            return true;
        }
    }
    hotreload_request_upload_finish(&server->answer);
    return true;
}

/**
 * Receives what is left of a refused body. Closing the connection before would make the client's
 * system drop the answer.
 */
static esp_err_t drain_body(body_t *body)
{
    if (body->remaining < 0) {
        return ESP_FAIL; /* nobody knows where it ends */
    }
    while (body->remaining > 0) {
        if (body->server->stopping || receive_piece(body) <= 0) {
            return ESP_FAIL;
        }
    }
    return ESP_OK;
}

esp_err_t hotreload_server_upload(httpd_req_t *request)
{
    body_t body = {
        .request = request,
        .server = request->user_ctx,
        .remaining = content_length(request),
        .begun = xTaskGetTickCount(),
    };
    hotreload_session_begin_body();
    bool usable = !begin_upload(&body) || receive_all(&body);
    const bool accepted = body.server->answer.status == 200;
    esp_err_t error = hotreload_server_answer(request, &body.server->answer);
    if (accepted && body.server->run_from_ram_first) {
        /* The answer is on its way. The application may load the module before it is in flash. */
        hotreload_uploads_settle(&body.server->stopping);
    }
    if (error == ESP_OK) {
        error = usable ? drain_body(&body) : ESP_FAIL;
    }
    hotreload_session_end_request();
    return error;
}
