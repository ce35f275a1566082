/*
 * What newlib asks of the system below it: memory for malloc(), and the console as its only file.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libc/console.h"
#include "linux.h"

/* Room for malloc(), from the linker script. */
extern char __heap_start[], __heap_end[];

void *sbrk(ptrdiff_t increment)
{
    static char *end = __heap_start;
    if (increment > __heap_end - end || increment < __heap_start - end) {
        errno = ENOMEM;
        return (void *)-1;
    }
    char *previous = end;
    end += increment;
    return previous;
}

int write(int file, const void *data, size_t size)
{
    (void)file;
    const char *characters = data;
    for (size_t i = 0; i < size; i++) {
        board_console_put(characters[i]);
    }
    return (int)size;
}

/* Nothing can be typed. */
int read(int file, void *data, size_t size)
{
    (void)file;
    (void)data;
    (void)size;
    return 0;
}

/* A terminal, so that newlib sends whole lines. */
int isatty(int file)
{
    (void)file;
    return 1;
}

int fstat(int file, struct stat *status)
{
    (void)file;
    *status = (struct stat){.st_mode = S_IFCHR};
    return 0;
}

off_t lseek(int file, off_t offset, int origin)
{
    (void)file;
    (void)offset;
    (void)origin;
    errno = ESPIPE;
    return -1;
}

int close(int file)
{
    (void)file;
    return 0;
}

void _exit(int code)
{
    board_console_flush();
    linux_exit(code);
}
