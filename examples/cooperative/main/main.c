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

    // First: whatever becomes of the module that is there, a better one can be sent
    hotreload_server_config_t server_config = HOTRELOAD_SERVER_CONFIG_DEFAULT();
    ESP_ERROR_CHECK(hotreload_server_start(&server_config));

    // If it cannot be loaded, the log says why, and the first upload is the first module
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    if (hotreload_load(&config) == ESP_OK) {
        reloadable_init();
    }

    while (1) {
        if (hotreload_is_loaded()) {
            reloadable_hello("World");
        }

        // Check for updates at a safe point (no reloadable code on the stack)
        if (hotreload_update_available()) {
            ESP_LOGI(TAG, "Update available, reloading...");
            // If that is refused, the log says why, and the old code goes on
            if (hotreload_reload(&config) == ESP_OK) {
                reloadable_init(); // Does nothing after a patch, which keeps all variables
            }
        }

        vTaskDelay(pdMS_TO_TICKS(1000));
    }
}
