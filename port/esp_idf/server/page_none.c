/*
 * A server without a status page: `GET /` is refused as any unknown request is.
 *
 * SPDX-License-Identifier: MIT
 */
#include "server/server.h"

esp_err_t hotreload_server_register_page(httpd_handle_t handle)
{
    (void)handle;
    return ESP_OK;
}
