/*
 * The log, and the end of a program that cannot go on.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "esp_log.h"
#include "options.h"
#include "port.h"

static void print_line(char letter, const char *tag, const char *format, va_list arguments)
{
    printf("%c (%lu) %s: ", letter, (unsigned long)hotreload_port_now_ms(), tag);
    vprintf(format, arguments);
    putchar('\n');
}

void board_log(char letter, const char *tag, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_line(letter, tag, format, arguments);
    va_end(arguments);
}

void hotreload_port_log(hotreload_log_t level, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_line("EWI"[level], "hotreload", format, arguments);
    va_end(arguments);
}

void hotreload_port_panic(const char *message)
{
    board_log('E', "hotreload", "%s", message);
    abort();
}

/** Replaces the C library's abort(), which needs signals. */
void abort(void)
{
    printf("abort()\n");
    _Exit(BOARD_EXIT_PANIC);
}
