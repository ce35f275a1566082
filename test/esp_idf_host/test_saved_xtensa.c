/*
 * What FreeRTOS saved of a task: Xtensa.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "chip/chip.h"
#include "xtensa/xtensa_context.h"

static uint32_t saved[64];
static uint32_t registers[HOTRELOAD_SAVED_REGISTERS];

static hotreload_task_t show(void)
{
    hotreload_task_t task = {0};
    hotreload_arch_show_saved(saved, registers, &task);
    return task;
}

static void a_task_that_yielded_goes_on_behind_its_call(void **state)
{
    XtSolFrame *frame = (XtSolFrame *)saved;
    *frame = (XtSolFrame){.exit = 0, .pc = (int32_t)0x80012345u};
    const hotreload_task_t task = show();
    assert_int_equal(task.frame.pc, 0x80012345u);
    assert_int_equal(task.frame.link, 0x80012345u);
    assert_ptr_equal(task.frame.sp, saved);
    assert_int_equal(task.register_count, 0);
}

static void an_interrupted_task_has_all_its_registers(void **state)
{
    XtExcFrame *frame = (XtExcFrame *)saved;
    *frame =
        (XtExcFrame){.exit = 1, .pc = 0x400d0000, .a0 = (int32_t)0x80012345u, .a8 = 88, .a9 = 99};
    frame->a1 = (int32_t)(uintptr_t)(saved + 60);
    frame->a15 = 115;
    frame->sar = 116; /* and what follows: old loops */
    const hotreload_task_t task = show();
    assert_int_equal(task.frame.pc, 0x400d0000);
    assert_int_equal(task.frame.link, 0x80012345u);
    assert_ptr_equal(task.frame.sp, saved + 60);
    assert_int_equal(task.register_count, 16);
    assert_int_equal(task.registers[8], 88);
    assert_int_equal(task.registers[9], 100); /* where a stub goes on: as if behind a call */
    assert_int_equal(task.registers[15], 115);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_that_yielded_goes_on_behind_its_call),
        cmocka_unit_test(an_interrupted_task_has_all_its_registers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
