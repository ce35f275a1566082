/*
 * An application whose loop never leaves the reloadable component: there is no safe point. Patches
 * need none.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "blink.h"
#include "board.h"
#include "hotreload.h"

static hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();

/* On a chip, the loop would be in vTaskDelay() here, and another task would look for updates. */
void wait_for_next_round(void)
{
    board_delay_ms(board_options()->poll_ms);
    if (hotreload_update_available()) {
        (void)hotreload_reload(&config); /* a failure is in the log, and the loop goes on */
    }
}

int main(int argc, char **argv)
{
    board_init(argc, argv);
    hotreload_server_config_t server = HOTRELOAD_SERVER_CONFIG_DEFAULT();
    server.port = (uint16_t)board_options()->port;
    ESP_ERROR_CHECK(hotreload_server_start(&server));
    ESP_ERROR_CHECK(hotreload_load(&config));
    blink_run();
}
