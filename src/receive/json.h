/*
 * Writes JSON into a buffer of fixed size.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_JSON_H
#define HOTRELOAD_JSON_H

#include <stddef.h>
#include <stdint.h>

/** A text that grows; always ends with NUL. What does not fit is left out. */
typedef struct {
    char *text;
    size_t size; /**< bytes of the buffer */
    size_t used; /**< without the NUL */
} hotreload_json_t;

/** Begins an empty text in a buffer of `size` bytes, at least 1. One task per object. */
hotreload_json_t hotreload_json_begin(char *text, size_t size);

/** Appends text as it is: punctuation, keys, numbers, constants. `format` as for printf. */
void hotreload_json_format(hotreload_json_t *json, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/**
 * Appends a string with its quotes. Escapes quotes and backslashes, and writes '?' for what is not
 * printable ASCII: a name from a damaged module must not break the JSON.
 */
void hotreload_json_string(hotreload_json_t *json, const char *text);

/** Appends bytes as hex digits, without quotes. */
void hotreload_json_hex(hotreload_json_t *json, const uint8_t *bytes, size_t size);

#endif
