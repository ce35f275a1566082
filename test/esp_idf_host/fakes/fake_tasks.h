/*
 * Tasks and interrupts of FreeRTOS, as the port looks at them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_TASKS_H
#define FAKE_TASKS_H

#include <stddef.h>
#include <stdint.h>

/** A task; the handle is its address. */
typedef struct {
    const char *name;
    uint32_t *top, *end; /* of the stack */
} fake_task_t;

typedef struct {
    const fake_task_t *tasks; /**< the first one calls; NULL: there is only that one */
    unsigned count;
    unsigned unexpected; /**< tasks that are created after they were counted */
} fake_tasks_t;

extern fake_tasks_t fake_tasks;

/** Whether the interrupts of this thread are off. */
extern _Thread_local unsigned fake_interrupts_off;

#endif
