/*
 * What FreeRTOS saved of a task: RISC-V.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "chip/chip.h"
#include "riscv/rvruntime-frames.h"

#define CODE 0x42000000u

static uint32_t saved[64];
static RvExcFrame *const frame = (RvExcFrame *)saved;
static uint32_t registers[HOTRELOAD_SAVED_REGISTERS];
static uint32_t code; /* at CODE */

bool hotreload_port_fetch(uint32_t address, uint16_t *half)
{
    *half = (uint16_t)(code >> (address - CODE) * 8);
    return true;
}

static hotreload_task_t show(void)
{
    hotreload_task_t task = {0};
    hotreload_arch_show_saved(saved, registers, &task);
    return task;
}

static bool has_register(const hotreload_task_t *task, uint32_t value)
{
    for (size_t i = 0; i < task->register_count; i++) {
        if (task->registers[i] == value) {
            return true;
        }
    }
    return false;
}

static int reset(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < COUNT(saved); i++) {
        saved[i] = 1000 + 2 * i;
    }
    frame->mepc = CODE;
    frame->sp = (int32_t)(uintptr_t)(saved + 50);
    code = 0;
    return 0;
}

static void a_task_goes_on_where_it_was_interrupted(void **state)
{
    const hotreload_task_t task = show();
    assert_int_equal(task.frame.pc, CODE);
    assert_int_equal(task.frame.link, frame->ra);
    assert_int_equal(task.frame.frame_pointer, frame->s0);
    assert_ptr_equal(task.frame.sp, saved + 50);
    assert_true(has_register(&task, (uint32_t)frame->ra));
    assert_true(has_register(&task, (uint32_t)frame->a0));
    assert_true(has_register(&task, (uint32_t)frame->t6));
}

/** An interrupt does not write these words: they are as old as the stack. */
static void words_that_no_interrupt_writes_do_not_count(void **state)
{
    const hotreload_task_t task = show();
    assert_false(has_register(&task, (uint32_t)frame->mcause));
    assert_false(has_register(&task, (uint32_t)frame->mtval));
}

/** One more, because a return address is behind a call: the first byte of a module counts. */
static void the_register_of_stubs_counts_inside_of_one(void **state)
{
    const uint32_t leads_to = (uint32_t)frame->t1;
    hotreload_task_t task = show();
    assert_false(has_register(&task, leads_to) || has_register(&task, leads_to + 1));
    code = 0x8302; /* c.jr t1 */
    task = show();
    assert_true(has_register(&task, leads_to + 1));
    code = 0x00030067; /* jr t1 */
    task = show();
    assert_true(has_register(&task, leads_to + 1));
    code = 0x00038067; /* jr t2 */
    task = show();
    assert_false(has_register(&task, leads_to) || has_register(&task, leads_to + 1));
}

static void a_task_that_has_not_run_has_no_sp(void **state)
{
    frame->sp = 0;
    const hotreload_task_t task = show();
    assert_ptr_equal(task.frame.sp, saved + 40); /* 148 bytes, aligned to 16 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_task_goes_on_where_it_was_interrupted, reset),
        cmocka_unit_test_setup(words_that_no_interrupt_writes_do_not_count, reset),
        cmocka_unit_test_setup(the_register_of_stubs_counts_inside_of_one, reset),
        cmocka_unit_test_setup(a_task_that_has_not_run_has_no_sp, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
