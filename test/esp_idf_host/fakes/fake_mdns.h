/*
 * The component mdns: what would be announced. Like the real one it refuses what comes in a wrong
 * order.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_MDNS_H
#define FAKE_MDNS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    bool runs;
    char hostname[65];
    /** The one service that there can be, "" when there is none: "_hotreload._tcp:8080 key=value
     * ...".
     */
    char service[256];
    /** What these return the next time, instead of doing their work; 0: they work. */
    int init_result, hostname_result, add_result, mac_result;
} fake_mdns_t;

/** Tests read and change it; all zero is a chip that has just started. */
extern fake_mdns_t fake_mdns;

#endif
