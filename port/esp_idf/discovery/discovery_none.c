/* SPDX-License-Identifier: MIT */
#include "discovery/discovery.h"

void hotreload_discovery_announce(uint16_t port)
{
    (void)port;
}

void hotreload_discovery_withdraw(void)
{
}
