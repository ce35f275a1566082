/*
 * Helpers of the store's tests: modules made of a seed, stored, and looked for after a boot.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef STORED_H
#define STORED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

/** Resets the fakes, with a flash of 8 sectors, and opens the store: set-up of a test. */
int stored_set_up(void **state);

/** Closes the store; nothing may be left then: tear-down of a test. */
int stored_tear_down(void **state);

/** Makes a new flash of so many sectors, of that many bytes each, and opens the store on it. */
void stored_flash(uint32_t sectors, uint32_t sector);

/** Bytes of module `seed`: exactly `size` of them, to be freed. */
uint8_t *stored_bytes(uint32_t seed, size_t size);

/** SHA-256 of bytes. */
void stored_sha256(const void *data, size_t size, uint8_t digest[HOTRELOAD_HASH_SIZE]);

/** Begins, writes in pieces of `piece` bytes and commits. @return the first error */
esp_err_t stored_write(const void *data, size_t size, size_t piece, hotreload_reason_t *reason);

/** Stores module `seed` whole. @return the first error */
esp_err_t stored_module(uint32_t seed, size_t size);

/** Stores module `seed`; fails the test if that fails. */
void stored_expect_ok(uint32_t seed, size_t size);

/** Power on, and the store as it is after a boot. */
void stored_boot(void);

/** True when `record` can be mapped and holds module `seed` of `size` bytes, whole. */
bool stored_holds(const hotreload_record_t *record, uint32_t seed, size_t size);

/** True when there is a module to load. */
bool stored_has_module(void);

/** The newest record; fails the test if there is none. */
hotreload_record_t stored_newest(void);

/** Fails the test unless the newest record holds module `seed` of `size` bytes. */
void stored_expect_newest(uint32_t seed, size_t size);

#endif
