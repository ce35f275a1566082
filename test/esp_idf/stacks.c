/*
 * The basic example's application, which says how much stack each task has used at most: the one
 * that loads and reloads, in place of app_main(), the server's and the console's.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "esp_err.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "hotreload.h"
#include "network.h"
#include "reloadable.h"
#include "sdkconfig.h"

#define CALLER_STACK 8192

/** Bytes of its stack that a task has ever used; ESP-IDF counts stacks in bytes. */
static unsigned used(const char *task, unsigned size)
{
    return size - (unsigned)uxTaskGetStackHighWaterMark(xTaskGetHandle(task));
}

static void caller(void *unused)
{
    (void)unused;
    const hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    (void)hotreload_load(&config);
    for (unsigned round = 0;; round++) {
        reloadable_hello("World");
        if (hotreload_update_available()) {
            (void)hotreload_reload(&config);
        }
        printf("stacks %u: caller %u, httpd %u, hotreload %u\n", round,
               used("caller", CALLER_STACK), used("httpd", CONFIG_HOTRELOAD_SERVER_STACK_SIZE),
               used("hotreload", CONFIG_HOTRELOAD_SERVER_STACK_SIZE));
        vTaskDelay(pdMS_TO_TICKS(100));
    }
}

void app_main(void)
{
    const hotreload_server_config_t server = HOTRELOAD_SERVER_CONFIG_DEFAULT();
    const hotreload_serial_config_t console = HOTRELOAD_SERIAL_CONFIG_DEFAULT();
    connect_to_network();
    ESP_ERROR_CHECK(hotreload_server_start(&server));
    ESP_ERROR_CHECK(hotreload_serial_start(&console));
    if (xTaskCreate(caller, "caller", CALLER_STACK, NULL, 1, NULL) != pdPASS) {
        printf("no memory for the caller\n");
    }
}
