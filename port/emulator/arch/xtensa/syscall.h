/*
 * Linux system calls of Xtensa: the numbers that linux.c needs, and the call itself.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BOARD_SYSCALL_H
#define BOARD_SYSCALL_H

#include <stdint.h>

enum {
    SYSCALL_CLOSE = 9,
    SYSCALL_READ = 12,
    SYSCALL_WRITE = 13,
    SYSCALL_LLSEEK = 17,
    SYSCALL_MMAP2 = 80,
    SYSCALL_MUNMAP = 81,
    SYSCALL_SOCKET = 96,
    SYSCALL_SETSOCKOPT = 97,
    SYSCALL_SHUTDOWN = 99,
    SYSCALL_BIND = 100,
    SYSCALL_LISTEN = 102,
    SYSCALL_GETSOCKNAME = 104,
    SYSCALL_SENDTO = 110,
    SYSCALL_RECVFROM = 111,
    SYSCALL_EXIT_GROUP = 119,
    SYSCALL_GETPID = 120,
    SYSCALL_KILL = 123,
    SYSCALL_RT_SIGACTION = 226,
    SYSCALL_OPENAT = 288,
    SYSCALL_ACCEPT4 = 333,
    SYSCALL_GETRANDOM = 338,
    SYSCALL_MEMFD_CREATE = 339,
    SYSCALL_CLOCK_GETTIME64 = 403,
    SYSCALL_PPOLL_TIME64 = 414,
};

/** Offset of the program counter in the kernel's ucontext. */
#define SYSCALL_CONTEXT_PC 20

/** Returns the kernel's result: 0 or more, or a negated error number. */
static inline intptr_t board_syscall(intptr_t number, intptr_t a, intptr_t b, intptr_t c,
                                     intptr_t d, intptr_t e, intptr_t f)
{
    register intptr_t a2 __asm__("a2") = number;
    register intptr_t a6 __asm__("a6") = a;
    register intptr_t a3 __asm__("a3") = b;
    register intptr_t a4 __asm__("a4") = c;
    register intptr_t a5 __asm__("a5") = d;
    register intptr_t a8 __asm__("a8") = e;
    register intptr_t a9 __asm__("a9") = f;
    __asm__ volatile("syscall"
                     : "+r"(a2)
                     : "r"(a6), "r"(a3), "r"(a4), "r"(a5), "r"(a8), "r"(a9)
                     : "memory");
    return a2;
}

#endif
