/*
 * Who executes code: what of a stack counts.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fake_port.h"
#include "loader/in_use.h"

#define MODULE   0x40380000u
#define FIRMWARE 0x42001234u

/* mv a0,s0; lw ra,28(sp); lw s0,24(sp); addi sp,sp,32; ret, and at ENDLESS: j . */
static const uint16_t code[] = {0x8522, 0x40f2, 0x4462, 0x6105, 0x8082, 0xa001};
#define ENDLESS (FAKE_CODE + 10)

static const hotreload_code_t places[] = {
    {.start = MODULE, .size = 0x100, .returns = true},
    {.start = MODULE + 0x1000, .size = 4}, /* where a jump is to be written */
};

static uint32_t stack[32];
static uint32_t registers[2];
static hotreload_task_t task;

/** A task in a function with a frame of 8 words, called by a loop without end. */
static int begin(void **state)
{
    (void)state;
    fake_port_reset();
    fake_port.code = (const uint8_t *)code;
    fake_port.code_size = sizeof code;
    memset(stack, 0, sizeof stack);
    memset(registers, 0, sizeof registers);
    stack[7] = ENDLESS;
    task = (hotreload_task_t){
        .name = "a task with a long name",
        .frame = {.pc = FAKE_CODE, .sp = stack},
        .registers = registers,
        .register_count = COUNT(registers),
        .end = stack + COUNT(stack),
    };
    fake_port.tasks = &task;
    fake_port.task_count = 1;
    hotreload_port_lock(HOTRELOAD_LOCK_MODULE);
    return 0;
}

static int end(void **state)
{
    (void)state;
    hotreload_port_unlock(HOTRELOAD_LOCK_MODULE);
    return 0;
}

/** @return the address that is reported; 0: nobody is found */
static uint32_t find(void)
{
    hotreload_user_t user;
    const bool found = hotreload_find_user(places, COUNT(places), &user);
    assert_string_equal(user.task, found ? "a task with a l" : "");
    return user.address;
}

static void a_word_that_a_call_left_behind_does_not_count(void **state)
{
    assert_int_equal(find(), 0);
    stack[3] = MODULE + 8;
    assert_int_equal(find(), 0);
}

static void a_return_address_counts(void **state)
{
    stack[7] = MODULE + 8;
    assert_int_equal(find(), MODULE + 8);
}

/** Beyond a function without an end, every word may be a return address. */
static void words_that_nobody_can_tell_count(void **state)
{
    stack[20] = MODULE; /* no call is before it: where the text is, as a status says it */
    assert_int_equal(find(), 0);
    stack[20] = MODULE + 2;
    assert_int_equal(find(), MODULE + 2);
    stack[20] = MODULE + 0x100; /* behind a call that is the last instruction */
    assert_int_equal(find(), MODULE + 0x100);
    stack[20] = MODULE + 0x102;
    assert_int_equal(find(), 0);
}

static void where_a_task_goes_on_counts(void **state)
{
    task.frame.pc = MODULE;
    assert_int_equal(find(), MODULE);
}

static void a_register_counts(void **state)
{
    registers[1] = MODULE + 4;
    assert_int_equal(find(), MODULE + 4);
}

/** Where a stub goes on next: a port shows it as if a call were before it. */
static void a_register_that_leads_to_the_first_byte_counts_behind_it(void **state)
{
    registers[1] = MODULE;
    assert_int_equal(find(), 0);
    registers[1] = MODULE + 1;
    assert_int_equal(find(), MODULE + 1);
}

/** FreeRTOS takes "" as a name, and makes it from NULL. */
static void a_task_without_a_name_counts(void **state)
{
    hotreload_user_t user;
    task.name = "";
    assert_false(hotreload_find_user(places, COUNT(places), &user));
    task.frame.pc = MODULE + 8;
    assert_true(hotreload_find_user(places, COUNT(places), &user));
    assert_true(user.found);
    assert_string_equal(user.task, "(no name)");
}

