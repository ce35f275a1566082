/*
 * The board has one thread, whose stack is all that is under way.
 *
 * SPDX-License-Identifier: MIT
 */
#include "port.h"
#include "stack.h"

static const uint32_t *end;

void stack_begins_at(const uint32_t *new_end)
{
    end = new_end;
}

/** Frames that a windowed Xtensa has in registers, at most. */
#define WINDOWS 16u

/** Windowed Xtensa saves registers of outer frames to the stack when inner ones need the room. */
static unsigned save_registers(unsigned depth);

/** Volatile, so that the compiler makes no loop of the calls. */
static unsigned (*volatile call_again)(unsigned depth) = save_registers;

static unsigned save_registers(unsigned depth)
{
    return depth == 0 ? 0 : 1 + call_again(depth - 1);
}

void hotreload_port_each_task(bool (*visit)(const hotreload_task_t *task, void *context),
                              void *context)
{
    (void)save_registers(WINDOWS);
    const hotreload_task_t task = {.name = "main", .is_caller = true, .end = end};
    (void)visit(&task, context);
}

bool hotreload_port_fetch(uint32_t address, uint16_t *code)
{
    const uint32_t word = *(const uint32_t *)(address & ~3u); /* code of this program */
    *code = (uint16_t)(word >> address % 4 * 8);
    return true;
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
