/*
 * firmware direct:N | stub:N: calls a function N times, one way or the other, and ends.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "costly.h"
#include "hotreload.h"

/** The same function as in the module, but in the firmware; called as if from another file. */
__attribute__((noipa)) int costly_direct(int value)
{
    return value;
}

__attribute__((noinline)) static int call_directly(int count)
{
    int sum = 0;
    for (int i = 0; i < count; i++) {
        sum += costly_direct(i);
    }
    return sum;
}

__attribute__((noinline)) static int call_through_stub(int count)
{
    int sum = 0;
    for (int i = 0; i < count; i++) {
        sum += costly_reloadable(i);
    }
    return sum;
}

int main(int argc, char **argv)
{
    board_init(argc, argv);
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    ESP_ERROR_CHECK(hotreload_load(&config));
    const char *argument = board_options()->argument;
    const char *colon = strchr(argument, ':');
    if (colon == NULL) {
        printf("direct:N or stub:N is wanted\n");
        return BOARD_EXIT_USAGE;
    }
    int count = atoi(colon + 1);
    int sum = argument[0] == 'd' ? call_directly(count) : call_through_stub(count);
    printf("%s sum %d\n", argument, sum);
    return 0;
}
