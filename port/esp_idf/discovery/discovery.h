/*
 * How host tools find the server without its URL: by mDNS (discovery_mdns.c) if the application has
 * Espressif's component mdns, else not at all (discovery_none.c).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_ESP_IDF_DISCOVERY_H
#define HOTRELOAD_ESP_IDF_DISCOVERY_H

#include <stdint.h>

/** Announces the server on a TCP port. Failure is only logged: the server works without. */
void hotreload_discovery_announce(uint16_t port);

/** Withdraws what was announced. Like the other one, called by whoever starts or stops the server.
 */
void hotreload_discovery_withdraw(void);

#endif
