/*
 * What picolibc asks of the system below it. Its malloc() takes memory between __heap_start and
 * __heap_end of the linker script by itself.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <unistd.h>

#include "libc/console.h"
#include "linux.h"

static int put(char character, FILE *stream)
{
    (void)stream;
    board_console_put(character);
    return 0;
}

static int flush(FILE *stream)
{
    (void)stream;
    board_console_flush();
    return 0;
}

static FILE console = FDEV_SETUP_STREAM(put, NULL, flush, _FDEV_SETUP_WRITE);

FILE *const stdout = &console;
FILE *const stderr = &console;

void _exit(int code)
{
    board_console_flush();
    linux_exit(code);
}
