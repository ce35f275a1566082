/*
 * Helpers for the tests of the public functions: modules made of a seed, stored in the partition,
 * and looked for in memory behind the firmware's table.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LOADED_H
#define LOADED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hotreload.h"
#include "bad_modules.h"
#include "module_builder.h"
#include "run/status.h"

/** The partition "hotreload" and no special memory. */
extern const hotreload_config_t loaded_config;

/** Resets the fakes and brings the core to the state after a boot, with an erased partition. */
int loaded_set_up(void **state);

/** Unloads what is loaded and closes the store; nothing may be left then. */
int loaded_tear_down(void **state);

/**
 * Restarts: forgets all but the flash, and what the port keeps.
 *
 * @param crashed  how the last run ended
 */
void loaded_restart(bool crashed);

/** Builds the good module `seed`; to be freed. */
uint8_t *loaded_module(uint32_t seed, size_t *size);

/** Stores the good module `seed` as the newest one. */
void loaded_store(uint32_t seed);

/** Builds one with a constructor and a destructor, at 4 and 8 bytes of its text; to be freed. */
uint8_t *loaded_module_with_constructors(uint32_t seed, size_t *size);

/** Stores that as the newest one. */
void loaded_store_with_constructors(uint32_t seed);

/** Stores bytes as the newest record, without the checks of an upload. */
void loaded_store_bytes(const void *data, size_t size);

/** Stores a bad module, as loaded_store_bytes(). */
void loaded_store_bad(const bad_module_t *bad);

/** Stores the good module `seed` and loads it. */
void loaded_start(uint32_t seed);

/** The present status. */
hotreload_status_t loaded_status(void);

/** Fails the test unless the log has these words. */
void loaded_expect_log(const char *words);

/** How often the log has these words. */
unsigned loaded_count_log(const char *words);

/** Fails the test unless the module `seed` runs, intact, and is all that has memory. */
void loaded_expect(uint32_t seed);

/** Fails the test unless no module is loaded and none has memory. */
void loaded_expect_none(void);

/**
 * Fails the test unless the error is as expected, and both the log and the status say why.
 *
 * @param words  a part of the reason
 */
void loaded_expect_failure(esp_err_t error, esp_err_t expected, const char *words);

#endif
