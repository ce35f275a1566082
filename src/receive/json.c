/* SPDX-License-Identifier: MIT */
#include "receive/json.h"

#include <stdio.h>

hotreload_json_t hotreload_json_begin(char *text, size_t size)
{
    text[0] = '\0';
    return (hotreload_json_t){.text = text, .size = size};
}

static void append_character(hotreload_json_t *json, char character)
{
    if (json->used + 1 < json->size) {
        json->text[json->used++] = character;
        json->text[json->used] = '\0';
    }
}

void hotreload_json_raw(hotreload_json_t *json, const char *text)
{
    for (; *text != '\0'; text++) {
        append_character(json, *text);
    }
}

void hotreload_json_string(hotreload_json_t *json, const char *text)
{
    append_character(json, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            append_character(json, '\\');
        }
        append_character(json, *text >= ' ' && *text <= '~' ? *text : '?');
    }
    append_character(json, '"');
}

void hotreload_json_number(hotreload_json_t *json, uint32_t number)
{
    char digits[11];
    snprintf(digits, sizeof digits, "%u", (unsigned)number);
    hotreload_json_raw(json, digits);
}

void hotreload_json_hex(hotreload_json_t *json, const uint8_t *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        append_character(json, digits[bytes[i] >> 4]);
        append_character(json, digits[bytes[i] & 15]);
    }
}
