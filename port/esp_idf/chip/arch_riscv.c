/* SPDX-License-Identifier: MIT */
#include "chip/chip.h"

#include <string.h>

#include "esp_attr.h"
#include "port.h"
#include "riscv/rvruntime-frames.h"

const hotreload_arch_t *hotreload_port_arch(void)
{
    return &hotreload_arch_riscv;
}

/* fence.i orders instruction fetch of its own hart only, and each hart has to execute one after the
 * writer's fence (RISC-V unprivileged specification, Zifencei). */
void hotreload_arch_fence(void)
{
    __asm__ volatile("fence\n\tfence.i" ::: "memory");
}

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
    if (!goes_through_t1((uint32_t)frame->mepc)) {
        registers[T1] = 0;
    }
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

void hotreload_arch_save_registers(void)
{
}

void IRAM_ATTR hotreload_arch_fence_isr(void *unused)
{
    (void)unused;
    __asm__ volatile("fence\n\tfence.i" ::: "memory");
}
