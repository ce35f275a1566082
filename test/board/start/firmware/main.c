/*
 * An application with hotreload_start() and automatic reloads, which prints its callbacks and the
 * events; its argument says where its loop is:
 *   (none)  in the firmware
 *   inside  in the module, until 20 rounds after a reload was refused; then in the firmware
 *   stop    in the firmware; after one period it stops hotreload, and after another starts it again
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "board.h"
#include "hotreload.h"
#include "steps.h"

static bool refused;
static unsigned rounds_since;

static void print_event(hotreload_event_t event, const hotreload_event_data_t *data, void *context)
{
    static const char *const names[] = {
        [HOTRELOAD_EVENT_UPLOADED] = "uploaded",
        [HOTRELOAD_EVENT_LOADED] = "loaded",
        [HOTRELOAD_EVENT_PATCHED] = "patched",
        [HOTRELOAD_EVENT_FAILED] = "failed",
        [HOTRELOAD_EVENT_ROLLED_BACK] = "rolled back",
        [HOTRELOAD_EVENT_MARKED_VALID] = "marked valid",
    };
    (void)context;
    printf("event: %s %u %s\n", names[event], (unsigned)data->sequence, data->reason);
    refused |= event == HOTRELOAD_EVENT_FAILED;
    if (event == HOTRELOAD_EVENT_PATCHED) {
        (void)hotreload_mark_valid(); /* a handler may call hotreload */
    }
}

static void before(void *context)
{
    printf("%s: before\n", (const char *)context);
    printf("stop in a callback: %s\n", esp_err_to_name(hotreload_stop()));
}

static void after(esp_err_t error, void *context)
{
    printf("%s: after %s\n", (const char *)context, esp_err_to_name(error));
}

void wait_for_next_round(void)
{
    board_delay_ms(board_options()->poll_ms);
}

bool goes_on(void)
{
    rounds_since += refused;
    return rounds_since < 20;
}

static void start(const hotreload_start_config_t *config)
{
    printf("start: %s, loaded: %d\n", esp_err_to_name(hotreload_start(config)),
           hotreload_is_loaded());
}

int main(int argc, char **argv)
{
    board_init(argc, argv);
    board_on_event(print_event, NULL);
    const char *argument = board_options()->argument;
    hotreload_start_config_t config = HOTRELOAD_START_CONFIG_DEFAULT();
    config.port = (uint16_t)board_options()->port;
    config.auto_reload = true;
    config.context = "application";
    config.after = after;
    if (strcmp(argument, "inside") != 0) {
        config.before = before;
    }
    start(&config);
    if (strcmp(argument, "stop") == 0) {
        wait_for_next_round();
        printf("stop: %s\n", esp_err_to_name(hotreload_stop()));
        printf("again: %s\n", esp_err_to_name(hotreload_stop()));
        wait_for_next_round();
        start(&config);
    }
    if (strcmp(argument, "inside") == 0) {
        step_on();
    }
    for (;;) {
        if (hotreload_is_loaded()) {
            step_once();
        }
        wait_for_next_round();
    }
}
