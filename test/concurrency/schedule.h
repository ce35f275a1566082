/*
 * Runs threads one at a time, in an order that a seed decides: at every point where the code under
 * test reaches the port, another thread may go on. The same seed gives the same interleaving.
 *
 * ThreadSanitizer must not take a hand-over for synchronisation: then it would see no race at all.
 * So schedule.c is compiled without it and hands over with futexes, which it does not know; what it
 * does see are the mutexes of the port, as on a chip.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCHEDULE_TASKS 8u

typedef void (*schedule_function_t)(void *argument);

/** A thread to run. */
typedef struct {
    schedule_function_t function;
    void *argument;
} schedule_task_t;

/** How an interleaving went. */
typedef struct {
    uint64_t identity; /**< of the interleaving: which task went on at which point */
    unsigned points;   /**< at which another task could have gone on */
    unsigned switches; /**< at which one did */
} schedule_result_t;

/**
 * Runs the tasks to their ends, one at a time.
 *
 * @param seed   decides the interleaving
 * @param count  at most SCHEDULE_TASKS
 */
schedule_result_t schedule_run(uint64_t seed, const schedule_task_t *tasks, size_t count);

/** Runs the tasks at the same time, as the machine likes it; points only yield now and then. */
void schedule_run_freely(uint64_t seed, const schedule_task_t *tasks, size_t count);

/** Lets another task go on, perhaps. Outside of tasks it does nothing. */
void schedule_point(void);

/**
 * Before a mutex is locked: waits until no task holds it. Ends the program when every task waits.
 *
 * @param mutex  a number from 0 to 7
 */
void schedule_lock(unsigned mutex);

/** After a mutex was unlocked. */
void schedule_unlock(unsigned mutex);

/** A number from 0 to below - 1, decided by the seed. */
uint32_t schedule_random(uint32_t below);

/** True while tasks run one at a time: then what a task sees does not change under it. */
bool schedule_is_serial(void);

#endif
