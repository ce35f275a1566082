/*
 * Prints what the shared names are; then, as long as modules come, what became of callbacks and
 * objects that were handed out by the first one.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "board.h"
#include "esp_log.h"
#include "half.h"
#include "hotreload.h"

void objects_show(void);
void objects_keep(void);
void objects_use(void);

#define SHOW(expression) printf("%s: %d\n", #expression, (int)(expression))

static void show_variables(void)
{
    SHOW(config_level);
    SHOW(half_config_level());
    SHOW(mode);
    SHOW(half_mode());
    mode = 21;
    SHOW(half_mode());
    SHOW(half_level());
    SHOW(level);
    level = 70;
    SHOW(half_level());
    SHOW(strcmp(title, "a title"));
    shared_common = 30;
    SHOW(half_common());
    SHOW(shared_common);
    SHOW(half_counter(2));
    SHOW(counters[2]);
    SHOW(pulses[1]);
    SHOW(half_pulse(2));
    SHOW(half_untyped_pulse(0));
}

static void show_functions(void)
{
    SHOW(weak_in_module());
    SHOW(weak_in_firmware());
    SHOW(half_calls());
    SHOW(untyped_function(1));
    SHOW(read_sensor());
    SHOW(half_wrapped());
    SHOW(read_half());
    SHOW(half_other_name());
    SHOW(replaced());
    SHOW(half_replaced());
    SHOW(MAX(3, 4));
    SHOW(SIZEOF(3));
    SHOW(NEXT(3));
    SHOW(LENGTH(3));
    SHOW(half_words());
    SHOW(half_callback()(1));
    SHOW(half_iram_callback()(1));
    SHOW(half_iram(1));
    SHOW(half_callback() == half_callback());
}

int main(int argc, char **argv)
{
    board_init(argc, argv);
#if !HALVES_STATIC
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    ESP_ERROR_CHECK(hotreload_load(&config));
#endif
    show_variables();
    show_functions();
#if HALVES_CXX
    objects_show();
#endif
    printf("shown\n");
#if !HALVES_STATIC
    callback_t *kept = half_callback();
#if HALVES_CXX
    objects_keep();
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
