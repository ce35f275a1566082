/*
 * Starting and stopping, by any task, one at a time.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_LIFECYCLE_H
#define HOTRELOAD_LIFECYCLE_H

#include <stdatomic.h>
#include <stdbool.h>

typedef enum { HOTRELOAD_STOPPED, HOTRELOAD_CHANGING, HOTRELOAD_RUNNING } hotreload_lifecycle_t;

/**
 * Begins a change from one state. The caller ends it by setting another state.
 *
 * @return false: it is in another state, or someone else changes it
 */
static inline bool hotreload_lifecycle_begin(_Atomic hotreload_lifecycle_t *state,
                                             hotreload_lifecycle_t from)
{
    return atomic_compare_exchange_strong(state, &from, HOTRELOAD_CHANGING);
}

#endif
