/*
 * One run: tasks chosen by a seed do their operations at the same time; afterwards every outcome,
 * the loaded module, the store and the memory are as they have to be.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUN_H
#define RUN_H

#include <stdint.h>

#include "schedule.h"

/** What the runs so far have seen. */
typedef struct {
    unsigned uploads_stored, uploads_refused, loads, loads_refused, statuses;
} run_counts_t;

extern run_counts_t run_counts;

typedef void (*run_tasks_t)(uint64_t seed, const schedule_task_t *tasks, size_t count);

/** Before the first run. */
void run_set_up(void);

/** Does the run of this seed; `run_tasks` lets the tasks run. Ends the program on a failure. */
void run_once(uint64_t seed, run_tasks_t run_tasks);

#endif
