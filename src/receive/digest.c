/* SPDX-License-Identifier: MIT */
#include "receive/digest.h"

#include <stddef.h>
#include <string.h>

/** @return 0 to 15, or 16 for what is no hex digit */
static unsigned hex_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return (unsigned)(digit - '0');
    }
    if (digit >= 'a' && digit <= 'f') {
        return (unsigned)(digit - 'a') + 10;
    }
    if (digit >= 'A' && digit <= 'F') {
        return (unsigned)(digit - 'A') + 10;
    }
    return 16;
}

bool hotreload_digest_parse(const char *text, uint8_t digest[HOTRELOAD_HASH_SIZE])
{
    if (text == NULL || strlen(text) != 2 * HOTRELOAD_HASH_SIZE) {
        return false;
    }
    for (size_t i = 0; i < HOTRELOAD_HASH_SIZE; i++) {
        unsigned high = hex_value(text[2 * i]);
        unsigned low = hex_value(text[2 * i + 1]);
        if (high > 15 || low > 15) {
            return false;
        }
        digest[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool hotreload_digest_equal(const uint8_t a[HOTRELOAD_HASH_SIZE],
                            const uint8_t b[HOTRELOAD_HASH_SIZE])
{
    /* Volatile, so that the compiler cannot leave the loop early either. */
    volatile uint8_t difference = 0;
    for (size_t i = 0; i < HOTRELOAD_HASH_SIZE; i++) {
        difference = difference | (a[i] ^ b[i]);
    }
    return difference == 0;
}
