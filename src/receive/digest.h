/*
 * SHA-256 digests as HTTP headers carry them, and their comparison.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_DIGEST_H
#define HOTRELOAD_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "port.h"

/**
 * Reads a digest of 64 hex digits, in either case, and nothing else.
 *
 * @param text    the text; NULL is no digest
 * @param digest  gets it; undefined after a failure
 * @return false: malformed. Any task.
 */
bool hotreload_digest_parse(const char *text, uint8_t digest[HOTRELOAD_HASH_SIZE]);

/**
 * Compares two digests, in a time that does not depend on their contents. If the comparison stopped
 * at the first difference, its time would tell how many bytes of a forged HMAC are right.
 *
 * @return true: equal. Any task.
 */
bool hotreload_digest_equal(const uint8_t a[HOTRELOAD_HASH_SIZE],
                            const uint8_t b[HOTRELOAD_HASH_SIZE]);

#endif
