/* SPDX-License-Identifier: MIT */
#include "linux.h"

#include <string.h>

#include "syscall.h"

/* Numbers of the kernel's interface, equal on RISC-V and Xtensa. */
enum {
    AT_FDCWD = -100,
    O_RDWR = 02,
    O_CREAT = 0100,
    O_CLOEXEC = 02000000,
    FILE_MODE = 0644,
    SEEK_FROM_END = 2,
    MAP_SHARED = 0x01,
    MAP_FIXED = 0x10,
    MFD_CLOEXEC = 1,
    AF_INET = 2,
    SOCK_STREAM = 1,
    SOCK_NONBLOCK = 04000,
    SOCK_CLOEXEC = 02000000,
    SOL_SOCKET = 1,
    SO_REUSEADDR = 2,
    MSG_NOSIGNAL = 0x4000,
    SHUT_WR = 1,
    CLOCK_MONOTONIC = 1,
    LARGEST_ERROR = 4095,
    SIGNAL_ILL = 4,
    SIGNAL_BUS = 7,
    SIGNAL_SEGV = 11,
    SIGNAL_SET_SIZE = 8,
    SA_SIGINFO = 4,
    SA_NODEFER = 0x40000000,
};

/* struct __kernel_timespec */
typedef struct {
    int64_t seconds;
    int64_t nanoseconds;
} linux_time_t;

/* struct sigaction of the kernel, with or without the restorer, which is not needed here */
typedef struct {
    void (*handler)(int signal, const void *info, const void *context);
    uint32_t flags;
    uint32_t zero[3];
} linux_signal_action_t;

/* struct sockaddr_in; port and address in network byte order */
typedef struct {
    uint16_t family;
    uint8_t port[2];
    uint8_t address[4];
    uint8_t zero[8];
} linux_address_t;

static intptr_t call3(intptr_t number, intptr_t a, intptr_t b, intptr_t c)
{
    return board_syscall(number, a, b, c, 0, 0, 0);
}

void linux_exit(int code)
{
    for (;;) {
        call3(SYSCALL_EXIT_GROUP, code, 0, 0);
    }
}

void linux_on_fault(void (*handler)(int signal, const void *info, const void *context))
{
    const uint32_t once = 0x80000000u; /* SA_RESETHAND */
    linux_signal_action_t action = {.handler = handler, .flags = SA_SIGINFO | SA_NODEFER | once};
    const int signals[] = {SIGNAL_ILL, SIGNAL_BUS, SIGNAL_SEGV};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        board_syscall(SYSCALL_RT_SIGACTION, signals[i], (intptr_t)&action, 0, SIGNAL_SET_SIZE, 0,
                      0);
    }
}

void linux_end_by_signal(int signal)
{
    for (;;) {
        call3(SYSCALL_KILL, call3(SYSCALL_GETPID, 0, 0, 0), signal, 0);
    }
}

int64_t linux_now_ms(void)
{
    linux_time_t now = {0};
    call3(SYSCALL_CLOCK_GETTIME64, CLOCK_MONOTONIC, (intptr_t)&now, 0);
    return now.seconds * 1000 + now.nanoseconds / 1000000;
}

int linux_random(void *data, size_t size)
{
    return (int)call3(SYSCALL_GETRANDOM, (intptr_t)data, (intptr_t)size, 0);
}

int linux_write_all(int file, const void *data, size_t size)
{
    const uint8_t *next = data;
    while (size > 0) {
        intptr_t written = call3(SYSCALL_WRITE, file, (intptr_t)next, (intptr_t)size);
        if (written == -LINUX_EINTR) {
            continue;
        }
        if (written <= 0) {
            return (int)written;
        }
        next += written;
        size -= (size_t)written;
    }
    return 0;
}

int linux_read(int file, void *data, size_t size)
{
    return (int)call3(SYSCALL_READ, file, (intptr_t)data, (intptr_t)size);
}

int linux_open(const char *path, bool create)
{
    int flags = O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0);
    return (int)board_syscall(SYSCALL_OPENAT, AT_FDCWD, (intptr_t)path, flags, FILE_MODE, 0, 0);
}

