/*
 * A server without a status page: `GET /` is refused as any unknown request is, and heads stay as
 * they come.
 *
 * SPDX-License-Identifier: MIT
 */
#include "server/server.h"

void hotreload_head_begin(void)
{
}

size_t hotreload_head_shorten(char *data, size_t size)
{
    (void)data;
    return size;
}

esp_err_t hotreload_server_register_page(httpd_handle_t handle)
{
    (void)handle;
    return ESP_OK;
}
