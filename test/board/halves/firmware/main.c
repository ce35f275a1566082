/*
 * Prints what the shared names are (show.c); then, as long as modules come, what became of
 * callbacks and objects that were handed out by the first one. With the argument "unload", calls an
 * inline function of a module that is gone.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "board.h"
#include "esp_log.h"
#include "half.h"
#include "hotreload.h"

void halves_show(void);
void objects_keep(void);
void objects_use(void);
void objects_call_inline(void);

int main(int argc, char **argv)
{
    board_init(argc, argv);
#if !HALVES_STATIC
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    ESP_ERROR_CHECK(hotreload_load(&config));
#endif
    halves_show();
#if !HALVES_STATIC
    callback_t *kept = half_callback();
#if HALVES_CXX
    objects_keep();
    if (strcmp(board_options()->argument, "unload") == 0) {
        ESP_ERROR_CHECK(hotreload_unload());
        objects_call_inline();
    }
#endif
    hotreload_server_config_t server = HOTRELOAD_SERVER_CONFIG_DEFAULT();
    server.port = (uint16_t)board_options()->port;
    ESP_ERROR_CHECK(hotreload_server_start(&server));
    for (;;) {
        printf("kept callback: %d\n", kept(1));
#if HALVES_CXX
        objects_use();
#endif
        if (hotreload_update_available()) {
            ESP_ERROR_CHECK(hotreload_reload(&config));
        }
        board_delay_ms(board_options()->poll_ms);
    }
#endif
    return 0;
}
