/*
 * The firmware of the test of patches: calls each export, and prints what comes back.
 * Compiled for each program with CALLS, a list of CALL(name).
 *
 * SPDX-License-Identifier: MIT
 */
#include "syscall.h"

#define CALL(name) extern int name(int x);
CALLS
#undef CALL

static int (*const exports[])(int) = {
#define CALL(name) name,
    CALLS
#undef CALL
};

int firmware_counter;
static const char *kept[64];
static unsigned kept_count;

void *memcpy(void *to, const void *from, unsigned n);
void *memset(void *to, int c, unsigned n);

void *memcpy(void *to, const void *from, unsigned n)
{
    volatile char *t = to;
    const char *f = from;
    while (n--) {
        *t++ = *f++;
    }
    return to;
}

void *memset(void *to, int c, unsigned n)
{
    volatile char *t = to;
    while (n--) {
        *t++ = (char)c;
    }
    return to;
}

static void print(const char *text)
{
    unsigned n = 0;
    while (text[n]) {
        n++;
    }
    board_syscall(SYSCALL_WRITE, 1, (intptr_t)text, (intptr_t)n, 0, 0, 0);
}

static void print_line(const char *text, unsigned x)
{
    char line[12];
    for (int i = 0; i < 8; i++) {
        line[i] = "0123456789abcdef"[x >> (28 - 4 * i) & 15];
    }
    line[8] = ' ';
    line[9] = '\0';
    print(line);
    print(text);
    print("\n");
}

int firmware_log(const char *text, int x)
{
    print_line(text, (unsigned)x);
    return x + 1;
}

int firmware_call(int (*function)(int), int x)
{
    return function(x) + function(x + 1);
}

int firmware_keep(const char *text)
{
    kept[kept_count++ % 64] = text;
    return (int)kept_count;
}

void firmware_die(void) __attribute__((noreturn));
void firmware_die(void)
{
    for (;;) {
        board_syscall(SYSCALL_EXIT_GROUP, 3, 0, 0, 0, 0, 0);
    }
}

void hotreload_missing(unsigned slot) __attribute__((noreturn));
void hotreload_missing(unsigned slot)
{
    print_line("missing", slot);
    firmware_die();
}

extern const int hotreload_firmware_table[] __attribute__((weak));
const int *volatile used_table;

void firmware_main(void)
{
    static const int arguments[] = {0, 1, 2, 3, 6, 11, 100, -5};

    used_table = hotreload_firmware_table;
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < sizeof exports / sizeof exports[0]; i++) {
            for (unsigned k = 0; k < sizeof arguments / sizeof arguments[0]; k++) {
                print_line("export", (unsigned)exports[i](arguments[k]));
            }
        }
    }
    for (unsigned i = 0; i < kept_count && i < 64; i++) {
        print(kept[i]);
        print("\n");
    }
    board_syscall(SYSCALL_EXIT_GROUP, 0, 0, 0, 0, 0, 0);
}

#if defined __xtensa__
__asm__(".literal_position\n .balign 4\n .globl _start\n_start:\n movi a0, 0\n movi a2, -16\n"
        " and a1, a1, a2\n movi a2, firmware_main\n callx4 a2\n");
#else
__asm__(".text\n .globl _start\n_start:\n andi sp, sp, -16\n tail firmware_main\n");
#endif
