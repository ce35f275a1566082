/* SPDX-License-Identifier: MIT */
#include "fake_httpd.h"

#include <pthread.h>
#include <strings.h>

#include "testing.h"

#define SERVERS  2u
#define HANDLERS 8u
#define SOCKETS  10u /* CONFIG_LWIP_MAX_SOCKETS */

typedef struct {
    httpd_config_t config;
    httpd_uri_t handlers[HANDLERS];
    size_t handler_count;
    httpd_err_handler_func_t error_handlers[HTTPD_ERR_CODE_MAX];
    bool handling;
    void *memory; /**< of its sessions, so that a server that is not stopped is a leak */
} server_t;

/** What a request_t's `aux` points to. */
typedef struct {
    const fake_request_t *request;
    fake_response_t *response;
    size_t remaining; /**< of the announced body */
} exchange_t;

int fake_httpd_start_result, fake_httpd_register_result, fake_httpd_stop_result;
httpd_config_t fake_httpd_config;
httpd_recv_func_t fake_httpd_receive;
int fake_httpd_override_result;

static server_t *servers[SERVERS];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool stopping;
static bool has_answered;

unsigned fake_httpd_running(void)
{
    unsigned running = 0;
    for (size_t i = 0; i < SERVERS; i++) {
        running += servers[i] != NULL;
    }
    return running;
}

bool fake_httpd_is_stopping(void)
{
    pthread_mutex_lock(&mutex);
    bool is = stopping;
    pthread_mutex_unlock(&mutex);
    return is;
}

bool fake_httpd_has_answered(void)
{
    return has_answered;
}

static int take(int *result)
{
    int taken = *result;
    *result = ESP_OK;
    return taken;
}

esp_err_t httpd_start(httpd_handle_t *handle, const httpd_config_t *config)
{
    fake_httpd_config = *config;
    int result = take(&fake_httpd_start_result);
    if (result != ESP_OK) {
        return result;
    }
    if (config->max_open_sockets + 3u > SOCKETS) {
        return ESP_ERR_INVALID_ARG;
    }
    size_t slot = SERVERS;
    for (size_t i = 0; i < SERVERS; i++) {
        if (servers[i] == NULL) {
            slot = i;
        } else if (servers[i]->config.server_port == config->server_port ||
                   servers[i]->config.ctrl_port == config->ctrl_port) {
            return ESP_FAIL;
        }
    }
    assert_true(slot < SERVERS);
    servers[slot] = calloc(1, sizeof *servers[slot]);
    servers[slot]->config = *config;
    servers[slot]->memory = malloc(config->stack_size);
    *handle = servers[slot];
    return ESP_OK;
}

esp_err_t httpd_stop(httpd_handle_t handle)
{
    int result = take(&fake_httpd_stop_result);
    if (result != ESP_OK) {
        return result;
    }
    server_t *server = handle;
    pthread_mutex_lock(&mutex);
    stopping = true;
    while (server->handling) {
        pthread_cond_wait(&changed, &mutex);
    }
    stopping = false;
    pthread_mutex_unlock(&mutex);
    for (size_t i = 0; i < SERVERS; i++) {
        if (servers[i] == server) {
            servers[i] = NULL;
        }
    }
    free(server->memory);
    free(server);
    return ESP_OK;
}

esp_err_t httpd_register_uri_handler(httpd_handle_t handle, const httpd_uri_t *uri_handler)
{
    server_t *server = handle;
    int result = take(&fake_httpd_register_result);
    if (result != ESP_OK) {
        return result;
    }
    if (server->handler_count == server->config.max_uri_handlers) {
        return ESP_ERR_HTTPD_HANDLERS_FULL;
    }
    server->handlers[server->handler_count++] = *uri_handler;
    return ESP_OK;
}

esp_err_t httpd_register_err_handler(httpd_handle_t handle, httpd_err_code_t error,
                                     httpd_err_handler_func_t handler_fn)
{
    ((server_t *)handle)->error_handlers[error] = handler_fn;
    return ESP_OK;
}

static const char *find_header(const fake_request_t *request, const char *field)
{
    size_t length = strlen(field);
    for (size_t i = 0; request->headers != NULL && request->headers[i] != NULL; i++) {
        const char *line = request->headers[i];
        if (strncasecmp(line, field, length) == 0 && line[length] == ':') {
            return line + length + 1 + strspn(line + length + 1, " ");
        }
    }
    return NULL;
}

esp_err_t httpd_req_get_hdr_value_str(httpd_req_t *r, const char *field, char *val, size_t val_size)
{
    const exchange_t *exchange = r->aux;
    const char *value = find_header(exchange->request, field);
    if (value == NULL) {
        return ESP_ERR_NOT_FOUND;
    }
    int length = snprintf(val, val_size, "%s", value);
    return (size_t)length < val_size ? ESP_OK : ESP_ERR_HTTPD_RESULT_TRUNC;
}

