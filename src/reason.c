/* SPDX-License-Identifier: MIT */
#include "reason.h"

#include <stdarg.h>
#include <stdio.h>

/* In parentheses, the name is not that of the macro. */
esp_err_t(hotreload_fail)(hotreload_reason_t *reason, esp_err_t error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason->text, sizeof reason->text, format, arguments);
    va_end(arguments);
    return error;
}

esp_err_t hotreload_fail_short(hotreload_reason_t *reason, esp_err_t error, unsigned number)
{
    snprintf(reason->text, sizeof reason->text, "message %u", number);
    return error;
}
