/*
 * Calls a reloadable function once a second, and replaces it when a new module was uploaded.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hotreload.h"

#include "esp_err.h"
#include "esp_event.h"
#include "esp_log.h"
#include "esp_netif.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "nvs_flash.h"
#include "protocol_examples_common.h"
#include "reloadable.h"
#include "reloadable_math.h"

static const char *TAG = "example";

static void connect_to_network(void)
{
    ESP_ERROR_CHECK(nvs_flash_init());
    ESP_ERROR_CHECK(esp_netif_init());
    ESP_ERROR_CHECK(esp_event_loop_create_default());
    ESP_ERROR_CHECK(example_connect());
}

void app_main(void)
{
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    ESP_ERROR_CHECK(hotreload_load(&config));
    reloadable_init();
    ESP_LOGI(TAG, "6 + 7 = %d, 6 * 7 = %d", reloadable_add(6, 7), reloadable_multiply(6, 7));

    connect_to_network();
    hotreload_server_config_t server_config = HOTRELOAD_SERVER_CONFIG_DEFAULT();
    ESP_ERROR_CHECK(hotreload_server_start(&server_config));

    while (1) {
        reloadable_hello("World");

        // Check for updates at a safe point (no reloadable code on the stack)
        if (hotreload_update_available()) {
            ESP_LOGI(TAG, "Update available, reloading...");
            ESP_ERROR_CHECK(hotreload_reload(&config));
            reloadable_init();
        }

        vTaskDelay(pdMS_TO_TICKS(1000));
    }
}
