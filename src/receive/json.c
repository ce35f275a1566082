/* SPDX-License-Identifier: MIT */
#include "receive/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

void hotreload_json_format(hotreload_json_t *json, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(json->text + json->used, json->size - json->used, format, arguments);
    va_end(arguments);
    json->used += strlen(json->text + json->used);
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

void hotreload_json_hex(hotreload_json_t *json, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        hotreload_json_format(json, "%02x", bytes[i]);
    }
}
