/*
 * The same tasks really at once, on as many cores as there are. Arguments: the first seed (0) and
 * how many (600).
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>

#include "run.h"
#include "thread_port.h"

#define RUNS 600u

int main(int argc, char **argv)
{
    const uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
    const uint64_t runs = argc > 2 ? strtoull(argv[2], NULL, 10) : RUNS;
    run_set_up();
    for (uint64_t seed = first; seed < first + runs; seed++) {
        run_once(seed, schedule_run_freely);
    }
    printf("%llu runs; %u modules stored, %u refused; %u loads, %u refused; %u faults\n",
           (unsigned long long)runs, run_counts.uploads_stored, run_counts.uploads_refused,
           run_counts.loads, run_counts.loads_refused, thread_port_faults());
    return 0;
}
