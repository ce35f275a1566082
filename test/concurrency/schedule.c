/* SPDX-License-Identifier: MIT */
#include "schedule.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MUTEXES 8u
#define NOBODY  (-1)
/* How many times less than the others a slow task is chosen. */
#define SLOWNESS 100u

typedef enum { MODE_NONE, MODE_SERIAL, MODE_FREE } schedule_mode_t;

typedef struct {
    schedule_task_t task;
    pthread_t thread;
    atomic_uint turn; /* futex: 1: may go on */
    int waits_for;    /* mutex, or NOBODY */
    bool ended;
} worker_t;

/* While tasks run one at a time only the running one touches this. */
static struct {
    schedule_mode_t mode;
    worker_t workers[SCHEDULE_TASKS];
    size_t count;
    int holders[MUTEXES];
    uint32_t patience; /* a task goes on at all points but one in so many */
    worker_t *slow;    /* hardly ever chosen: long things happen inside its short ones; or NULL */
    schedule_result_t result;
} schedule;

static _Thread_local worker_t *self;
static _Thread_local uint64_t random_state; /* of free tasks and outside of tasks */
static uint64_t serial_random_state;

uint32_t schedule_random(uint32_t below)
{
    uint64_t *state = schedule.mode == MODE_SERIAL ? &serial_random_state : &random_state;
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(((*state >> 32) * below) >> 32);
}

bool schedule_is_serial(void)
{
    return schedule.mode == MODE_SERIAL;
}

/* ---- Handing over ---- */

static void wait_for_turn(worker_t *worker)
{
    while (atomic_load(&worker->turn) == 0) {
        syscall(SYS_futex, &worker->turn, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    }
    atomic_store(&worker->turn, 0);
}

static void give_turn(worker_t *worker)
{
    atomic_store(&worker->turn, 1);
    syscall(SYS_futex, &worker->turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static bool can_go_on(const worker_t *worker)
{
    return !worker->ended &&
           (worker->waits_for == NOBODY || schedule.holders[worker->waits_for] == NOBODY);
}

static void note(uint64_t value)
{
    schedule.result.identity = (schedule.result.identity ^ value) * 1099511628211u;
}

/* @return one of those that can go on; NULL: there is none */
static worker_t *choose(void)
{
    worker_t *able[SCHEDULE_TASKS];
    uint32_t count = 0;
    const bool pass_over = schedule_random(SLOWNESS) != 0;
    for (size_t i = 0; i < schedule.count; i++) {
        worker_t *worker = &schedule.workers[i];
        if (can_go_on(worker) && !(pass_over && worker == schedule.slow)) {
            able[count++] = worker;
        }
    }
    if (count == 0 && schedule.slow != NULL && can_go_on(schedule.slow)) {
        return schedule.slow;
    }
    return count == 0 ? NULL : able[schedule_random(count)];
}

static _Noreturn void report_deadlock(void)
{
    for (size_t i = 0; i < schedule.count; i++) {
        fprintf(stderr, "task %zu waits for lock %d\n", i, schedule.workers[i].waits_for);
    }
    fprintf(stderr, "deadlock: no task can go on\n");
    abort();
}

static void hand_over(worker_t *next)
{
    note((uint64_t)(next - schedule.workers) + 1);
    if (next != self) {
        schedule.result.switches++;
        give_turn(next);
        wait_for_turn(self);
    }
}

void schedule_point(void)
{
    if (self == NULL) {
        return;
    }
    if (schedule.mode == MODE_FREE) {
        if (schedule_random(8) == 0) {
            sched_yield();
        }
        return;
    }
    schedule.result.points++;
    note(0);
    if (schedule_random(schedule.patience) == 0) {
        hand_over(choose()); /* this one can go on, so there is one */
    }
}

void schedule_lock(unsigned mutex)
{
    schedule_point();
    if (self == NULL || schedule.mode == MODE_FREE) {
        return;
    }
    while (schedule.holders[mutex] != NOBODY) {
        self->waits_for = (int)mutex;
        worker_t *next = choose();
        if (next == NULL) {
            report_deadlock();
        }
        hand_over(next);
        self->waits_for = NOBODY;
    }
    schedule.holders[mutex] = (int)(self - schedule.workers);
}

void schedule_unlock(unsigned mutex)
{
    if (self != NULL && schedule.mode == MODE_SERIAL) {
        schedule.holders[mutex] = NOBODY;
    }
    schedule_point();
}

/* ---- Running ---- */

static void *run_serially(void *argument)
{
    self = argument;
    wait_for_turn(self);
    self->task.function(self->task.argument);
    self->ended = true;
    worker_t *next = choose();
    if (next != NULL) {
        note((uint64_t)(next - schedule.workers) + 1);
        give_turn(next);
        return NULL;
    }
    for (size_t i = 0; i < schedule.count; i++) {
        if (!schedule.workers[i].ended) {
            report_deadlock();
        }
    }
    return NULL;
}

static void *run_freely(void *argument)
{
    self = argument;
    random_state = serial_random_state + (uint64_t)(self - schedule.workers) * 7919;
    self->task.function(self->task.argument);
    return NULL;
}

static void run(schedule_mode_t mode, uint64_t seed, const schedule_task_t *tasks, size_t count)
{
    static const uint32_t patiences[] = {2, 4, 16, 40};
    schedule.count = count;
    schedule.result = (schedule_result_t){.identity = 14695981039346656037u};
    serial_random_state = seed * 2862933555777941757u + 3037000493u;
    schedule.patience = patiences[seed % 4];
    /* Three of four interleavings have a slow task, each task in turn. */
    schedule.slow = seed / 4 % 4 == 0 ? NULL : &schedule.workers[seed / 16 % count];
    for (size_t i = 0; i < MUTEXES; i++) {
        schedule.holders[i] = NOBODY;
    }
    schedule.mode = mode;
    for (size_t i = 0; i < count; i++) {
        worker_t *worker = &schedule.workers[i];
        worker->task = tasks[i];
        worker->waits_for = NOBODY;
        worker->ended = false;
        atomic_store(&worker->turn, 0);
        if (pthread_create(&worker->thread, NULL, mode == MODE_SERIAL ? run_serially : run_freely,
                           worker) != 0) {
            perror("pthread_create");
            abort();
        }
    }
    if (mode == MODE_SERIAL) {
        give_turn(choose());
    }
    for (size_t i = 0; i < count; i++) {
        pthread_join(schedule.workers[i].thread, NULL);
    }
    schedule.mode = MODE_NONE;
}

schedule_result_t schedule_run(uint64_t seed, const schedule_task_t *tasks, size_t count)
{
    run(MODE_SERIAL, seed, tasks, count);
    return schedule.result;
}

void schedule_run_freely(uint64_t seed, const schedule_task_t *tasks, size_t count)
{
    run(MODE_FREE, seed, tasks, count);
}
