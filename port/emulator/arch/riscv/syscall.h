/*
 * Linux system calls of 32-bit RISC-V: the numbers that linux.c needs, and the call itself.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BOARD_SYSCALL_H
#define BOARD_SYSCALL_H

#include <stdint.h>

enum {
    SYSCALL_OPENAT = 56,
    SYSCALL_CLOSE = 57,
    SYSCALL_LLSEEK = 62,
    SYSCALL_READ = 63,
    SYSCALL_WRITE = 64,
    SYSCALL_EXIT_GROUP = 94,
    SYSCALL_KILL = 129,
    SYSCALL_RT_SIGACTION = 134,
    SYSCALL_GETPID = 172,
    SYSCALL_SOCKET = 198,
    SYSCALL_BIND = 200,
    SYSCALL_LISTEN = 201,
    SYSCALL_GETSOCKNAME = 204,
    SYSCALL_SENDTO = 206,
    SYSCALL_RECVFROM = 207,
    SYSCALL_SETSOCKOPT = 208,
    SYSCALL_SHUTDOWN = 210,
    SYSCALL_MUNMAP = 215,
    SYSCALL_MMAP2 = 222,
    SYSCALL_ACCEPT4 = 242,
    SYSCALL_GETRANDOM = 278,
    SYSCALL_MEMFD_CREATE = 279,
    SYSCALL_CLOCK_GETTIME64 = 403,
    SYSCALL_PPOLL_TIME64 = 414,
};

/** Offset of the program counter in the kernel's ucontext. */
#define SYSCALL_CONTEXT_PC 160

/** Returns the kernel's result: 0 or more, or a negated error number. */
static inline intptr_t board_syscall(intptr_t number, intptr_t a, intptr_t b, intptr_t c,
                                     intptr_t d, intptr_t e, intptr_t f)
{
    register intptr_t a0 __asm__("a0") = a;
    register intptr_t a1 __asm__("a1") = b;
    register intptr_t a2 __asm__("a2") = c;
    register intptr_t a3 __asm__("a3") = d;
    register intptr_t a4 __asm__("a4") = e;
    register intptr_t a5 __asm__("a5") = f;
    register intptr_t a7 __asm__("a7") = number;
    __asm__ volatile("ecall"
                     : "+r"(a0)
                     : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7)
                     : "memory");
    return a0;
}

#endif
