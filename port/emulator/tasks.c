/*
 * The board has one thread, whose stack is all that is under way.
 *
 * SPDX-License-Identifier: MIT
 */
#include "port.h"
#include "stack.h"

/** Frames that a windowed Xtensa has in registers, at most. */
#define WINDOWS 16u

/** Windowed Xtensa saves registers of outer frames to the stack when inner ones need the room. */
static __attribute__((noinline)) unsigned save_registers(unsigned depth)
{
    __asm__ volatile("" : "+r"(depth));
    return depth == 0 ? 0 : 1 + save_registers(depth - 1);
}

void hotreload_port_each_task(const uint32_t *caller_from,
                              bool (*visit)(const hotreload_task_t *task, void *context),
                              void *context)
{
    (void)save_registers(WINDOWS);
    const hotreload_task_t task = {.name = "main", .stack = caller_from, .end = stack_end()};
    (void)visit(&task, context);
}

esp_err_t hotreload_port_alone(const hotreload_region_t *text, void (*action)(void *context),
                               void *context)
{
    static const hotreload_region_t no_data;
    action(context);
    return hotreload_port_sync(text, &no_data);
}

void hotreload_port_pause(void)
{
    /* Nothing else could go on. */
}
