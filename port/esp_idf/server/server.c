/*
 * The HTTP server, on ESP-IDF's esp_http_server.
 *
 * SPDX-License-Identifier: MIT
 */
#include "server/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discovery/discovery.h"
#include "esp_netif.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "hotreload.h"
#include "lifecycle.h"
#include "port.h"
#include "sdkconfig.h"
#include "receiver.h"

#if CONFIG_HTTPD_MAX_REQ_HDR_LEN < 512
#error "hotreload: an upload has longer headers: set CONFIG_HTTPD_MAX_REQ_HDR_LEN to 512 or more"
#endif

/* One task serves all connections. Each costs a socket and memory, and the second one only waits.
 */
#define CONNECTIONS 2u

static _Atomic hotreload_lifecycle_t state = HOTRELOAD_STOPPED;
/** Touched only by whoever made the state HOTRELOAD_CHANGING, and by the server's task. */
static hotreload_server_t *server;

esp_err_t hotreload_server_answer(httpd_req_t *request, const hotreload_answer_t *answer)
{
    /* HTTP needs the number only; nobody reads the words. */
    char status[sizeof "500 Error"];
    snprintf(status, sizeof status, "%d %s", answer->status,
             answer->status == 200 ? "OK" : "Error");
    esp_err_t error = httpd_resp_set_status(request, status);
    if (error == ESP_OK) {
        error = httpd_resp_set_type(request, "application/json");
    }
    if (error == ESP_OK) {
        error = httpd_resp_send(request, answer->body, (ssize_t)strlen(answer->body));
    }
    return error == ESP_OK ? ESP_OK : ESP_FAIL;
}

static esp_err_t end_with_answer(httpd_req_t *request)
{
    hotreload_session_end_request();
    return hotreload_server_answer(request, &server->answer);
}

/** Its context is the function of the core that answers. */
static esp_err_t get(httpd_req_t *request)
{
    void (*fill)(hotreload_answer_t * answer) = request->user_ctx;
    fill(&server->answer);
    return hotreload_server_end_get(request, end_with_answer(request));
}

esp_err_t hotreload_server_end_get(httpd_req_t *request, esp_err_t error)
{
    return request->content_len == 0 ? error : ESP_FAIL;
}

/** Requests that reach no handler get JSON as well. */
static const struct {
    httpd_err_code_t error;
    int status;
} refusals[] = {
    {HTTPD_400_BAD_REQUEST, 400},           {HTTPD_404_NOT_FOUND, 404},
    {HTTPD_405_METHOD_NOT_ALLOWED, 405},    {HTTPD_408_REQ_TIMEOUT, 408},
    {HTTPD_414_URI_TOO_LONG, 414},          {HTTPD_431_REQ_HDR_FIELDS_TOO_LARGE, 431},
    {HTTPD_500_INTERNAL_SERVER_ERROR, 500}, {HTTPD_501_METHOD_NOT_IMPLEMENTED, 501},
    {HTTPD_505_VERSION_NOT_SUPPORTED, 505},
};

static esp_err_t refuse_request(httpd_req_t *request, httpd_err_code_t error)
{
    size_t i = 0;
    while (refusals[i].error != error) {
        i++; /* only these are registered */
    }
    const int status = refusals[i].status;
    const bool unknown = status == 404 || status == 405;
    hotreload_request_refuse(status,
                             unknown ? "there are POST /upload, GET /pending, /status and /nonce"
                                     : "the request is malformed, too long or too slow",
                             &server->answer);
    (void)end_with_answer(request);
    return ESP_FAIL; /* what follows on this connection may be the body of a refused request */
}

static esp_err_t register_handlers(void)
{
    static const httpd_uri_t gets[] = {
        {.uri = "/pending",
         .method = HTTP_GET,
         .handler = get,
         .user_ctx = hotreload_request_pending},
        {.uri = "/status",
         .method = HTTP_GET,
         .handler = get,
         .user_ctx = hotreload_request_status},
        {.uri = "/nonce", .method = HTTP_GET, .handler = get, .user_ctx = hotreload_request_nonce},
    };
    const httpd_uri_t upload = {.uri = "/upload",
                                .method = HTTP_POST,
                                .handler = hotreload_server_upload,
                                .user_ctx = server};
    esp_err_t error = httpd_register_uri_handler(server->handle, &upload);
    if (error == ESP_OK) {
        error = hotreload_server_register_page(server->handle);
    }
    for (size_t i = 0; i < sizeof gets / sizeof gets[0] && error == ESP_OK; i++) {
        error = httpd_register_uri_handler(server->handle, &gets[i]);
    }
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0] && error == ESP_OK; i++) {
        error = httpd_register_err_handler(server->handle, refusals[i].error, refuse_request);
    }
    return error;
}

