/*
 * esp_http_server without the network: a test makes a request and gets the answer. Handlers run in
 * the calling thread. What the real server would refuse to start with fails here as well.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_HTTPD_H
#define FAKE_HTTPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_http_server.h"

/** What a client does. */
typedef struct {
    httpd_method_t method;
    const char *uri;
    /** Lines "Name: value", NULL at the end. Of Content-Length, 32 bits reach content_len. */
    const char *const *headers;
    const char *body;
    size_t body_size;
    size_t piece; /**< most bytes that arrive at once; 0: any number */
    int end;      /**< what recv() returns after the body: 0 or HTTPD_SOCK_ERR_* */
    /** Called before each piece with what it was given and the bytes delivered before. */
    void (*before_piece)(void *context, size_t delivered);
    void *context;
    bool send_fails;
} fake_request_t;

typedef struct {
    bool answered;
    char status[64];
    char type[32];
    char header[64]; /**< a further one, as "Name: value"; "": none */
    char body[4096];
    size_t size;      /**< bytes of the body */
    size_t delivered; /**< bytes of the body that the server has received */
    bool closed;      /**< the handler wants the connection closed */
} fake_response_t;

/** Makes a request to the server on a TCP port; fails the test if there is none. */
void fake_httpd_request(uint16_t port, const fake_request_t *request, fake_response_t *response);

/** Calls the error handler as the real server does for a request that it cannot parse. */
void fake_httpd_error(uint16_t port, httpd_err_code_t error, fake_response_t *response);

/** Whether the answer to the request that came last was sent, or could not be. */
bool fake_httpd_has_answered(void);

/** Result of the next httpd_start(), httpd_register_uri_handler(), httpd_stop(); ESP_OK: works. */
extern int fake_httpd_start_result, fake_httpd_register_result, fake_httpd_stop_result;

/** The configuration given to httpd_start() last. */
extern httpd_config_t fake_httpd_config;

/** How bytes are received, as httpd_sess_set_recv_override() set it last; and its next result. */
extern httpd_recv_func_t fake_httpd_receive;
extern int fake_httpd_override_result;

/** Servers that run; and whether one waits in httpd_stop() for its handler to return. */
unsigned fake_httpd_running(void);
bool fake_httpd_is_stopping(void);

#endif
