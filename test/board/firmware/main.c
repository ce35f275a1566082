/*
 * The firmware of the tests on the emulated board; its argument says what it does:
 *   (none)          runs the exercises, then serves, and reloads what is uploaded
 *   unload-first    the same, and lets the old module go first where RAM does not hold both
 *   unload          calls a reloadable function after hotreload_unload()
 *   too-early       calls one before hotreload_load()
 *   console         takes requests on the console as well, and prints what else is typed
 *   repeat          reloads the same module many times and prints the heap in use
 *   upload-faults   serves; of each upload one allocation fails, the next one of the upload after
 * it memory-faults   lets each allocation of loading and reloading fail stop-server     stops the
 * server after one period, and starts it again
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "esp_log.h"
#include "exercise.h"
#include "exercises.h"
#include "hotreload.h"
#include "memory_faults.h"

#define TAG "test"

static hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();

static hotreload_server_config_t server_config(void)
{
    hotreload_server_config_t server = HOTRELOAD_SERVER_CONFIG_DEFAULT();
    server.port = (uint16_t)board_options()->port;
    server.max_upload_size = board_options()->max_upload;
    server.run_from_ram_first = board_options()->ram_first;
    return server;
}

static void start_server(void)
{
    hotreload_server_config_t server = server_config();
    ESP_ERROR_CHECK(hotreload_server_start(&server));
}

static void serve(void)
{
    start_server();
    for (;;) {
        printf("round: version %d, count %d, heap %u\n", exercise_marker(), exercise_count(),
               memory_in_use());
        if (hotreload_update_available()) {
            esp_err_t error = hotreload_reload(&config);
            ESP_LOGI(TAG, "reload: %s", esp_err_to_name(error));
        }
        board_delay_ms(board_options()->poll_ms);
    }
}

static void print_input(const void *data, size_t size, void *context)
{
    printf("%s: %.*s\n", (const char *)context, (int)size, (const char *)data);
}

static void serve_console(void)
{
    hotreload_serial_config_t console = HOTRELOAD_SERIAL_CONFIG_DEFAULT();
    console.max_upload_size = board_options()->max_upload;
    console.input = print_input;
    console.input_context = "typed";
    ESP_ERROR_CHECK(hotreload_serial_start(&console));
    printf("again: %s\n", esp_err_to_name(hotreload_serial_start(&console)));
    ESP_ERROR_CHECK(hotreload_serial_stop());
    printf("stopped: %s\n", esp_err_to_name(hotreload_serial_stop()));
    ESP_ERROR_CHECK(hotreload_serial_start(&console));
    serve();
}

/* Between two rounds nothing is under way, so only an upload can be what fails. */
static void upload_faults(void)
{
    start_server();
    for (unsigned number = 1;;) {
        memory_faults_arm(number);
        printf("round: version %d, count %d, heap %u\n", exercise_marker(), exercise_count(),
               memory_in_use());
        while (!memory_faults_fired() && !hotreload_update_available()) {
            board_delay_ms(board_options()->poll_ms);
        }
        number++;
        if (hotreload_update_available()) {
            memory_faults_arm(0);
            ESP_ERROR_CHECK(hotreload_reload(&config));
        }
    }
}

static void repeat(void)
{
    for (int i = 0; i < 1000; i++) {
        ESP_ERROR_CHECK(hotreload_reload(&config));
        if (i == 1 || i == 999) {
            printf("heap in use after reload %d: %u\n", i, memory_in_use());
        }
    }
}

static void stop_server(void)
{
    start_server();
    board_delay_ms(board_options()->poll_ms);
    ESP_ERROR_CHECK(hotreload_server_stop());
    printf("stopped, again: %s\n", esp_err_to_name(hotreload_server_stop()));
    start_server();
    board_delay_ms(60000);
}

int main(int argc, char **argv)
{
    board_init(argc, argv);
    const char *argument = board_options()->argument;
    if (strcmp(argument, "too-early") == 0) {
        exercise_marker();
    }
    config.allow_unload_first = strcmp(argument, "unload-first") == 0;
    if (strcmp(argument, "memory-faults") == 0) {
        hotreload_server_config_t server = server_config();
        memory_faults_all(&config, &server);
        return 0;
    }
    ESP_ERROR_CHECK(hotreload_load(&config));
    if (strcmp(argument, "unload") == 0) {
        printf("before: %d\n", exercise_marker());
        ESP_ERROR_CHECK(hotreload_unload());
        exercise_marker();
    } else if (strcmp(argument, "repeat") == 0) {
        repeat();
    } else if (strcmp(argument, "upload-faults") == 0) {
        upload_faults();
    } else if (strcmp(argument, "console") == 0) {
        serve_console();
    } else if (strcmp(argument, "stop-server") == 0) {
        stop_server();
    } else {
        exercise_all();
        serve();
    }
}
