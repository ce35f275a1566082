/* Starting and stopping the upload server. SPDX-License-Identifier: MIT */
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "test_support.h"
#include "unity.h"

static void start_and_stop(void)
{
    hotreload_server_config_t config = HOTRELOAD_SERVER_CONFIG_DEFAULT();
    EXPECT(ESP_OK, hotreload_server_start(&config));
    EXPECT(ESP_OK, hotreload_server_stop());
}

TEST_CASE("the server starts once and stops once", "[server]")
{
    hotreload_server_config_t config = HOTRELOAD_SERVER_CONFIG_DEFAULT();
    EXPECT(ESP_ERR_INVALID_STATE, hotreload_server_stop());
    EXPECT(ESP_OK, hotreload_server_start(&config));
    EXPECT(ESP_ERR_INVALID_STATE, hotreload_server_start(&config));
    EXPECT(ESP_OK, hotreload_server_stop());
    EXPECT(ESP_ERR_INVALID_STATE, hotreload_server_stop());
}

TEST_CASE("the server needs a configuration and its partition", "[server]")
{
    hotreload_server_config_t config = HOTRELOAD_SERVER_CONFIG_DEFAULT();
    EXPECT(ESP_ERR_INVALID_ARG, hotreload_server_start(NULL));
    config.partition_label = NULL;
    EXPECT(ESP_ERR_INVALID_ARG, hotreload_server_start(&config));
    config.partition_label = "absent";
    EXPECT(ESP_ERR_NOT_FOUND, hotreload_server_start(&config));
}

TEST_CASE("a hundred servers leave the heap as it was", "[server]")
{
    start_and_stop();
    vTaskDelay(2); /* the idle task frees the stack of the server's task */
    heap_use_t before = heap_use();
    for (int i = 0; i < 100; i++) {
        start_and_stop();
    }
    vTaskDelay(2);
    expect_heap(before);
}
