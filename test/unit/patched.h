/*
 * Helpers for the tests of patches: one that replaces the export beta() of what runs.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PATCHED_H
#define PATCHED_H

#include "hotreload.h"
#include "module_builder.h"
#include "run/status.h"

#define PATCHED_TEXT 0xc0000000u
#define PATCHED_DATA 0xd0000000u
#define PATCHED_BETA 0x10u /* offset of beta() in the base's text */

/** From beta() to byte 8 of the patch's text. */
extern const hotreload_jump_t patched_jump;

/** A patch of what runs, which replaces beta(). */
module_spec_t patched_spec(void);

/** Stores it, as an upload does. */
esp_err_t patched_store(const module_spec_t *spec);

/** Stores and reloads it; fails the test if it is refused. */
hotreload_status_t patched_apply(const module_spec_t *spec);

/** Where the `jal` at beta() leads to; 0: there is none. */
uint32_t patched_beta_leads_to(void);

#endif
