/*
 * Xtensa: the one relocation that is left after linking, by itself and through the loader, and
 * what a firmware for Xtensa refuses.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fake_port.h"
#include "old_module.h"

#define TEXT_LINK 0xa0000000u
#define DATA_LINK 0xb0000000u

/** Numbers of the Xtensa ELF supplement. */
enum { XT_32 = 1, XT_RTLD = 2, XT_PLT = 6, XT_ASM_EXPAND = 11, XT_32_PCREL = 14, XT_SLOT0_OP = 20 };

#define EM_XTENSA 94
#define EM_RISCV  243

/** The firmware is one for Xtensa from here on; the old module, made for RISC-V, only stays. */
static int set_up(void **state)
{
    int result = old_module_set_up(state);
    fake_port.arch = &hotreload_arch_xtensa;
    fake_port.abi = HOTRELOAD_ABI_XTENSA_WINDOWED;
    return result;
}

static void knows_one_type_and_no_other(void **state)
{
    for (uint32_t type = 0; type <= 256; type++) {
        assert_int_equal(hotreload_arch_xtensa.field_size(type), type == XT_32 ? 4 : 0);
    }
    assert_int_equal(hotreload_arch_xtensa.machine, EM_XTENSA);
}

static void writes_the_whole_word(void **state)
{
    static const uint32_t values[] = {0, 1, 0x12345678, 0x7fffffff, 0x80000000, UINT32_MAX};
    for (size_t i = 0; i < COUNT(values); i++) {
        uint32_t field[HOTRELOAD_FIELD_WORDS] = {0xdeadbeef, 0x5aa5f00f};
        assert_int_equal(hotreload_arch_xtensa.relocate(XT_32, 0x40380000, values[i], field),
                         ESP_OK);
        assert_int_equal(field[0], values[i]);
        assert_int_equal(field[1], 0x5aa5f00f);
    }
}

/** A literal for the firmware's code, one for the module's data, one for its own code. */
static void relocates_literals(void **state)
{
    static const module_relocation_t literals[] = {
        {TEXT_LINK, XT_32, HOTRELOAD_SYM_NONE, 0x400d1234},
        {TEXT_LINK + 4, XT_32, HOTRELOAD_SYM_DATA, 12},
        {TEXT_LINK + 60, XT_32, HOTRELOAD_SYM_TEXT, 0x20},
    };
    module_spec_t spec = module_spec_default();
    spec.relocations = literals;
    spec.relocation_count = COUNT(literals);
    staged_t staged = stage_spec(&spec);
    uint8_t *text = staged.file + staged.layout.text;
    module_put32(text, 0x400d1234);
    module_put32(text + 4, staged.module.data.run + 12);
    module_put32(text + 60, staged.module.text.run + 0x20);
    assert_memory_equal(fake_port_text(staged.module.text.run, 64), text, 64);
    assert_memory_equal(fake_port_data(staged.module.data.run, 16),
                        staged.file + staged.layout.data, 16);
    staged_drop(&staged);
}

/**
 * Instruction memory of the ESP32 faults on any other access. The fake port hands out a number in
 * the place of a pointer to text, so that all of it goes through the port's functions, which fail
 * the test at an offset that is not aligned.
 */
static void touches_text_only_as_aligned_words(void **state)
{
    for (uint32_t offset = 0; offset + 4 <= 64; offset++) {
        const module_relocation_t relocation = {TEXT_LINK + offset, XT_32, HOTRELOAD_SYM_DATA, 4};
        module_spec_t spec = module_spec_default();
        spec.relocations = &relocation;
        spec.relocation_count = 1;
        staged_t staged = stage_spec(&spec);
        assert_true((uintptr_t)staged.module.text.write < 4096);
        uint8_t *text = staged.file + staged.layout.text;
        module_put32(text + offset, staged.module.data.run + 4);
        assert_memory_equal(fake_port_text(staged.module.text.run, 64), text, 64);
        staged_drop(&staged);
    }
}

static void relocates_words_in_data_at_every_offset(void **state)
{
    for (uint32_t offset = 0; offset + 4 <= 16; offset++) {
        const module_relocation_t relocation = {DATA_LINK + offset, XT_32, HOTRELOAD_SYM_TEXT, -8};
        module_spec_t spec = module_spec_default();
        spec.relocations = &relocation;
        spec.relocation_count = 1;
        staged_t staged = stage_spec(&spec);
        uint8_t *data = staged.file + staged.layout.data;
        module_put32(data + offset, staged.module.text.run - 8);
        assert_memory_equal(fake_port_data(staged.module.data.run, 16), data, 16);
        staged_drop(&staged);
    }
}

/** Instructions are relative to the text, which moves as one block: the packer drops these. */
static void refuses_relocations_of_instructions(void **state)
{
    static const uint8_t types[] = {0,           XT_RTLD,     XT_PLT, XT_ASM_EXPAND,
                                    XT_32_PCREL, XT_SLOT0_OP, 255};
    for (size_t i = 0; i < COUNT(types); i++) {
        const module_relocation_t relocation = {TEXT_LINK + 8, types[i], HOTRELOAD_SYM_TEXT, 0};
        module_spec_t spec = module_spec_default();
        spec.relocations = &relocation;
        spec.relocation_count = 1;
        char words[80];
        snprintf(words, sizeof words, "relocation type %u is unknown", types[i]);
        expect_spec_refused(&spec, ESP_ERR_NOT_SUPPORTED, words);
    }
}

static void refuses_a_module_for_the_other_abi(void **state)
{
    module_spec_t spec = module_spec_default();
    spec.abi = HOTRELOAD_ABI_XTENSA_CALL0;
    expect_spec_refused(&spec, ESP_ERR_NOT_SUPPORTED, "ABI 4; the firmware");
}

static void refuses_a_module_for_risc_v(void **state)
{
    module_spec_t spec = module_spec_default();
    spec.machine = EM_RISCV;
    expect_spec_refused(&spec, ESP_ERR_NOT_SUPPORTED, "built for chip");
}

static void refuses_a_module_for_another_chip(void **state)
{
    module_spec_t spec = module_spec_default();
    spec.chip = 9;
    expect_spec_refused(&spec, ESP_ERR_NOT_SUPPORTED, "built for chip 9, ABI");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, old_module_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(knows_one_type_and_no_other),
        TEST(writes_the_whole_word),
        TEST(relocates_literals),
        TEST(touches_text_only_as_aligned_words),
        TEST(relocates_words_in_data_at_every_offset),
        TEST(refuses_relocations_of_instructions),
        TEST(refuses_a_module_for_the_other_abi),
        TEST(refuses_a_module_for_risc_v),
        TEST(refuses_a_module_for_another_chip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
