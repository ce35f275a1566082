/*
 * Which code is being executed: what tasks have on their stacks. The search takes every word for a
 * return address, so it may find a task that has left, but never misses one that is inside.
 *
 * The caller holds HOTRELOAD_LOCK_MODULE.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_IN_USE_H
#define HOTRELOAD_IN_USE_H

#include "port.h"

/** Run addresses [start, start + size). */
typedef struct {
    uint32_t start;
    uint32_t size;
} hotreload_code_t;

/** Who executes it. */
typedef struct {
    char task[16];    /**< empty: nobody */
    uint32_t address; /**< where the task goes on, or returns to */
} hotreload_user_t;

/** Where the public function that is being executed was called: what it calls itself is nobody's.
 */
typedef struct {
    const uint32_t *stack; /**< first word in use */
    uint32_t return_address;
} hotreload_caller_t;

/**
 * The caller of the function that this is written in. Below its frame, windowed Xtensa saves four
 * registers of the caller.
 */
#define HOTRELOAD_CALLER()                                                                         \
    ((hotreload_caller_t){                                                                         \
        .stack = (const uint32_t *)__builtin_frame_address(0) - 4,                                 \
        .return_address = (uint32_t)(uintptr_t)__builtin_return_address(0),                        \
    })

/** Notes the caller of a public function, before hotreload_find_user(). */
void hotreload_note_caller(hotreload_caller_t caller);

/**
 * Looks for a task that is at one of these places, or returns to one. Only within
 * hotreload_port_alone().
 *
 * @param returns  false: only where a task goes on counts, not where it returns to
 * @param user     gets the first one that is found
 * @return true: there is one
 */
bool hotreload_find_user_when_alone(const hotreload_code_t *code, size_t count, bool returns,
                                    hotreload_user_t *user);

/**
 * The same, at any other time: stops the rest of the program while it looks.
 *
 * @return true also when there is no memory to look: `user` has no name then
 */
bool hotreload_find_user(const hotreload_code_t *code, size_t count, hotreload_user_t *user);

#endif
