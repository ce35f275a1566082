/*
 * Fuzz target: a connection of the emulated board's HTTP server, from the bytes on the socket to
 * the answers. The first byte of the input says how the rest arrives in pieces, the second how the
 * connection ends and which answer the client does not take.
 *
 * Always: every answer is well-formed, with a body that is documented JSON of the announced length;
 * nothing is received or sent after the socket was closed; and the answers do not depend on the
 * pieces in which the requests arrive.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "answer_check.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "http/connection.h"
#include "input.h"
#include "linux.h"
#include "must.h"
#include "run/settle.h"
#include "run/status.h"
#include "store/store.h"
#include "receive/requests.h"
#include "store_reset.h"

#define SOCKET   7
#define SENT_MAX 0x40000u

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** The client's side of the socket. */
typedef struct {
    input_t input;
    size_t piece; /**< bytes that arrive at once */
    bool is_open;
    bool is_shut; /**< for sending */
    char *sent;   /**< by the device; SENT_MAX bytes */
    size_t sent_size;
    unsigned fail_send; /**< 1: the next answer does not fit into the socket's buffer; 0: all do */
} client_t;

static client_t client;

/* ---- The part of linux.h that a connection uses ---- */

int linux_receive(int socket, void *data, size_t size)
{
    const uint8_t *bytes;
    must(socket == SOCKET && client.is_open);
    size_t taken = input_bytes(&client.input, client.piece < size ? client.piece : size, &bytes);
    if (taken > 0) {
        memcpy(data, bytes, taken);
    }
    return (int)taken;
}

int linux_send(int socket, const void *data, size_t size)
{
    must(socket == SOCKET && client.is_open && !client.is_shut);
    must(size < SENT_MAX - client.sent_size);
    if (client.fail_send != 0 && --client.fail_send == 0) {
        return (int)size - 1;
    }
    memcpy(client.sent + client.sent_size, data, size);
    client.sent_size += size;
    client.sent[client.sent_size] = '\0';
    return (int)size;
}

int linux_close(int socket)
{
    must(socket == SOCKET && client.is_open);
    client.is_open = false;
    return 0;
}

void linux_shut_down_sending(int socket)
{
    must(socket == SOCKET && client.is_open && !client.is_shut);
    client.is_shut = true;
}

int64_t linux_now_ms(void)
{
    return 0;
}

/** Text in the place of the compressed page, so that answers are texts. */
const uint8_t hotreload_page[] = "<p>page</p>";
const size_t hotreload_page_size = sizeof hotreload_page - 1;

/** At once, where the board would wait a little. */
void board_settle_begin(void)
{
    while (hotreload_request_upload_settle()) {
    }
}

/* ---- Answers ---- */

/** Checks the page at the start of `text`. @return its length; less if the client left early */
static size_t check_page(const char *text)
{
    static const char *const ends[] = {"keep-alive", "close"};
    for (size_t i = 0; i < 2; i++) {
        char page[256];
        size_t length = (size_t)snprintf(page, sizeof page,
                                         "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
                                         "Content-Encoding: gzip\r\nContent-Length: %zu\r\n"
                                         "Cache-Control: no-store\r\nConnection: %s\r\n\r\n",
                                         hotreload_page_size, ends[i]);
        if (strncmp(text, page, length) == 0) {
            const char *body = text + length;
            const size_t sent = strnlen(body, hotreload_page_size);
            must(sent == 0 || memcmp(body, hotreload_page, hotreload_page_size) == 0);
            must(strcmp(ends[i], "close") != 0 || body[sent] == '\0');
            return length + sent;
        }
    }
    return 0;
}

