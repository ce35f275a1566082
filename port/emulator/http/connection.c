/* SPDX-License-Identifier: MIT */
#include "http/connection.h"

#include <stdio.h>
#include <string.h>

#include "linux.h"
#include "receive/requests.h"
#include "settle_timer.h"

/* So much of a body must arrive within the idle time-out: no client holds the upload by dripping.
 */
#define BODY_PROGRESS 1024u

static void set_deadline(http_connection_t *connection, const http_settings_t *settings)
{
    connection->deadline_ms = linux_now_ms() + settings->idle_timeout_ms;
}

static void begin_request(http_connection_t *connection, const http_settings_t *settings)
{
    connection->state = HTTP_CONNECTION_HEAD;
    http_parser_begin(&connection->parser);
    set_deadline(connection, settings);
}

void http_connection_open(http_connection_t *connection, int socket,
                          const http_settings_t *settings)
{
    connection->socket = socket;
    connection->received = 0;
    connection->begin = 0;
    begin_request(connection, settings);
}

static void close_connection(http_connection_t *connection)
{
    linux_close(connection->socket);
    connection->state = HTTP_CONNECTION_CLOSED;
}

static const char *reason_phrase(int status)
{
    static const struct {
        int status;
        const char *phrase;
    } phrases[] = {
        {200, "OK"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {411, "Length Required"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {422, "Unprocessable Content"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
    };
    for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++) {
        if (phrases[i].status == status) {
            return phrases[i].phrase;
        }
    }
    return "Other";
}

/*
 * Sends bytes that a socket with room in its buffer takes at once. One that does not belongs to a
 * client that asks again and again without reading the answers: false, close it.
 */
static bool send_now(http_connection_t *connection, const void *data, size_t size)
{
    return linux_send(connection->socket, data, size) == (int)size;
}

#define HEAD_SIZE 256u

/** Writes the head of an answer. @return its length */
static size_t write_head(char head[HEAD_SIZE], int status, const char *type, size_t body_size,
                         bool keep_alive)
{
    return (size_t)snprintf(head, HEAD_SIZE,
                            "HTTP/1.1 %d %s\r\n"
                            "Content-Type: %s\r\n"
                            "Content-Length: %u\r\n"
                            "Cache-Control: no-store\r\n"
                            "Connection: %s\r\n\r\n",
                            status, reason_phrase(status), type, (unsigned)body_size,
                            keep_alive ? "keep-alive" : "close");
}

static bool send_answer(http_connection_t *connection, const hotreload_answer_t *answer,
                        bool keep_alive)
{
    char text[HEAD_SIZE + sizeof answer->body];
    const size_t body_size = strlen(answer->body);
    const size_t head_size =
        write_head(text, answer->status, "application/json", body_size, keep_alive);
    memcpy(text + head_size, answer->body, body_size);
    return send_now(connection, text, head_size + body_size);
}

static bool send_page(http_connection_t *connection, bool keep_alive)
{
    char head[HEAD_SIZE];
    const size_t size = write_head(head, 200, "text/html\r\nContent-Encoding: gzip",
                                   hotreload_page_size, keep_alive);
    return send_now(connection, head, size) &&
           send_now(connection, hotreload_page, hotreload_page_size);
}

/*
 * Goes on with the connection. After its last answer it is not closed at once: closing with unread
 * data would reset it, and the client might lose the answer.
 */
static void end_request(http_connection_t *connection, const http_settings_t *settings, bool sent,
                        bool keep_alive)
{
    if (!sent) {
        close_connection(connection);
    } else if (keep_alive) {
        begin_request(connection, settings);
    } else {
        linux_shut_down_sending(connection->socket);
        connection->state = HTTP_CONNECTION_DRAIN;
        set_deadline(connection, settings);
    }
}

static void answer_and_drain(http_connection_t *connection, const http_settings_t *settings,
                             const hotreload_answer_t *answer)
{
    end_request(connection, settings, send_answer(connection, answer, false), false);
}

static void answer_request(http_connection_t *connection, const http_settings_t *settings,
                           const hotreload_answer_t *answer)
{
    const bool keep_alive = answer->status == 200 && connection->parser.request.keep_alive;
    end_request(connection, settings, send_answer(connection, answer, keep_alive), keep_alive);
}

static void answer_with_page(http_connection_t *connection, const http_settings_t *settings)
{
    const bool keep_alive = connection->parser.request.keep_alive;
    end_request(connection, settings, send_page(connection, keep_alive), keep_alive);
}

static void begin_upload(http_connection_t *connection, const http_settings_t *settings)
{
    const http_request_t *request = &connection->parser.request;
    hotreload_upload_request_t upload = {
        .partition_label = settings->partition_label,
        .max_size = settings->max_upload,
        .content_length = request->chunked ? HTTP_LENGTH_ABSENT : request->content_length,
        .sha256_hex = request->sha256[0] != '\0' ? request->sha256 : NULL,
        .hmac_hex = request->hmac[0] != '\0' ? request->hmac : NULL,
        .auth_hex = request->auth[0] != '\0' ? request->auth : NULL,
        .accept_replayed = settings->accept_replayed,
        .run_from_ram_first = settings->run_from_ram_first,
    };
    hotreload_answer_t answer;
    if (!hotreload_request_upload_begin(&upload, &answer)) {
        answer_and_drain(connection, settings, &answer);
        return;
    }
    connection->state = HTTP_CONNECTION_BODY;
    connection->body_left = request->content_length;
    connection->body_progress = 0;
    set_deadline(connection, settings);
    if (request->expects_continue) {
        static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
        send_now(connection, go_on, sizeof go_on - 1);
    }
}

static void handle_request(http_connection_t *connection, const http_settings_t *settings)
{
    http_request_t *request = &connection->parser.request;
    hotreload_answer_t answer;
    if (request->path == HTTP_PATH_UPLOAD && request->method == HTTP_METHOD_POST) {
        begin_upload(connection, settings);
        return;
    }
    /* The body of a refused request is not read, so no request can be found after it. */
    if (request->chunked ||
        (request->content_length != HTTP_LENGTH_ABSENT && request->content_length != 0)) {
        request->keep_alive = false;
    }
    if (request->path == HTTP_PATH_OTHER) {
        hotreload_request_refuse(404, "there are /upload, /pending, /status and /nonce", &answer);
    } else if (request->path == HTTP_PATH_UPLOAD) {
        hotreload_request_refuse(405, "/upload takes POST only", &answer);
    } else if (request->method != HTTP_METHOD_GET) {
        hotreload_request_refuse(405, "/pending, /status and /nonce take GET only", &answer);
    } else if (request->path == HTTP_PATH_PAGE) {
        answer_with_page(connection, settings);
        return;
    } else if (request->path == HTTP_PATH_NONCE) {
        hotreload_request_nonce(&answer);
    } else if (request->path == HTTP_PATH_PENDING) {
        hotreload_request_pending(&answer);
    } else {
        hotreload_request_status(&answer);
    }
    answer_request(connection, settings, &answer);
}

static void take_head(http_connection_t *connection, const http_settings_t *settings)
{
    size_t used;
    hotreload_answer_t answer;
    http_parser_t *parser = &connection->parser;
    http_parser_result_t result = http_parser_feed(parser, connection->buffer + connection->begin,
                                                   connection->received - connection->begin, &used);
    connection->begin += used;
    if (result == HTTP_PARSER_COMPLETE) {
        handle_request(connection, settings);
    } else if (result == HTTP_PARSER_REFUSED) {
        hotreload_request_refuse(parser->status, parser->reason, &answer);
        answer_and_drain(connection, settings, &answer);
    }
}

static void take_body(http_connection_t *connection, const http_settings_t *settings)
{
    hotreload_answer_t answer;
    size_t size = connection->received - connection->begin;
    if ((int64_t)size > connection->body_left) {
        size = (size_t)connection->body_left;
    }
    const uint8_t *data = connection->buffer + connection->begin;
    connection->begin += size;
    connection->body_left -= (int64_t)size;
    connection->body_progress += size;
    if (!hotreload_request_upload_write(data, size, &answer)) {
        answer_and_drain(connection, settings, &answer);
    } else if (connection->body_left == 0) {
        hotreload_request_upload_finish(&answer);
        answer_request(connection, settings, &answer);
        board_settle_begin();
    } else if (connection->body_progress >= BODY_PROGRESS) {
        connection->body_progress = 0;
        set_deadline(connection, settings);
    }
}

/* The client sends no more, or the connection is broken. */
static void end_of_input(http_connection_t *connection)
{
    if (connection->state == HTTP_CONNECTION_BODY) {
        hotreload_answer_t answer;
        hotreload_request_upload_cancel(HOTRELOAD_UPLOAD_CUT_SHORT, &answer);
        send_answer(connection, &answer, false); /* it may still listen */
    }
    close_connection(connection);
}

void http_connection_receive(http_connection_t *connection, const http_settings_t *settings)
{
    int size = linux_receive(connection->socket, connection->buffer, sizeof connection->buffer);
    if (size == -LINUX_EAGAIN || size == -LINUX_EINTR) {
        return;
    }
    if (size <= 0) {
        end_of_input(connection);
        return;
    }
    /* Whoever goes on sending after the last answer would else never be found silent. */
    if (connection->state == HTTP_CONNECTION_DRAIN && linux_now_ms() >= connection->deadline_ms) {
        close_connection(connection);
        return;
    }
    connection->received = (size_t)size;
    connection->begin = 0;
    while (connection->begin < connection->received) {
        if (connection->state == HTTP_CONNECTION_HEAD) {
            take_head(connection, settings);
        } else if (connection->state == HTTP_CONNECTION_BODY) {
            take_body(connection, settings);
        } else {
            return;
        }
    }
}

void http_connection_time_out(http_connection_t *connection)
{
    hotreload_answer_t answer;
    if (connection->state == HTTP_CONNECTION_BODY) {
        hotreload_request_upload_cancel(HOTRELOAD_UPLOAD_TIMED_OUT, &answer);
        send_answer(connection, &answer, false);
    } else if (connection->state == HTTP_CONNECTION_HEAD &&
               !http_parser_is_idle(&connection->parser)) {
        hotreload_request_refuse(408, "the head of the request did not arrive in time", &answer);
        send_answer(connection, &answer, false);
    }
    close_connection(connection);
}

void http_connection_stop(http_connection_t *connection)
{
    if (connection->state == HTTP_CONNECTION_BODY) {
        hotreload_answer_t answer;
        hotreload_request_upload_cancel(HOTRELOAD_UPLOAD_STOPPED, &answer);
        send_answer(connection, &answer, false);
    }
    close_connection(connection);
}
