/* SPDX-License-Identifier: MIT */
#ifndef REPEAT_H
#define REPEAT_H

#include "hotreload.h"

/** Reloads the same module 200 times; prints the free memory after the first and the last. */
void repeat_reloads(const hotreload_config_t *config);

/**
 * Does so while a task on each core calls reloadable functions. The tasks stop outside of them for
 * each reload. Prints how often each called, and how often a result was wrong.
 */
void repeat_reloads_beside_calls(const hotreload_config_t *config);

#endif
