/*
 * Runs all tests at boot; the last line has the result.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "esp_event.h"
#include "esp_netif.h"
#include "run/status.h"
#include "test_support.h"
#include "unity.h"
#include "unity_test_runner.h"

/** Each test begins without a module. */
void setUp(void)
{
}

void tearDown(void)
{
    (void)hotreload_server_stop();
    hotreload_status_t status;
    hotreload_status_get(&status);
    if (status.loaded) {
        EXPECT(ESP_OK, hotreload_unload());
    }
}

void app_main(void)
{
    ESP_ERROR_CHECK(esp_netif_init());
    ESP_ERROR_CHECK(esp_event_loop_create_default());
    UNITY_BEGIN();
    unity_run_all_tests();
    UNITY_END();
}
