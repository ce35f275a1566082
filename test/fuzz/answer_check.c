/* SPDX-License-Identifier: MIT */
#include "answer_check.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "must.h"
#include "receive/auth.h"

/* ---- JSON (RFC 8259): each function returns the end of what it read, or NULL ---- */

static const char *read_value(const char *text, int depth);

static const char *read_string(const char *text)
{
    if (*text != '"') {
        return NULL;
    }
    for (text++; *text != '"'; text++) {
        if (*text == '\\') {
            text++;
            if (*text == '\0' || strchr("\"\\/bfnrt", *text) == NULL) {
                return NULL;
            }
        } else if (*text < ' ' || *text > '~') {
            return NULL; /* control characters are forbidden; others the device does not send */
        }
    }
    return text + 1;
}

static const char *read_number(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits == 0 || (digits > 1 && text[0] == '0') ? NULL : text + digits;
}

static const char *read_word(const char *text, const char *word)
{
    return strncmp(text, word, strlen(word)) == 0 ? text + strlen(word) : NULL;
}

static const char *read_object(const char *text, int depth)
{
    do {
        text = read_string(text + 1);
        if (text == NULL || *text != ':') {
            return NULL;
        }
        text = read_value(text + 1, depth + 1);
    } while (text != NULL && *text == ',');
    return text != NULL && *text == '}' ? text + 1 : NULL;
}

static const char *read_value(const char *text, int depth)
{
    switch (depth < 4 ? *text : '\0') {
    case '{':
        return read_object(text, depth);
    case '"':
        return read_string(text);
    case 't':
        return read_word(text, "true");
    case 'f':
        return read_word(text, "false");
    case 'n':
        return read_word(text, "null");
    default:
        return read_number(text);
    }
}

/* ---- Answers ---- */

static bool has_secret(const char *body)
{
    char hex[2 * HOTRELOAD_SECRET_SIZE + 1];
    for (size_t i = 0; i < HOTRELOAD_SECRET_SIZE; i++) {
        snprintf(hex + 2 * i, 3, "%02x", hotreload_secret[i]);
    }
    return strstr(body, hex) != NULL;
}

void answer_check(int status, const char *body)
{
    static const int known[] = {200, 400, 403, 404, 405, 408, 409, 410,
                                411, 413, 414, 422, 431, 500, 503};
    static const char error[] = "{\"status\":\"error\",\"error\":\"";
    bool is_known = false;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        is_known = is_known || known[i] == status;
    }
    must(is_known);
    const char *end = body[0] == '{' ? read_value(body, 0) : NULL;
    must(end != NULL && *end == '\0');
    bool is_error = strncmp(body, error, sizeof error - 1) == 0;
    must(is_error == (status != 200));
    must(!is_error || body[sizeof error - 1] != '"');
    must(!has_secret(body));
}
