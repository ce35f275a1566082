/*
 * The port (src/port.h) for tests with threads: real mutexes, and a point of schedule.h at every
 * call. Memory and flash (thread_memory.h, thread_flash.h) have no locks of their own: the core is
 * to call them with its locks held, and ThreadSanitizer sees where it does not. A broken rule of
 * the contract ends the program.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef THREAD_PORT_H
#define THREAD_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "port.h"

/** What a run can change; set it before the tasks start. */
typedef struct {
    uint32_t flash_sectors; /**< at most THREAD_FLASH_SECTORS */
    size_t ram_limit;       /**< bytes of all regions together */
} thread_port_settings_t;

/** Something that replaces SHA-256: these tests are not about cryptography. */
typedef struct {
    uint8_t bytes[HOTRELOAD_HASH_SIZE];
} thread_port_digest_t;

/** Erases the flash and takes the settings. Nothing may be alive. */
void thread_port_begin(const thread_port_settings_t *settings);

/** From now on one in so many operations that can fail does; 0: none does, as at the beginning. */
void thread_port_fail_one_in(uint32_t operations);

/** Ends the program if a region, a hash or a mapping is left. */
void thread_port_expect_idle(void);

/** How many operations failed on purpose since the start of the program. */
unsigned thread_port_faults(void);

/** The hash of bytes; `key` may be NULL. */
thread_port_digest_t thread_port_digest(const void *key, size_t key_size, const void *data,
                                        size_t size);

/** `check` is called each time before HOTRELOAD_LOCK_MODULE is given back. */
void thread_port_on_module_unlock(void (*check)(void));

/** The number that hotreload_port_retain() keeps. The caller holds HOTRELOAD_LOCK_STATUS. */
uint32_t thread_port_retained(void);

/** Does what the timer of hotreload_port_trial_timer() does when its time has come. */
void thread_port_let_timer_expire(void);

/** Names the run that begins, so that a failure can say how to repeat it. */
void thread_port_describe_run(uint64_t seed);

/** Prints a message and ends the program. */
_Noreturn void thread_port_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- For the other parts of the port ---- */

/** A point of the schedule. One at a time, the table is checked at each. */
void thread_port_point(void);

/** A point at which an operation may fail on purpose. @return true: it is to fail */
bool thread_port_fails_here(void);

#endif
