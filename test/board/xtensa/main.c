/*
 * Calls reloadable functions from assembly and prints what they return. With the argument
 * `too-early` it calls one before a module is loaded.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "board.h"
#include "hotreload.h"
#include "windowed.h"

/* calls.S */
unsigned call4_to_0(void);
unsigned call4_to_1(int a);
unsigned call4_to_2(int a, int b);
unsigned call4_to_3(int a, int b, int c);
unsigned call4_by_address(unsigned (*function)(int a, int b, int c), int a, int b, int c);
unsigned call4_keeps(void);

/* thread_local.S */
int firmware_thread_swap(int next);

static void calls(void)
{
    printf("by name: %u %u %u %u\n", call4_to_0(), call4_to_1(1), call4_to_2(1, 2),
           call4_to_3(1, 2, 3));
    printf("by address: %u\n", call4_by_address(windowed_3, 4, 5, 6));
    printf("kept registers: %u\n", call4_keeps());
}

static void thread_local_variable(void)
{
    int first = windowed_thread_swap(33);
    int second = firmware_thread_swap(44);
    printf("thread local: %d %d %d\n", first, second, windowed_thread_swap(55));
}

int main(int argc, char **argv)
{
    board_init(argc, argv);
    if (strcmp(board_options()->argument, "too-early") == 0) {
        call4_to_2(1, 2);
    }
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    ESP_ERROR_CHECK(hotreload_load(&config));
    calls();
    thread_local_variable();
    return 0;
}
