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

/* registers.S; absent where the core has no such registers. */
void call_with_registers(const unsigned set[19], unsigned seen[19]) __attribute__((weak));

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

/* A stub changes no register but the one that it jumps through. */
static void registers(void)
{
    if (call_with_registers == NULL) {
        printf("registers: not in this core\n");
        return;
    }
    unsigned set[19], seen[19] = {0};
    for (unsigned i = 0; i < 19; i++) {
        set[i] = 0x9e3779b9u * (i + 1);
    }
    set[16] &= 0xffff; /* 16 boolean registers */
    set[18] = 0x5a;    /* 8 bits of the accumulator */
    call_with_registers(set, seen);
    for (unsigned i = 0; i < 19; i++) {
        if (seen[i] != set[i]) {
            printf("register %u: %08x, was %08x\n", i, seen[i], set[i]);
        }
    }
    printf("registers: %s\n", memcmp(set, seen, sizeof set) == 0 ? "the same" : "changed");
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
    registers();
    return 0;
}
