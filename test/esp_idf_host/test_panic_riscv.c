/*
 * What a panic on RISC-V says: from the program counter, the return address and the stack.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "esp_memory_utils.h"
#include "esp_private/panic_internal.h"
#include "fakes/fake_panic.h"
#include "riscv/rvruntime-frames.h"
#include "run/address_map.h"

#define OLD      0x40390000u
#define NEW      0x403a0000u
#define FIRMWARE 0x42001000u
#define FREED    ", which was freed: a task, timer or callback still used it after a reload"

void __wrap_panic_print_registers(const void *frame, int core);

/** Module 1 at OLD was freed, module 2 runs at NEW. */
static int modules(void **state)
{
    for (uint32_t sequence = 1; sequence <= 2; sequence++) {
        const hotreload_module_t module = {
            .text = {.run = sequence == 1 ? OLD : NEW, .size = 0x100},
            .data = {.run = 0x3fc90000u + sequence * 0x1000u, .size = 0x100},
        };
        hotreload_address_map_add(&module, sequence);
    }
    hotreload_address_map_free(false);
    return 0;
}

static const char *panic(uint32_t pc, uint32_t ra, uint32_t sp)
{
    const RvExcFrame frame = {.mepc = pc, .ra = ra, .sp = sp};
    fake_console[0] = '\0';
    __wrap_panic_print_registers(&frame, 0);
    return fake_console;
}

static void where_it_is_and_what_called_it(void **state)
{
    assert_string_equal(panic(NEW + 0x1a, FIRMWARE, fake_stack()),
                        "hotreload: PC 0x403a001a: offset 0x1a of the code of module 2\r\n"
                        "[registers]");
    assert_string_equal(panic(0, NEW + 4, fake_stack()),
                        "hotreload: called from 0x403a0004: offset 0x4 of the code of module 2\r\n"
                        "[registers]");
    assert_string_equal(
        panic(OLD + 8, OLD + 4, fake_stack()),
        "hotreload: PC 0x40390008: offset 0x8 of the code of module 1" FREED "\r\n"
        "hotreload: called from 0x40390004: offset 0x4 of the code of module 1" FREED
        "\r\n[registers]");
}

static void a_panic_of_the_firmware_is_not_mentioned(void **state)
{
    assert_string_equal(panic(FIRMWARE, FIRMWARE, fake_stack()), "[registers]");
}

static void the_stack_tells_what_may_have_called_the_firmware(void **state)
{
    uint32_t sp = fake_stack();
    fake_stack_set(sp + 20, NEW + 0x10);
    fake_stack_set(sp + 24, 0x3fc92000u); /* data of module 2 */
    fake_stack_set(sp + 1024, NEW + 0x20);
    assert_string_equal(
        panic(FIRMWARE, FIRMWARE, sp),
        "hotreload: maybe called from 0x403a0010: offset 0x10 of the code of module 2\r\n"
        "[registers]");
    assert_null(strstr(panic(NEW, FIRMWARE, sp), "maybe"));
    for (uint32_t i = 0; i < 100; i++) {
        fake_stack_set(sp + 4 * i, NEW + 4);
    }
    const char *text = panic(FIRMWARE, FIRMWARE, sp);
    unsigned lines = 0;
    for (; (text = strstr(text, "maybe")) != NULL; text++) {
        lines++;
    }
    assert_int_equal(lines, 4);
    memset((void *)(uintptr_t)sp, 0, FAKE_STACK_SIZE);
}

static void a_bad_stack_is_not_read(void **state)
{
    const uint32_t bad[] = {0, 0xffffffff, fake_stack() + 4, SOC_DRAM_HIGH, SOC_DRAM_LOW};
    for (unsigned i = 0; i < COUNT(bad); i++) {
        assert_string_equal(panic(FIRMWARE, FIRMWARE, bad[i]), "[registers]");
    }
    /* It ends with the memory. */
    uint32_t last = SOC_DRAM_HIGH - 0x20;
    assert_string_equal(panic(FIRMWARE, FIRMWARE, last), "[registers]");
}

static void nothing_is_said_without_flash(void **state)
{
    fake_cache_is_off = true;
    assert_string_equal(panic(NEW, NEW, fake_stack()), "[registers]");
    fake_cache_is_off = false;
    assert_non_null(strstr(panic(NEW, NEW, fake_stack()), "hotreload"));
}

/** As the handler is entered again when what it does faults. */
static void fault_again(void)
{
    fake_on_print = NULL;
    panic(NEW, NEW, fake_stack());
}

static void a_fault_while_saying_so_is_not_repeated(void **state)
{
    fake_on_print = fault_again;
    panic(NEW, FIRMWARE, fake_stack());
    assert_ptr_equal(strstr(fake_console, "[registers]"), fake_console);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_it_is_and_what_called_it),
        cmocka_unit_test(a_panic_of_the_firmware_is_not_mentioned),
        cmocka_unit_test(the_stack_tells_what_may_have_called_the_firmware),
        cmocka_unit_test(a_bad_stack_is_not_read),
        cmocka_unit_test(nothing_is_said_without_flash),
        cmocka_unit_test(a_fault_while_saying_so_is_not_repeated),
    };
    return cmocka_run_group_tests(tests, modules, NULL);
}
