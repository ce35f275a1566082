/*
 * Where modules run and ran, so that a crash can be told in words: hotreload_describe_address().
 *
 * The caller holds HOTRELOAD_LOCK_MODULE.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_ADDRESS_MAP_H
#define HOTRELOAD_ADDRESS_MAP_H

#include "loader/loader.h"

/** A module is about to run; `sequence` of its record, 0: it has none. */
void hotreload_address_map_add(const hotreload_module_t *module, uint32_t sequence);

/** All modules but the one that began last have been freed. */
void hotreload_address_map_free_older(void);

/** All modules have been freed. */
void hotreload_address_map_free_all(void);

/** Whether a module's code is or was at an address. Any context, without the lock. */
bool hotreload_address_map_is_code(uint32_t address);

#endif
