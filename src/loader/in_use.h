/*
 * Which code is being executed: where tasks go on, and what they return to.
 *
 * Every word on a stack that looks like an address in the code is a candidate. Candidates that lie
 * in frames which the search can tell apart (loader/frames.h) count only if they are the return
 * address of a frame; all others count. So the search never misses a task that is inside. It may
 * find one that has left, where the frames cannot be told apart.
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
    bool returns; /**< false: only where a task goes on counts, not what it returns to */
} hotreload_code_t;

/** Who executes it. */
typedef struct {
    bool found;       /**< false: nobody does */
    char task[16];    /**< its name; never empty if found */
    uint32_t address; /**< where the task goes on, or returns to */
} hotreload_user_t;

/** Where the public function under way was called. What it calls itself is hotreload's own. */
typedef struct {
    const uint32_t *stack; /**< __builtin_frame_address(0) of the public function */
    uint32_t return_address;
} hotreload_caller_t;

/** The caller of the function that this is written in. */
#define HOTRELOAD_CALLER()                                                                         \
    ((hotreload_caller_t){                                                                         \
        .stack = (const uint32_t *)__builtin_frame_address(0),                                     \
        .return_address = (uint32_t)(uintptr_t)__builtin_return_address(0),                        \
    })

/** Notes the caller of a public function, before hotreload_find_user(). */
void hotreload_note_caller(hotreload_caller_t caller);

/**
 * Looks for a task that is at one of these places, or returns to one. Only within
 * hotreload_port_alone().
 *
 * @param user  gets the first one that is found
 * @return true: there is one
 */
bool hotreload_find_user_when_alone(const hotreload_code_t *code, size_t count,
                                    hotreload_user_t *user);

/**
 * The same, at any other time: stops the rest of the program while it looks.
 *
 * @return true also when it cannot look: `user->found` is false then
 */
bool hotreload_find_user(const hotreload_code_t *code, size_t count, hotreload_user_t *user);

#endif
