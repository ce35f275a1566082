/*
 * The program of the tests on emulated chips. It takes modules by the network and by the console.
 * At boot and after each reload it runs the exercises of the emulated board. A letter typed on the
 * console makes it
 *   r  reload 200 times, and print the memory in use
 *   c  do so while a task on each core calls reloadable functions
 *   f  call reloadable functions that use floating point in interrupts
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "esp_err.h"
#include "esp_event.h"
#include "esp_log.h"
#include "esp_netif.h"
#include "esp_timer.h"
#include "exercise.h"
#include "exercises.h"
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "freertos/task.h"
#include "hotreload.h"
#include "interrupt.h"
#include "nvs_flash.h"
#include "protocol_examples_common.h"
#include "repeat.h"

void halves_show(void); /* test/board/halves/firmware/show.c */

#define STACK (32 * 1024) /* bytes; the exercises recurse */

static const hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
static QueueHandle_t letters;

static void take_input(const void *data, size_t size, void *context)
{
    for (size_t i = 0; i < size; i++) {
        (void)xQueueSend(letters, (const char *)data + i, 0);
    }
}

static void start_uploads(void)
{
    letters = xQueueCreate(16, 1);
    hotreload_serial_config_t console = HOTRELOAD_SERIAL_CONFIG_DEFAULT();
    console.input = take_input;
    ESP_ERROR_CHECK(hotreload_serial_start(&console));

    ESP_ERROR_CHECK(nvs_flash_init());
    ESP_ERROR_CHECK(esp_netif_init());
    ESP_ERROR_CHECK(esp_event_loop_create_default());
    ESP_ERROR_CHECK(example_connect());
    hotreload_server_config_t server = HOTRELOAD_SERVER_CONFIG_DEFAULT();
    ESP_ERROR_CHECK(hotreload_server_start(&server));
}

static void load(void)
{
    int64_t start = esp_timer_get_time();
    esp_err_t error = hotreload_load(&config);
    printf("load: %s, %" PRId64 " us\n", esp_err_to_name(error), esp_timer_get_time() - start);
    ESP_ERROR_CHECK(error);
    exercise_all();
    halves_show();
}

static void reload(void)
{
    esp_err_t error = hotreload_reload(&config);
    printf("reload: %s, version %d\n", esp_err_to_name(error), exercise_marker());
    exercise_all();
}

static void run(void *unused)
{
    load();
    start_uploads();
    printf("ready, version %d\n", exercise_marker());
    for (;;) {
        char letter = 0;
        (void)xQueueReceive(letters, &letter, 1); /* one tick: how often an update is looked for */
        if (letter == 'r') {
            repeat_reloads(&config);
        } else if (letter == 'c') {
            repeat_reloads_beside_calls(&config);
        } else if (letter == 'f') {
            check_registers_over_interrupts();
        }
        if (hotreload_update_available()) {
            reload();
        }
    }
}

void app_main(void)
{
    ESP_ERROR_CHECK(xTaskCreate(run, "program", STACK, NULL, 1, NULL) == pdPASS ? ESP_OK
                                                                                : ESP_FAIL);
}
