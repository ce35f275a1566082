/*
 * Thousands of interleavings of the core's tasks, one thread running at a time, in an order that
 * seeds decide. Arguments: the first seed (0) and how many (2500).
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>

#include "run.h"
#include "thread_port.h"

#define RUNS 2500u

static uint64_t *identities;
static size_t count;
static unsigned long long points, switches;

static void run_tasks(uint64_t seed, const schedule_task_t *tasks, size_t task_count)
{
    schedule_result_t result = schedule_run(seed, tasks, task_count);
    identities[count++] = result.identity;
    points += result.points;
    switches += result.switches;
}

static int compare(const void *a, const void *b)
{
    const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static size_t count_distinct(void)
{
    size_t distinct = 0;
    qsort(identities, count, sizeof identities[0], compare);
    for (size_t i = 0; i < count; i++) {
        distinct += i == 0 || identities[i] != identities[i - 1];
    }
    return distinct;
}

int main(int argc, char **argv)
{
    const uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
    const uint64_t runs = argc > 2 ? strtoull(argv[2], NULL, 10) : RUNS;
    identities = calloc(runs, sizeof identities[0]);
    if (identities == NULL) {
        perror("calloc");
        return 1;
    }
    run_set_up();
    for (uint64_t seed = first; seed < first + runs; seed++) {
        run_once(seed, run_tasks);
    }
    const size_t distinct = count_distinct();
    printf("%zu distinct interleavings of %zu, %llu points, %llu switches\n", distinct, count,
           points, switches);
    printf("%u modules stored, %u refused; %u loads, %u refused; %u statuses; %u faults\n",
           run_counts.uploads_stored, run_counts.uploads_refused, run_counts.loads,
           run_counts.loads_refused, run_counts.statuses, thread_port_faults());
    free(identities);
    return distinct == count ? 0 : 1;
}
