/*
 * The application decides when it reloads: between two calls of reloadable functions.
 *
 * SPDX-License-Identifier: MIT
 */
#include "esp_err.h"
#include "esp_log.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "hotreload.h"
#include "network.h"
#include "reloadable.h"

static const char *TAG = "example";

void app_main(void)
{
    connect_to_network();

    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    ESP_ERROR_CHECK(hotreload_load(&config));

    hotreload_server_config_t server_config = HOTRELOAD_SERVER_CONFIG_DEFAULT();
    ESP_ERROR_CHECK(hotreload_server_start(&server_config));

    reloadable_init();

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