static void a_jump_is_only_in_the_way_of_who_goes_on_there(void **state)
{
    stack[7] = registers[0] = stack[20] = MODULE + 0x1002;
    assert_int_equal(find(), 0);
    task.frame.pc = MODULE + 0x1002;
    assert_int_equal(find(), MODULE + 0x1002);
    task.frame.pc = MODULE + 0x1004;
    assert_int_equal(find(), 0);
}

/** What public functions call has words of the module on the stack: places of symbols, exports. */
static void the_caller_counts_from_where_it_called(void **state)
{
    task = (hotreload_task_t){.name = task.name, .is_caller = true, .end = task.end};
    stack[2] = MODULE;
    hotreload_note_caller((hotreload_caller_t){.stack = stack + 8, .return_address = FIRMWARE});
    assert_int_equal(find(), 0);
    hotreload_note_caller((hotreload_caller_t){.stack = stack + 8, .return_address = MODULE + 2});
    assert_int_equal(find(), MODULE + 2);

    hotreload_note_caller((hotreload_caller_t){.stack = stack + 8, .return_address = FAKE_CODE});
    stack[10] = MODULE;
    stack[15] = ENDLESS;
    assert_int_equal(find(), 0);
    stack[15] = MODULE + 2;
    assert_int_equal(find(), MODULE + 2);
}

static void without_memory_somebody_may_be_there(void **state)
{
    hotreload_user_t user;
    fake_port.fail_allocation = 1;
    assert_true(hotreload_find_user(places, COUNT(places), &user));
    assert_false(user.found);
}

/** Windowed Xtensa: what a function returns to is saved below the stack of the one it called. */
static void the_last_return_address_of_xtensa_counts(void **state)
{
    fake_port.arch = &hotreload_arch_xtensa;
    task.register_count = 0;
    task.frame = (hotreload_frame_t){.pc = FIRMWARE, .link = FIRMWARE, .sp = stack + 8};
    stack[4] = ((MODULE + 8) & 0x3fffffffu) | 0x80000000u; /* with the window increment */
    stack[5] = (uint32_t)(uintptr_t)(stack + 16);
    assert_int_equal(find(), MODULE + 8);
    stack[4] = FIRMWARE;
    assert_int_equal(find(), 0);
}

/** As without a patch: the upper bits of what Xtensa returns to are those of the places. */
static void a_place_without_bytes_is_none(void **state)
{
    const hotreload_code_t code_and_none[] = {places[0], {.returns = true}};
    hotreload_user_t user;
    fake_port.arch = &hotreload_arch_xtensa;
    task.frame.pc = (MODULE + 8) & 0x3fffffffu;
    assert_true(hotreload_find_user(code_and_none, COUNT(code_and_none), &user));
    assert_int_equal(user.address, MODULE + 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_word_that_a_call_left_behind_does_not_count, begin, end),
        cmocka_unit_test_setup_teardown(a_return_address_counts, begin, end),
        cmocka_unit_test_setup_teardown(words_that_nobody_can_tell_count, begin, end),
        cmocka_unit_test_setup_teardown(where_a_task_goes_on_counts, begin, end),
        cmocka_unit_test_setup_teardown(a_register_counts, begin, end),
        cmocka_unit_test_setup_teardown(a_register_that_leads_to_the_first_byte_counts_behind_it,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_task_without_a_name_counts, begin, end),
        cmocka_unit_test_setup_teardown(a_place_without_bytes_is_none, begin, end),
        cmocka_unit_test_setup_teardown(a_jump_is_only_in_the_way_of_who_goes_on_there, begin, end),
        cmocka_unit_test_setup_teardown(the_caller_counts_from_where_it_called, begin, end),
        cmocka_unit_test_setup_teardown(without_memory_somebody_may_be_there, begin, end),
        cmocka_unit_test_setup_teardown(the_last_return_address_of_xtensa_counts, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
