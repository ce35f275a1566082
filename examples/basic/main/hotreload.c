/*
 * Calls a reloadable function once a second, and replaces it when a new module was uploaded.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hotreload.h"

#include "esp_err.h"
#include "esp_log.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "reloadable.h"
#include "reloadable_math.h"
#include "uploads.h"

static const char *TAG = "example";

void app_main(void)
{
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    ESP_ERROR_CHECK(hotreload_load(&config));
    reloadable_init();
    ESP_LOGI(TAG, "6 + 7 = %d, 6 * 7 = %d", reloadable_add(6, 7), reloadable_multiply(6, 7));

    start_uploads();

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
