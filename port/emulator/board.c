/* SPDX-License-Identifier: MIT */
#include "board.h"

#include <stdio.h>
#include <stdlib.h>

#include "crash.h"
#include "events.h"
#include "flash.h"
#include "http/server.h"
#include "linux.h"
#include "port.h"
#include "retained.h"
#include "serial.h"
#include "settle_timer.h"
#include "trial_timer.h"
#include "worker.h"

uint32_t board_uptime_ms(void)
{
    return hotreload_port_now_ms();
}

void board_init(int argc, char **argv)
{
    (void)board_uptime_ms(); /* the time counts from here */
    board_crash_init();
    board_options_parse(argc, argv);
    if (!board_flash_init()) {
        exit(BOARD_EXIT_USAGE);
    }
    board_retained_init();
}

/** Waits for clients or for the console, no longer than told, and serves them. */
static void serve(int64_t milliseconds)
{
    linux_poll_t sockets[HTTP_SERVER_SOCKETS + 1];
    milliseconds = http_server_wanted(sockets, milliseconds);
    sockets[HTTP_SERVER_SOCKETS] = board_serial_wanted();
    linux_poll(sockets, HTTP_SERVER_SOCKETS + 1, milliseconds);
    http_server_serve(sockets);
    board_serial_serve(&sockets[HTTP_SERVER_SOCKETS]);
}

void board_delay_ms(uint32_t milliseconds)
{
    int64_t end = linux_now_ms() + milliseconds;
    int64_t left = milliseconds;
    do {
        serve(board_worker_limit(board_settle_limit(board_trial_limit(left))));
        board_trial_check();
        board_settle_check();
        board_worker_check();
        board_events_deliver();
        left = end - linux_now_ms();
    } while (left > 0);
}
