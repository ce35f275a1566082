/*
 * Calls a reloadable function once a second, and replaces it when a new module was uploaded.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hotreload.h"

#include <stdbool.h>

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
    // First: whatever becomes of the module that is there, a better one can be sent.
    start_uploads();

    // An error is in the log. It is no reason to restart: the next module may be the right one.
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    bool loaded = hotreload_load(&config) == ESP_OK;
    if (loaded) {
        reloadable_init();
        ESP_LOGI(TAG, "6 + 7 = %d, 6 * 7 = %d", reloadable_add(6, 7), reloadable_multiply(6, 7));
    }

    while (1) {
        if (loaded) {
            reloadable_hello("World");
        }

        // Check for updates at a safe point (no reloadable code on the stack)
        if (hotreload_update_available()) {
            ESP_LOGI(TAG, "Update available, reloading...");
            // A module that is refused changes nothing: the one that runs goes on
            if (hotreload_reload(&config) == ESP_OK) {
                reloadable_init();
                loaded = true;
            }
        }

        vTaskDelay(pdMS_TO_TICKS(1000));
    }
}
