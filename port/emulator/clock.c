/* SPDX-License-Identifier: MIT */
#include "board.h"
#include "port.h"

uint32_t hotreload_port_now_ms(void)
{
    return board_uptime_ms();
}
