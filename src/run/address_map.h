/*
 * Where modules run and ran, for hotreload_describe_address().
 *
 * The caller holds HOTRELOAD_LOCK_MODULE.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_ADDRESS_MAP_H
#define HOTRELOAD_ADDRESS_MAP_H

#include "loader/loader.h"

/** Adds a module that is about to run; `sequence` of its record, 0: it has none. */
void hotreload_address_map_add(const hotreload_module_t *module, uint32_t sequence);

/** Notes that all modules have been freed, or all but the one added last. */
void hotreload_address_map_free(bool last_too);

#endif