/** @return ESP_FAIL: there is no memory for its control socket, so its task goes on, and refuses */
static esp_err_t stop_httpd(void)
{
    server->stopping = true;
    if (httpd_stop(server->handle) != ESP_OK) {
        return ESP_FAIL;
    }
    free(server);
    server = NULL;
    vTaskDelay(2); /* time for the idle task to free the stack */
    return ESP_OK;
}

static esp_err_t start_httpd(uint16_t port)
{
    httpd_config_t config = HTTPD_DEFAULT_CONFIG();
    config.server_port = port;
    config.ctrl_port = CONFIG_HOTRELOAD_SERVER_CTRL_PORT; /* the application's server has another */
    config.stack_size = CONFIG_HOTRELOAD_SERVER_STACK_SIZE;
    config.task_priority = CONFIG_HOTRELOAD_SERVER_PRIORITY;
    config.core_id =
        CONFIG_HOTRELOAD_SERVER_CORE < 0 ? tskNO_AFFINITY : CONFIG_HOTRELOAD_SERVER_CORE;
    config.max_open_sockets = CONNECTIONS;
    config.backlog_conn = CONNECTIONS;
    config.max_uri_handlers = 5;
    config.max_resp_headers = 1; /* Content-Encoding of the page */
    config.open_fn = hotreload_session_open;
    config.lru_purge_enable = true; /* an idle connection must not keep others out */
    (void)esp_netif_init(); /* without it, a socket stops the program; again, it does nothing */
    esp_err_t error = httpd_start(&server->handle, &config);
    if (error == ESP_ERR_HTTPD_ALLOC_MEM || error == ESP_ERR_HTTPD_TASK) {
        return ESP_ERR_NO_MEM;
    }
    if (error != ESP_OK) {
        return ESP_FAIL;
    }
    error = register_handlers();
    if (error != ESP_OK) {
        (void)stop_httpd(); /* if that fails, the next start tries again */
        return ESP_ERR_NO_MEM;
    }
    return ESP_OK;
}

static esp_err_t start_server(const hotreload_server_config_t *config)
{
    esp_err_t error = hotreload_requests_start("server", config->partition_label);
    if (error != ESP_OK) {
        return error;
    }
    if (server == NULL || stop_httpd() == ESP_OK) {
        server = calloc(1, sizeof *server);
    }
    if (server == NULL || server->handle != NULL) {
        error = ESP_ERR_NO_MEM;
    } else {
        server->partition_label = config->partition_label;
        server->max_size = config->max_upload_size;
        server->run_from_ram_first =
            hotreload_uploads_run_from_ram_first || config->run_from_ram_first;
        error = start_httpd(config->port);
    }
    if (error != ESP_OK) {
        if (server != NULL && server->handle == NULL) {
            free(server);
            server = NULL;
        }
        hotreload_port_log(HOTRELOAD_LOG_ERROR, "server not started: %s",
                           error == ESP_FAIL ? "its port or its control port is taken, or no "
                                               "socket is left (CONFIG_LWIP_MAX_SOCKETS)"
                                             : "not enough memory");
    }
    return error;
}

esp_err_t hotreload_server_start(const hotreload_server_config_t *config)
{
    if (config == NULL || config->partition_label == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    if (!hotreload_lifecycle_begin(&state, HOTRELOAD_STOPPED)) {
        return ESP_ERR_INVALID_STATE;
    }
    esp_err_t error = start_server(config);
    if (error == ESP_OK) {
        hotreload_server_log_urls(config->port);
        hotreload_discovery_announce(config->port);
    }
    atomic_store(&state, error == ESP_OK ? HOTRELOAD_RUNNING : HOTRELOAD_STOPPED);
    return error;
}

esp_err_t hotreload_server_stop(void)
{
    if (!hotreload_lifecycle_begin(&state, HOTRELOAD_RUNNING)) {
        return ESP_ERR_INVALID_STATE;
    }
    const esp_err_t error = stop_httpd();
    if (error == ESP_OK) {
        hotreload_discovery_withdraw();
    } else {
        server->stopping = false;
    }
    atomic_store(&state, error == ESP_OK ? HOTRELOAD_STOPPED : HOTRELOAD_RUNNING);
    return error;
}
