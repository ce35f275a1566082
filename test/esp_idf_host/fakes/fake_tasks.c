/* SPDX-License-Identifier: MIT */
#include "fake_tasks.h"

#include "testing.h"
#include "chip/chip.h"
#include "esp_memory_utils.h"
#include "freertos/FreeRTOS.h"
#include "freertos/freertos_debug.h"
#include "freertos/task.h"

fake_tasks_t fake_tasks;
_Thread_local unsigned fake_interrupts_off;

static uint32_t main_stack[4];
static const fake_task_t main_task = {"main", main_stack, main_stack + 4};

static const fake_task_t *tasks(void)
{
    return fake_tasks.tasks != NULL ? fake_tasks.tasks : &main_task;
}

UBaseType_t portSET_INTERRUPT_MASK_FROM_ISR(void)
{
    return fake_interrupts_off++;
}

void portCLEAR_INTERRUPT_MASK_FROM_ISR(UBaseType_t state)
{
    assert_int_equal(state, fake_interrupts_off - 1);
    fake_interrupts_off = state;
}

TaskHandle_t xTaskGetCurrentTaskHandle(void)
{
    return (TaskHandle_t)&tasks()[0];
}

UBaseType_t uxTaskGetNumberOfTasks(void)
{
    const unsigned count = fake_tasks.tasks != NULL ? fake_tasks.count : 1;
    return count - fake_tasks.unexpected;
}

char *pcTaskGetName(TaskHandle_t xTaskToQuery)
{
    return (char *)((const fake_task_t *)xTaskToQuery)->name;
}

UBaseType_t uxTaskGetSnapshotAll(TaskSnapshot_t *const pxTaskSnapshotArray,
                                 const UBaseType_t uxArrayLength, UBaseType_t *const pxTCBSize)
{
    assert_int_not_equal(fake_interrupts_off, 0);
    const unsigned count = uxTaskGetNumberOfTasks() + fake_tasks.unexpected;
    UBaseType_t filled = 0;
    for (; filled < count && filled < uxArrayLength; filled++) {
        const fake_task_t *task = &tasks()[filled];
        pxTaskSnapshotArray[filled] =
            (TaskSnapshot_t){(void *)task, (StackType_t *)task->top, (StackType_t *)task->end};
    }
    *pxTCBSize = sizeof *tasks();
    return filled;
}

bool esp_ptr_executable(const void *p)
{
    (void)p;
    return false;
}

void hotreload_arch_save_registers(void)
{
    assert_int_not_equal(fake_interrupts_off, 0);
}

/** The second word is where the task goes on; no registers. */
void hotreload_arch_show_saved(const uint32_t *saved, uint32_t *registers, hotreload_task_t *task)
{
    memset(registers, 0, HOTRELOAD_SAVED_REGISTERS * sizeof *registers);
    task->frame = (hotreload_frame_t){.pc = saved[1], .sp = saved + 2};
}
