/* SPDX-License-Identifier: MIT */
#include "libc/console.h"

#include <stddef.h>

#include "linux.h"

#define STANDARD_OUTPUT 1

static char line[256];
static size_t line_length;

void board_console_flush(void)
{
    linux_write_all(STANDARD_OUTPUT, line, line_length);
    line_length = 0;
}

void board_console_put(char character)
{
    line[line_length++] = character;
    if (character == '\n' || line_length == sizeof line) {
        board_console_flush();
    }
}
