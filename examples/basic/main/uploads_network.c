/* SPDX-License-Identifier: MIT */
#include "uploads.h"

#include "esp_err.h"
#include "esp_event.h"
#include "esp_netif.h"
#include "hotreload.h"
#include "nvs_flash.h"
#include "protocol_examples_common.h"

static esp_err_t connect_to_network(void)
{
    ESP_ERROR_CHECK(nvs_flash_init());
    ESP_ERROR_CHECK(esp_netif_init());
    ESP_ERROR_CHECK(esp_event_loop_create_default());
    return example_connect();
}

void start_uploads(void)
{
    if (ESP_ERROR_CHECK_WITHOUT_ABORT(connect_to_network()) == ESP_OK) {
        hotreload_server_config_t config = HOTRELOAD_SERVER_CONFIG_DEFAULT();
        ESP_ERROR_CHECK_WITHOUT_ABORT(hotreload_server_start(&config));
    }
}
