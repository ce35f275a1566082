/* SPDX-License-Identifier: MIT */
#include "fake_log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "esp_err.h"
#include "esp_log.h"

char fake_log[16384];

void fake_log_write(char letter, const char *tag, const char *format, ...)
{
    size_t used = strlen(fake_log);
    if (used > sizeof fake_log - 512) {
        used = 0; /* starts over when it is full */
    }
    int head = snprintf(fake_log + used, sizeof fake_log - used, "%c %s: ", letter, tag);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fake_log + used + head, sizeof fake_log - used - (size_t)head, format, arguments);
    va_end(arguments);
    strncat(fake_log, "\n", sizeof fake_log - strlen(fake_log) - 1);
}

const char *esp_err_to_name(esp_err_t code)
{
    static _Thread_local char name[16];
    snprintf(name, sizeof name, "0x%x", (unsigned)code);
    return name;
}
