/*
 * The core's locks on a board with one thread: they never wait, but they notice misuse that would
 * be a deadlock on a chip.
 *
 * SPDX-License-Identifier: MIT
 */
#include "port.h"

static bool held[HOTRELOAD_LOCK_COUNT];

void hotreload_port_lock(hotreload_lock_t lock)
{
    for (unsigned other = lock; other < HOTRELOAD_LOCK_COUNT; other++) {
        if (held[other]) {
            hotreload_port_panic(other == (unsigned)lock ? "a lock was taken twice"
                                                         : "locks were taken in the wrong order");
        }
    }
    held[lock] = true;
}

void hotreload_port_unlock(hotreload_lock_t lock)
{
    if (!held[lock]) {
        hotreload_port_panic("a lock was released that nobody holds");
    }
    held[lock] = false;
}
