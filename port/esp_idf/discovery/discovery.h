/*
 * Lets host tools find the server without its URL: by mDNS (discovery_mdns.c) if the build contains
 * Espressif's component mdns, else not at all (discovery_none.c).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_ESP_IDF_DISCOVERY_H
#define HOTRELOAD_ESP_IDF_DISCOVERY_H

#include <stdint.h>

/**
 * Announces the server on a TCP port. A failure is only logged: the server works without.
 *
 * Thread context, of both functions: the task that starts or stops the server.
 */
void hotreload_discovery_announce(uint16_t port);

/** Withdraws the announcement. */
void hotreload_discovery_withdraw(void);

#endif
