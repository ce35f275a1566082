/*
 * The store as it is after a boot.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef STORE_RESET_H
#define STORE_RESET_H

#include <string.h>

#include "store/state.h"

/** Forgets the open partition, and whatever was under way. */
static inline void store_reset(void)
{
    hotreload_port_lock(HOTRELOAD_LOCK_STORE);
    hotreload_held_set_state(&hotreload_store_state.held, HOTRELOAD_HELD_NONE);
    memset(&hotreload_store_state, 0, sizeof hotreload_store_state);
    atomic_store(&hotreload_store_untried, 0);
    hotreload_port_unlock(HOTRELOAD_LOCK_STORE);
}

#endif
