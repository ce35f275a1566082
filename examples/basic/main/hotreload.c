/*
 * Calls a reloadable function once a second. hotreload replaces it while the application runs.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hotreload.h"

#include "esp_err.h"
#include "esp_log.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "network.h"
#include "reloadable.h"
#include "reloadable_math.h"

// Called when a whole module was loaded: its variables are new
static void begin(esp_err_t error, void *context)
{
    if (error == ESP_OK) {
        reloadable_init();
        ESP_LOGI("example", "6 + 7 = %d, 6 * 7 = %d", reloadable_add(6, 7),
                 reloadable_multiply(6, 7));
    }
}

void app_main(void)
{
#ifdef CONFIG_HOTRELOAD_SERVER
    connect_to_network();
#endif

    hotreload_start_config_t config = HOTRELOAD_START_CONFIG_DEFAULT();
    config.auto_reload = true;
    config.after = begin;
    ESP_ERROR_CHECK(hotreload_start(&config));

    while (1) {
        if (hotreload_is_loaded()) { // Otherwise the first upload is the first module
            reloadable_hello("World");
        }
        vTaskDelay(pdMS_TO_TICKS(1000));
    }
}
