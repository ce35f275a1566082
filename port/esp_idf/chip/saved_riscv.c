/*
 * What FreeRTOS saves of a task: RISC-V, always as an interrupt does.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stddef.h>
#include <string.h>

#include "chip/chip.h"
#include "riscv/rvruntime-frames.h"

/** Bytes that interrupts take for the frame: 16 align a stack. */
#define FRAME_SIZE ((sizeof(RvExcFrame) + 15u) & ~(size_t)15u)

/**
 * A stub goes through t1, and later code leaves it there: it only counts where the task goes on
 * with `jr t1`.
 */
static bool goes_through_t1(uint32_t pc)
{
    uint16_t low, high;
    return hotreload_port_fetch(pc, &low) &&
           (low == 0x8302u ||
            (low == 0x0067u && hotreload_port_fetch(pc + 2, &high) && high == 0x3u));
}

void hotreload_arch_show_saved(const uint32_t *saved, uint32_t *registers, hotreload_task_t *task)
{
    enum { T1 = offsetof(RvExcFrame, t1) / 4, COUNT = offsetof(RvExcFrame, mstatus) / 4 };
    _Static_assert(COUNT <= HOTRELOAD_SAVED_REGISTERS, "there is room");
    const RvExcFrame *frame = (const RvExcFrame *)saved;
    memcpy(registers, saved, COUNT * sizeof *registers);
    /* Registers count as return addresses, behind a call; this is where the task goes on. */
    registers[T1] = goes_through_t1((uint32_t)frame->mepc) ? registers[T1] + 1 : 0;
    task->registers = registers;
    task->register_count = COUNT;
    task->frame = (hotreload_frame_t){
        .pc = (uint32_t)frame->mepc,
        .link = (uint32_t)frame->ra,
        .frame_pointer = (uint32_t)frame->s0,
        /* A task that has not run yet has no saved sp. */
        .sp = frame->sp != 0 ? hotreload_stack_pointer(saved, (uint32_t)frame->sp)
                             : saved + FRAME_SIZE / sizeof *saved,
    };
}
