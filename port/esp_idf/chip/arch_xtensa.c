/* SPDX-License-Identifier: MIT */
#include "chip/chip.h"

#include <stddef.h>
#include <string.h>

#include "port.h"
#include "xtensa/hal.h"
#if __has_include("xtensa_context.h") /* since ESP-IDF 6 */
#include "xtensa_context.h"
#else
#include "xtensa/xtensa_context.h"
#endif

const hotreload_arch_t *hotreload_port_arch(void)
{
    return &hotreload_arch_xtensa;
}

/* isync lets the fetch pipeline of its own core see new instructions (Xtensa ISA, ISYNC). There is
 * no instruction cache in the core, but ESP32 and S3 have a buffer of 256 bytes that loops run from
 * (XCHAL_LOOP_BUFFER_SIZE in core-isa.h). */
void hotreload_arch_fence(void)
{
    __asm__ volatile("memw\n\tisync" ::: "memory");
}

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
    enum { FIRST = offsetof(XtExcFrame, a0) / 4, COUNT = 16 };
    const XtExcFrame *frame = (const XtExcFrame *)saved;
    memcpy(registers, saved + FIRST, COUNT * sizeof *registers);
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

void hotreload_arch_save_registers(void)
{
    xthal_window_spill();
}

/* The interrupt calls this by callx0, without a stack and a register window. */
__asm__(".section .iram1.hotreload_arch_fence_isr, \"ax\"\n"
        "    .align 4\n"
        "    .global hotreload_arch_fence_isr\n"
        "    .type hotreload_arch_fence_isr, @function\n"
        "hotreload_arch_fence_isr:\n"
        "    memw\n"
        "    isync\n"
        "    ret\n"
        "    .size hotreload_arch_fence_isr, . - hotreload_arch_fence_isr\n"
        ".previous\n");
