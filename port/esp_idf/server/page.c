/*
 * `GET /`: the status page.
 *
 * SPDX-License-Identifier: MIT
 */
#include "server/server.h"

static esp_err_t get_page(httpd_req_t *request)
{
    hotreload_session_end_request();
    esp_err_t error = httpd_resp_set_type(request, "text/html");
    if (error == ESP_OK) {
        error = httpd_resp_set_hdr(request, "Content-Encoding", "gzip");
    }
    if (error == ESP_OK) {
        error =
            httpd_resp_send(request, (const char *)hotreload_page, (ssize_t)hotreload_page_size);
    }
    return hotreload_server_end_get(request, error == ESP_OK ? ESP_OK : ESP_FAIL);
}

esp_err_t hotreload_server_register_page(httpd_handle_t handle)
{
    const httpd_uri_t page = {.uri = "/", .method = HTTP_GET, .handler = get_page};
    return httpd_register_uri_handler(handle, &page);
}
