/*
 * What FreeRTOS saves of a task: Xtensa.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stddef.h>
#include <string.h>

#include "chip/chip.h"

#if __has_include("xtensa_context.h") /* since ESP-IDF 6 */
#include "xtensa_context.h"
#else
#include "xtensa/xtensa_context.h"
#endif

/** By its own call, in vPortYield(): the function there keeps no register that counts. */
static void show_yielded(const uint32_t *saved, hotreload_task_t *task)
{
    const XtSolFrame *frame = (const XtSolFrame *)saved;
    task->frame = (hotreload_frame_t){
        .pc = (uint32_t)frame->pc,
        .link = (uint32_t)frame->pc,
        .sp = saved,
    };
}

/** By an interrupt, perhaps between a call and the `entry` that takes the new window. */
static void show_interrupted(const uint32_t *saved, uint32_t *registers, hotreload_task_t *task)
{
    enum { FIRST = offsetof(XtExcFrame, a0) / 4, STUB = 9, COUNT = 16 };
    const XtExcFrame *frame = (const XtExcFrame *)saved;
    memcpy(registers, saved + FIRST, COUNT * sizeof *registers);
    /* Registers count as return addresses, behind a call. A stub goes on at a9, which no call
     * writes its return address to. */
    registers[STUB]++;
    task->registers = registers;
    task->register_count = COUNT;
    task->frame = (hotreload_frame_t){
        .pc = (uint32_t)frame->pc,
        .link = (uint32_t)frame->a0,
        .sp = hotreload_stack_pointer(saved, (uint32_t)frame->a1),
    };
}

void hotreload_arch_show_saved(const uint32_t *saved, uint32_t *registers, hotreload_task_t *task)
{
    if (((const XtSolFrame *)saved)->exit == 0) {
        show_yielded(saved, task);
    } else {
        show_interrupted(saved, registers, task);
    }
}