esp_err_t httpd_sess_set_recv_override(httpd_handle_t hd, int sockfd, httpd_recv_func_t recv_func)
{
    (void)hd;
    (void)sockfd;
    fake_httpd_receive = recv_func;
    return take(&fake_httpd_override_result);
}

int httpd_req_recv(httpd_req_t *r, char *buf, size_t buf_len)
{
    exchange_t *exchange = r->aux;
    const fake_request_t *request = exchange->request;
    fake_response_t *response = exchange->response;
    if (request->before_piece != NULL) {
        request->before_piece(request->context, response->delivered);
    }
    size_t size = buf_len < exchange->remaining ? buf_len : exchange->remaining;
    size_t there = request->body_size - response->delivered;
    if (size == 0 || there == 0) {
        return size == 0 ? 0 : request->end;
    }
    size = size < there ? size : there;
    if (request->piece != 0 && size > request->piece) {
        size = request->piece;
    }
    memcpy(buf, request->body + response->delivered, size);
    response->delivered += size;
    exchange->remaining -= size;
    return (int)size;
}

esp_err_t httpd_resp_set_status(httpd_req_t *r, const char *status)
{
    fake_response_t *response = ((exchange_t *)r->aux)->response;
    snprintf(response->status, sizeof response->status, "%s", status);
    return ESP_OK;
}

esp_err_t httpd_resp_set_type(httpd_req_t *r, const char *type)
{
    fake_response_t *response = ((exchange_t *)r->aux)->response;
    snprintf(response->type, sizeof response->type, "%s", type);
    return ESP_OK;
}

esp_err_t httpd_resp_set_hdr(httpd_req_t *r, const char *field, const char *value)
{
    fake_response_t *response = ((exchange_t *)r->aux)->response;
    if (response->header[0] != '\0' || fake_httpd_config.max_resp_headers == 0) {
        return ESP_ERR_HTTPD_RESP_HDR;
    }
    snprintf(response->header, sizeof response->header, "%s: %s", field, value);
    return ESP_OK;
}

esp_err_t httpd_resp_send(httpd_req_t *r, const char *buf, ssize_t buf_len)
{
    exchange_t *exchange = r->aux;
    fake_response_t *response = exchange->response;
    has_answered = true;
    if (exchange->request->send_fails) {
        return ESP_ERR_HTTPD_RESP_SEND;
    }
    assert_false(response->answered);
    assert_in_range(buf_len, 1, sizeof response->body - 1);
    memcpy(response->body, buf, (size_t)buf_len);
    response->size = (size_t)buf_len;
    response->answered = true;
    return ESP_OK;
}

static server_t *find_server(uint16_t port)
{
    for (size_t i = 0; i < SERVERS; i++) {
        if (servers[i] != NULL && servers[i]->config.server_port == port) {
            return servers[i];
        }
    }
    fail_msg("no server listens on port %u", port);
    return NULL;
}

static esp_err_t dispatch(server_t *server, httpd_req_t *request, const fake_request_t *asked)
{
    httpd_err_code_t error = HTTPD_404_NOT_FOUND;
    for (size_t i = 0; i < server->handler_count; i++) {
        const httpd_uri_t *handler = &server->handlers[i];
        if (strcmp(handler->uri, asked->uri) != 0) {
            continue;
        }
        if (handler->method == asked->method) {
            request->user_ctx = handler->user_ctx;
            return handler->handler(request);
        }
        error = HTTPD_405_METHOD_NOT_ALLOWED;
    }
    assert_non_null(server->error_handlers[error]);
    return server->error_handlers[error](request, error);
}

static void set_handling(server_t *server, bool handling)
{
    pthread_mutex_lock(&mutex);
    server->handling = handling;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
}

void fake_httpd_request(uint16_t port, const fake_request_t *request, fake_response_t *response)
{
    server_t *server = find_server(port);
    const char *length = find_header(request, "Content-Length");
    *response = (fake_response_t){.answered = false};
    exchange_t exchange = {.request = request, .response = response};
    exchange.remaining = length != NULL ? (uint32_t)strtoull(length, NULL, 10) : 0;
    httpd_req_t served = {.handle = server,
                          .method = (int)request->method,
                          .content_len = exchange.remaining,
                          .aux = &exchange};
    has_answered = false;
    set_handling(server, true);
    response->closed = dispatch(server, &served, request) != ESP_OK;
    set_handling(server, false);
}

void fake_httpd_error(uint16_t port, httpd_err_code_t error, fake_response_t *response)
{
    server_t *server = find_server(port);
    const fake_request_t request = {.uri = ""};
    *response = (fake_response_t){.answered = false};
    exchange_t exchange = {.request = &request, .response = response};
    httpd_req_t served = {.handle = server, .aux = &exchange};
    assert_non_null(server->error_handlers[error]);
    response->closed = server->error_handlers[error](&served, error) != ESP_OK;
}