/** Checks the answer at the start of `text`. @return its length */
static size_t check_answer(char *text)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    int status;
    unsigned length;
    char connection[16];
    if (strncmp(text, go_on, sizeof go_on - 1) == 0) {
        return sizeof go_on - 1;
    }
    const size_t page = check_page(text);
    if (page != 0) {
        return page;
    }
    char *body = strstr(text, "\r\n\r\n");
    char *headers = strstr(text, "\r\n");
    must(body != NULL && sscanf(text, "HTTP/1.1 %d ", &status) == 1);
    must(sscanf(headers,
                "\r\nContent-Type: application/json\r\nContent-Length: %u\r\n"
                "Cache-Control: no-store\r\nConnection: %15s\r\n\r\n",
                &length, connection) == 2);
    body += 4;
    must(length <= strlen(body));
    char end = body[length];
    body[length] = '\0';
    answer_check(status, body);
    body[length] = end;
    /* What follows would be taken for an answer to another request. */
    must(strcmp(connection, "close") != 0 || end == '\0');
    return (size_t)(body - text) + length;
}

/** No two nonces are alike, but of the same length. */
static void hide_nonces(char *text)
{
    static const char before[] = "\"nonce\":\"";
    while ((text = strstr(text, before)) != NULL) {
        text += sizeof before - 1;
        memset(text, '0', strcspn(text, "\""));
    }
}

/* ---- A connection ---- */

static void receive(http_connection_t *connection, const http_settings_t *settings)
{
    const http_request_t *request = &connection->parser.request;
    http_connection_receive(connection, settings);
    must(memchr(request->sha256, '\0', sizeof request->sha256) != NULL);
    must(memchr(request->hmac, '\0', sizeof request->hmac) != NULL);
    must(memchr(request->auth, '\0', sizeof request->auth) != NULL);
    must(connection->begin <= connection->received);
}

static void serve(uint8_t end)
{
    static const http_settings_t settings = {.partition_label = FAKE_FLASH_LABEL,
                                             .max_upload = 2000,
                                             .idle_timeout_ms = 1000,
                                             .accept_replayed = true,
                                             .run_from_ram_first = true};
    http_connection_t *connection = malloc(sizeof *connection);
    http_connection_open(connection, SOCKET, &settings);
    while (client.input.left > 0 && connection->state != HTTP_CONNECTION_CLOSED) {
        receive(connection, &settings);
    }
    if (connection->state != HTTP_CONNECTION_CLOSED && end % 3 == 1) {
        http_connection_time_out(connection);
    } else if (connection->state != HTTP_CONNECTION_CLOSED && end % 3 == 2) {
        http_connection_stop(connection);
    } else if (connection->state != HTTP_CONNECTION_CLOSED) {
        receive(connection, &settings);
    }
    must(connection->state == HTTP_CONNECTION_CLOSED && !client.is_open);
    free(connection);
}

/** Serves a client with a device that was just booted. `sent` gets all the answers. */
static void run(const uint8_t *data, size_t size, size_t piece, uint8_t end, char *sent)
{
    hotreload_reason_t none = {0};
    fake_port_reset();
    fake_flash_create(4, 512);
    hotreload_status_set_error(&none);
    (void)hotreload_requests_start("server", FAKE_FLASH_LABEL);
    client = (client_t){.input = {data, size}, .piece = piece, .is_open = true, .sent = sent};
    client.fail_send = end < 224 ? 0 : end / 3 % 8;
    sent[0] = '\0';
    serve(end);
    store_reset();
    fake_flash_destroy();
    fake_port_expect_idle();
    for (char *text = sent; *text != '\0';) {
        text += check_answer(text);
    }
    hide_nonces(sent);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return setenv("CMOCKA_TEST_ABORT", "1", 1); /* the fakes' checks then abort() too */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t pieces[] = {1, 2, 3, 7, 64, 100, 256, 511};
    static char whole[SENT_MAX];
    static char in_pieces[SENT_MAX];
    if (size < 2) {
        return 0;
    }
    run(data + 2, size - 2, SIZE_MAX, data[1], whole);
    run(data + 2, size - 2, pieces[data[0] % 8], data[1], in_pieces);
    must(strcmp(whole, in_pieces) == 0);
    return 0;
}
