/*
 * The basic example's application on the emulated board: calls reloadable code in a loop, and
 * reloads it between two rounds when a new module has been uploaded.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdbool.h>
#include <stdio.h>

#include "board.h"
#include "esp_log.h"
#include "hotreload.h"
#include "reloadable.h"

#define TAG "example"

static void start_server(void)
{
    hotreload_server_config_t config = HOTRELOAD_SERVER_CONFIG_DEFAULT();
    config.port = (uint16_t)board_options()->port;
    config.max_upload_size = board_options()->max_upload;
    config.run_from_ram_first = board_options()->ram_first;
    ESP_ERROR_CHECK(hotreload_server_start(&config));
}

/* The same over standard input and output. */
static void start_console(void)
{
    hotreload_serial_config_t config = HOTRELOAD_SERIAL_CONFIG_DEFAULT();
    config.max_upload_size = board_options()->max_upload;
    ESP_ERROR_CHECK(hotreload_serial_start(&config));
}

/* Begins with the first module, if it was loaded: else the log says why not. */
static bool begin(esp_err_t error)
{
    if (error == ESP_OK) {
        reloadable_init();
    }
    return error == ESP_OK;
}

int main(int argc, char **argv)
{
    board_init(argc, argv);
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    /* First: whatever becomes of the module that is there, a better one can be sent. */
    start_server();
    start_console();
    bool loaded = begin(hotreload_load(&config));
    for (unsigned uptime = 0;; uptime++) {
        printf("uptime %u: ", uptime);
        if (loaded) {
            reloadable_hello("World");
        } else {
            printf("no module\n");
        }
        /* The safe point: nothing reloadable is on the stack here. */
        if (hotreload_update_available()) {
            ESP_LOGI(TAG, "update available, reloading");
            const esp_err_t error = hotreload_reload(&config); /* refused: the old code goes on */
            /* A patch keeps the variables; those of a whole module are new, as after its start. */
            loaded = loaded || begin(error);
        }
        board_delay_ms(board_options()->poll_ms);
    }
}
