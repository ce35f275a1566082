/*
 * The few services of the Linux kernel that the emulated board stands on. They are what a chip's
 * hardware and lwIP are to a real board; nothing above port/emulator knows of them.
 *
 * All functions return 0 or more, or a negated error number.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BOARD_LINUX_H
#define BOARD_LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The kernel's error numbers; those of the C library's errno.h may differ. */
enum {
    LINUX_EINTR = 4,
    LINUX_EAGAIN = 11,
};

#define LINUX_PAGE_SIZE 4096u

/** What may be done with mapped memory; to be combined. */
enum {
    LINUX_READ = 1,
    LINUX_WRITE = 2,
    LINUX_EXECUTE = 4,
};

/** Ends the program; the low 8 bits of `code` are its exit code. */
_Noreturn void linux_exit(int code);

/**
 * Sets the function that is called when the program accesses memory that it does not have, or
 * executes an invalid instruction. `context` is the kernel's ucontext; a second fault ends the
 * program.
 */
void linux_on_fault(void (*handler)(int signal, const void *info, const void *context));

/** Ends the program as if by this signal. */
_Noreturn void linux_end_by_signal(int signal);

/** Milliseconds of a clock that never goes back. */
int64_t linux_now_ms(void);

/** Fills `data` with random bytes, at most 256. */
int linux_random(void *data, size_t size);

/** Writes everything, with as many calls as that takes. */
int linux_write_all(int file, const void *data, size_t size);

/** Reads up to `size` bytes; waits for the first. 0: the end of the file. */
int linux_read(int file, void *data, size_t size);

/** Opens a file for reading and writing; creates it when `create` is set. */
int linux_open(const char *path, bool create);
int linux_close(int file);

/** Length of an open file in bytes; INT32_MIN: 2 GB and more. */
int32_t linux_file_size(int file);
/** Appends `size` bytes of one value. */
int linux_file_fill(int file, uint8_t value, uint32_t size);

/** An unnamed file in memory, of length 0. `name` shows in /proc. */
int linux_memory_file(const char *name);

/**
 * Maps a part of a file, shared with all its other mappings.
 *
 * @param address  where to put it: a multiple of the page size
 * @param fixed    true: exactly there, in place of what is there; false: there or elsewhere
 * @param offset   in the file, bytes, a multiple of the page size
 * @return the address, or NULL
 */
void *linux_map(uintptr_t address, bool fixed, size_t size, int access, int file, uint32_t offset);
void linux_unmap(void *address, size_t size);

/**
 * Opens a listening, non-blocking TCP socket on 127.0.0.1.
 *
 * @param port  0: the kernel chooses; gets the port that it listens on
 */
int linux_listen(uint16_t *port, int backlog);
/** Takes a waiting connection as a non-blocking socket. */
int linux_accept(int listener);
/** Receives what is there, at most `size` bytes. 0: the other side sends no more. */
int linux_receive(int socket, void *data, size_t size);
/** Sends what the kernel takes at once. */
int linux_send(int socket, const void *data, size_t size);
/** Tells the other side that nothing more will be sent. */
void linux_shut_down_sending(int socket);

/** A socket waited for; `happened` is not 0 when something can be received or accepted. */
typedef struct {
    int socket;
    short wanted; /**< LINUX_POLL_IN */
    short happened;
} linux_poll_t;

#define LINUX_POLL_IN 1

/** Waits until one of the sockets is ready, at most timeout_ms. @return how many are ready */
int linux_poll(linux_poll_t *sockets, size_t count, int64_t timeout_ms);

#endif
