/*
 * What newlib asks of the system below it: memory for malloc(), and the console as its only file.
 * It asks by the names with _r, however it is configured.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <reent.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libc/console.h"
#include "linux.h"

/* Room for malloc(), from the linker script. */
extern char __heap_start[], __heap_end[];

void *_sbrk_r(struct _reent *reent, ptrdiff_t increment)
{
    static char *end = __heap_start;
    (void)reent;
    if (increment > __heap_end - end || increment < __heap_start - end) {
        errno = ENOMEM;
        return (void *)-1;
    }
    char *previous = end;
    end += increment;
    return previous;
}

_ssize_t _write_r(struct _reent *reent, int file, const void *data, size_t size)
{
    (void)reent;
    (void)file;
    const char *characters = data;
    for (size_t i = 0; i < size; i++) {
        board_console_put(characters[i]);
    }
    return (_ssize_t)size;
}

/* Nothing can be typed. */
_ssize_t _read_r(struct _reent *reent, int file, void *data, size_t size)
{
    (void)reent;
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

int _isatty_r(struct _reent *reent, int file)
{
    (void)reent;
    return isatty(file);
}

int _fstat_r(struct _reent *reent, int file, struct stat *status)
{
    (void)reent;
    (void)file;
    *status = (struct stat){.st_mode = S_IFCHR};
    return 0;
}

_off_t _lseek_r(struct _reent *reent, int file, _off_t offset, int origin)
{
    (void)reent;
    (void)file;
    (void)offset;
    (void)origin;
    errno = ESPIPE;
    return -1;
}

int _close_r(struct _reent *reent, int file)
{
    (void)reent;
    (void)file;
    return 0;
}

/* That of the chips' newlib holds threads off while it works on files; there are none. */
int pthread_setcancelstate(int state, int *previous);

int pthread_setcancelstate(int state, int *previous)
{
    *previous = state;
    return 0;
}

void _exit(int code)
{
    board_console_flush();
    linux_exit(code);
}