int linux_close(int file)
{
    return (int)call3(SYSCALL_CLOSE, file, 0, 0);
}

int32_t linux_file_size(int file)
{
    int64_t size = 0;
    intptr_t error = board_syscall(SYSCALL_LLSEEK, file, 0, 0, (intptr_t)&size, SEEK_FROM_END, 0);
    if (error < 0) {
        return (int32_t)error;
    }
    return size <= INT32_MAX ? (int32_t)size : INT32_MIN;
}

int linux_file_fill(int file, uint8_t value, uint32_t size)
{
    uint8_t block[1024];
    memset(block, value, sizeof block);
    while (size > 0) {
        uint32_t piece = size < sizeof block ? size : (uint32_t)sizeof block;
        int error = linux_write_all(file, block, piece);
        if (error < 0) {
            return error;
        }
        size -= piece;
    }
    return 0;
}

int linux_memory_file(const char *name)
{
    return (int)call3(SYSCALL_MEMFD_CREATE, (intptr_t)name, MFD_CLOEXEC, 0);
}

void *linux_map(uintptr_t address, bool fixed, size_t size, int access, int file, uint32_t offset)
{
    int flags = MAP_SHARED | (fixed ? MAP_FIXED : 0);
    intptr_t result = board_syscall(SYSCALL_MMAP2, (intptr_t)address, (intptr_t)size, access, flags,
                                    file, (intptr_t)(offset / LINUX_PAGE_SIZE));
    return result < 0 && result >= -LARGEST_ERROR ? NULL : (void *)result;
}

void linux_unmap(void *address, size_t size)
{
    call3(SYSCALL_MUNMAP, (intptr_t)address, (intptr_t)size, 0);
}

static int listen_on(int socket, uint16_t *port, int backlog)
{
    int on = 1;
    board_syscall(SYSCALL_SETSOCKOPT, socket, SOL_SOCKET, SO_REUSEADDR, (intptr_t)&on, sizeof on,
                  0);
    linux_address_t address = {
        .family = AF_INET,
        .port = {(uint8_t)(*port >> 8), (uint8_t)*port},
        .address = {127, 0, 0, 1},
    };
    intptr_t result = call3(SYSCALL_BIND, socket, (intptr_t)&address, sizeof address);
    if (result < 0) {
        return (int)result;
    }
    result = call3(SYSCALL_LISTEN, socket, backlog, 0);
    if (result < 0) {
        return (int)result;
    }
    uint32_t size = sizeof address;
    result = call3(SYSCALL_GETSOCKNAME, socket, (intptr_t)&address, (intptr_t)&size);
    *port = (uint16_t)(address.port[0] << 8 | address.port[1]);
    return (int)result;
}

int linux_listen(uint16_t *port, int backlog)
{
    int socket = (int)call3(SYSCALL_SOCKET, AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket < 0) {
        return socket;
    }
    int error = listen_on(socket, port, backlog);
    if (error < 0) {
        linux_close(socket);
        return error;
    }
    return socket;
}

int linux_accept(int listener)
{
    return (int)board_syscall(SYSCALL_ACCEPT4, listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC, 0, 0);
}

int linux_receive(int socket, void *data, size_t size)
{
    return (int)board_syscall(SYSCALL_RECVFROM, socket, (intptr_t)data, (intptr_t)size, 0, 0, 0);
}

int linux_send(int socket, const void *data, size_t size)
{
    return (int)board_syscall(SYSCALL_SENDTO, socket, (intptr_t)data, (intptr_t)size, MSG_NOSIGNAL,
                              0, 0);
}

void linux_shut_down_sending(int socket)
{
    call3(SYSCALL_SHUTDOWN, socket, SHUT_WR, 0);
}

int linux_poll(linux_poll_t *sockets, size_t count, int64_t timeout_ms)
{
    linux_time_t timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000000};
    return (int)board_syscall(SYSCALL_PPOLL_TIME64, (intptr_t)sockets, (intptr_t)count,
                              (intptr_t)&timeout, 0, 0, 0);
}
