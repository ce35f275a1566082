/*
 * What a panic on Xtensa says: the frames of the backtrace that lie in a module.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "esp_memory_utils.h"
#include "esp_private/panic_internal.h"
#include "fakes/fake_panic.h"
#include "run/address_map.h"
#include "xtensa/xtensa_context.h"

#define MODULE   0x40390000u
#define FIRMWARE 0x42001000u
#define CALL8    0x80000000u /* what a return address has in place of its upper bits */

void __wrap_panic_print_backtrace(const void *frame, int core);

static int one_module(void **state)
{
    const hotreload_module_t module = {.text = {.run = MODULE, .size = 0x100}};
    hotreload_address_map_add(&module, 3);
    return 0;
}

static uint32_t as_saved(uint32_t address)
{
    return (address & 0x3fffffffu) | CALL8;
}

static const char *panic(uint32_t pc, uint32_t a0, uint32_t a1)
{
    const XtExcFrame frame = {.pc = pc, .a0 = a0, .a1 = a1};
    fake_console[0] = '\0';
    __wrap_panic_print_backtrace(&frame, 0);
    return fake_console;
}

/** Below each stack pointer are the return address and the stack pointer of the caller. */
static uint32_t put_frame(uint32_t sp, uint32_t next_pc, uint32_t next_sp)
{
    fake_stack_set(sp - 16, next_pc);
    fake_stack_set(sp - 12, next_sp);
    return sp;
}

static void each_frame_in_a_module_is_named(void **state)
{
    uint32_t sp = fake_stack() + 0x100;
    put_frame(sp, as_saved(MODULE + 0x20), sp + 0x40);
    put_frame(sp + 0x40, as_saved(FIRMWARE), sp + 0x80);
    put_frame(sp + 0x80, 0, sp + 0xc0);
    assert_string_equal(panic(MODULE + 0x1a, as_saved(FIRMWARE), sp),
                        "hotreload: PC 0x4039001a: offset 0x1a of the code of module 3\r\n"
                        "hotreload: called from 0x40390020: offset 0x20 of the code of module 3\r\n"
                        "[backtrace]");
    assert_string_equal(panic(FIRMWARE, as_saved(FIRMWARE), sp + 0x40), "[backtrace]");
}

static void a_call_of_null_names_its_caller(void **state)
{
    assert_string_equal(panic(0, as_saved(MODULE + 8), fake_stack() + 0x800),
                        "hotreload: called from 0x40390008: offset 0x8 of the code of module 3\r\n"
                        "[backtrace]");
}

static void a_bad_stack_is_not_read(void **state)
{
    const uint32_t bad[] = {0, 0xffffffff, fake_stack() + 0x104, SOC_DRAM_HIGH, SOC_DRAM_LOW};
    for (unsigned i = 0; i < COUNT(bad); i++) {
        assert_string_equal(panic(FIRMWARE, as_saved(FIRMWARE), bad[i]), "[backtrace]");
        put_frame(fake_stack() + 0x100, as_saved(FIRMWARE), bad[i]);
        assert_string_equal(panic(FIRMWARE, as_saved(FIRMWARE), fake_stack() + 0x100),
                            "[backtrace]");
    }
}

static void a_stack_without_end_ends(void **state)
{
    uint32_t sp = fake_stack() + 0x100;
    put_frame(sp, as_saved(FIRMWARE), sp);
    assert_string_equal(panic(FIRMWARE, as_saved(FIRMWARE), sp), "[backtrace]");
}

static void nothing_is_said_without_flash(void **state)
{
    fake_cache_is_off = true;
    assert_string_equal(panic(MODULE, 0, fake_stack() + 0x100), "[backtrace]");
    fake_cache_is_off = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_frame_in_a_module_is_named),
        cmocka_unit_test(a_call_of_null_names_its_caller),
        cmocka_unit_test(a_bad_stack_is_not_read),
        cmocka_unit_test(a_stack_without_end_ends),
        cmocka_unit_test(nothing_is_said_without_flash),
    };
    return cmocka_run_group_tests(tests, one_module, NULL);
}
