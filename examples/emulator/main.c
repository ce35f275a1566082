/*
 * The basic example's application on the emulated board: calls reloadable code in a loop, and
 * reloads it between two rounds when a new module has been uploaded.
 *
 * SPDX-License-Identifier: MIT
 */
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
    config.max_elf_size = board_options()->max_upload;
    config.run_from_ram_first = board_options()->ram_first;
    ESP_ERROR_CHECK(hotreload_server_start(&config));
}

/* The same over standard input and output. */
static void start_console(void)
{
    hotreload_serial_config_t config = HOTRELOAD_SERIAL_CONFIG_DEFAULT();
    config.max_elf_size = board_options()->max_upload;
    ESP_ERROR_CHECK(hotreload_serial_start(&config));
}

/* The safe point: nothing reloadable is on the stack here. */
static void reload(const hotreload_config_t *config)
{
    ESP_LOGI(TAG, "update available, reloading");
    esp_err_t error = hotreload_reload(config);
    if (error == ESP_OK) {
        reloadable_init();
    } else {
        ESP_LOGE(TAG, "reload failed (%s), the old code goes on", esp_err_to_name(error));
    }
}

int main(int argc, char **argv)
{
    board_init(argc, argv);
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    ESP_ERROR_CHECK(hotreload_load(&config));
    start_server();
    start_console();
    reloadable_init();
    for (unsigned uptime = 0;; uptime++) {
        printf("uptime %u: ", uptime);
        reloadable_hello("World");
        if (hotreload_update_available()) {
            reload(&config);
        }
        board_delay_ms(board_options()->poll_ms);
    }
}
