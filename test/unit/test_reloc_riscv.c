/*
 * RISC-V relocations against values worked out by hand from the psABI, against a decoder over
 * pseudo-random inputs, and through the loader at every alignment.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fake_port.h"
#include "old_module.h"

#define TEXT_LINK 0xa0000000u
#define DATA_LINK 0xb0000000u

enum { ABS32 = 1, CALL_PLT = 19, HI20 = 26, LO12_I = 27, LO12_S = 28 };

/** Instructions without their immediates. */
#define LUI_A5    0x000007b7u
#define ADDI_A0   0x00050513u
#define LW_A4     0x0007a703u /* lw a4, 0(a5) */
#define SW_A4     0x00e7a023u /* sw a4, 0(a5) */
#define SB_T6     0x01ff8023u /* sb t6, 0(t6) */
#define AUIPC_RA  0x00000097u
#define JALR_RA   0x000080e7u /* jalr ra, 0(ra) */
#define AUIPC_T1  0x00000317u
#define JR_T1     0x00030067u /* jalr zero, 0(t1) */
#define ALL_ONES  0xffffffffu
#define NO_SECOND 0x5aa5f00fu /* what follows a field of one word */

typedef struct {
    uint32_t type, place, value;
    uint32_t before[2], after[2];
} example_t;

static const example_t examples[] = {
    /* The whole word, whatever it was. */
    {ABS32, 0, 0x12345678, {0, NO_SECOND}, {0x12345678, NO_SECOND}},
    {ABS32, 0, ALL_ONES, {0xdeadbeef, NO_SECOND}, {ALL_ONES, NO_SECOND}},
    /* Upper 20 bits, one more from 0x800 on, because the low part is negative then. */
    {HI20, 0, 0, {LUI_A5, NO_SECOND}, {0x000007b7, NO_SECOND}},
    {HI20, 0, 0x12345678, {LUI_A5, NO_SECOND}, {0x123457b7, NO_SECOND}},
    {HI20, 0, 0x123457ff, {LUI_A5, NO_SECOND}, {0x123457b7, NO_SECOND}},
    {HI20, 0, 0x12345800, {LUI_A5, NO_SECOND}, {0x123467b7, NO_SECOND}},
    {HI20, 0, 0x12345fff, {LUI_A5, NO_SECOND}, {0x123467b7, NO_SECOND}},
    {HI20, 0, 0x7ffff7ff, {LUI_A5, NO_SECOND}, {0x7ffff7b7, NO_SECOND}},
    {HI20, 0, 0x7ffff800, {LUI_A5, NO_SECOND}, {0x800007b7, NO_SECOND}},
    {HI20, 0, 0xfffff7ff, {LUI_A5, NO_SECOND}, {0xfffff7b7, NO_SECOND}},
    {HI20, 0, 0xfffff800, {LUI_A5, NO_SECOND}, {0x000007b7, NO_SECOND}},
    {HI20, 0, ALL_ONES, {LUI_A5, NO_SECOND}, {0x000007b7, NO_SECOND}},
    {HI20, 0, 0x12345678, {0xfffff7b7, NO_SECOND}, {0x123457b7, NO_SECOND}},
    /* Lower 12 bits in bits 31 to 20. */
    {LO12_I, 0, 0x12345678, {ADDI_A0, NO_SECOND}, {0x67850513, NO_SECOND}},
    {LO12_I, 0, 0x12345fff, {ADDI_A0, NO_SECOND}, {0xfff50513, NO_SECOND}},
    {LO12_I, 0, 0x800, {LW_A4, NO_SECOND}, {0x8007a703, NO_SECOND}},
    {LO12_I, 0, 0xfffff7ff, {LW_A4, NO_SECOND}, {0x7ff7a703, NO_SECOND}},
    {LO12_I, 0, 0x1000, {0xfff50513, NO_SECOND}, {ADDI_A0, NO_SECOND}},
    /* Lower 12 bits in bits 31 to 25 and 11 to 7. */
    {LO12_S, 0, 0x12345678, {SW_A4, NO_SECOND}, {0x66e7ac23, NO_SECOND}},
    {LO12_S, 0, 0xfff, {SW_A4, NO_SECOND}, {0xfee7afa3, NO_SECOND}},
    {LO12_S, 0, 0x800, {SW_A4, NO_SECOND}, {0x80e7a023, NO_SECOND}},
    {LO12_S, 0, 0x01f, {SB_T6, NO_SECOND}, {0x01ff8fa3, NO_SECOND}},
    {LO12_S, 0, 0xfe0, {SB_T6, NO_SECOND}, {0xffff8023, NO_SECOND}},
    {LO12_S, 0, 0, {0xfee7afa3, NO_SECOND}, {SW_A4, NO_SECOND}},
    /* Forwards, and across the border at which the low part turns negative. */
    {CALL_PLT, 0x40380000, 0x40380000, {AUIPC_RA, JALR_RA}, {AUIPC_RA, JALR_RA}},
    {CALL_PLT, 0x40380000, 0x40380100, {AUIPC_RA, JALR_RA}, {0x00000097, 0x100080e7}},
    {CALL_PLT, 0x40380000, 0x403807fe, {AUIPC_RA, JALR_RA}, {0x00000097, 0x7fe080e7}},
    {CALL_PLT, 0x40380000, 0x40380800, {AUIPC_RA, JALR_RA}, {0x00001097, 0x800080e7}},
    {CALL_PLT, 0x40380000, 0x42001234, {AUIPC_RA, JALR_RA}, {0x01c81097, 0x234080e7}},
    /* Backwards. */
    {CALL_PLT, 0x40380000, 0x4037fff0, {AUIPC_RA, JALR_RA}, {0x00000097, 0xff0080e7}},
    {CALL_PLT, 0x40380000, 0x4037f800, {AUIPC_RA, JALR_RA}, {0x00000097, 0x800080e7}},
    {CALL_PLT, 0x40380000, 0x4037f7fe, {AUIPC_RA, JALR_RA}, {0xfffff097, 0x7fe080e7}},
    /* Across address 0, both ways, and as far as it goes. */
    {CALL_PLT, 0x00000100, 0xfffffef0, {AUIPC_RA, JALR_RA}, {0x00000097, 0xdf0080e7}},
    {CALL_PLT, 0xfffff000, 0x00000010, {AUIPC_RA, JALR_RA}, {0x00001097, 0x010080e7}},
    {CALL_PLT, 0x00001000, 0x80000ffe, {AUIPC_RA, JALR_RA}, {0x80000097, 0xffe080e7}},
    {CALL_PLT, 0x80000000, 0x00000000, {AUIPC_RA, JALR_RA}, {0x80000097, 0x000080e7}},
    /* The same with another name, a tail call, and what was there before. */
    {CALL_PLT, 0x40380000, 0x40380800, {AUIPC_RA, JALR_RA}, {0x00001097, 0x800080e7}},
    {CALL_PLT, 0x40380000, 0x4037fff0, {AUIPC_T1, JR_T1}, {0x00000317, 0xff030067}},
    {CALL_PLT, 0x40380002, 0x40380006, {0xfffff097, 0xfff080e7}, {0x00000097, 0x004080e7}},
};

static void matches_the_values_of_the_psabi(void **state)
{
    for (size_t i = 0; i < COUNT(examples); i++) {
        const example_t *example = &examples[i];
        uint32_t field[HOTRELOAD_FIELD_WORDS];
        memcpy(field, example->before, sizeof field);
        esp_err_t error =
            hotreload_arch_riscv.relocate(example->type, example->place, example->value, field);
        if (error != ESP_OK || memcmp(field, example->after, sizeof field) != 0) {
            fail_msg("example %zu: error 0x%x, %08x %08x and not %08x %08x", i, (unsigned)error,
                     (unsigned)field[0], (unsigned)field[1], (unsigned)example->after[0],
                     (unsigned)example->after[1]);
        }
    }
}

static void knows_five_types_and_no_other(void **state)
{
    static const uint8_t sizes[256] = {
        [ABS32] = 4, [CALL_PLT] = 8, [HI20] = 4, [LO12_I] = 4, [LO12_S] = 4};
    for (uint32_t type = 0; type < 256; type++) {
        assert_int_equal(hotreload_arch_riscv.field_size(type), sizes[type]);
    }
    assert_int_equal(hotreload_arch_riscv.field_size(256 + ABS32), 0);
    assert_int_equal(hotreload_arch_riscv.machine, 243);
}

static void refuses_to_call_an_odd_address(void **state)
{
    static const uint32_t odd[] = {0x40380001, 0x4037ffff, 1, ALL_ONES};
    for (size_t i = 0; i < COUNT(odd); i++) {
        uint32_t field[HOTRELOAD_FIELD_WORDS] = {AUIPC_RA, JALR_RA};
        assert_int_equal(hotreload_arch_riscv.relocate(CALL_PLT, 0x40380000, odd[i], field),
                         ESP_ERR_INVALID_SIZE);
        assert_int_equal(field[0], AUIPC_RA);
        assert_int_equal(field[1], JALR_RA);
    }
}

/* ---- Properties: what the CPU computes from the relocated instructions is the value ---- */

#define ROUNDS 100000u

static uint32_t random_word(uint32_t *seed)
{
    *seed ^= *seed << 13; /* xorshift32 */
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/** Every other value lies near a border of the two parts. */
static uint32_t random_value(uint32_t *seed)
{
    uint32_t value = random_word(seed);
    return value & 1u << 16 ? value : (value & 0xfffff000u) + 0x7fcu + (value & 7u);
}

static uint32_t relocated(uint32_t type, uint32_t value, uint32_t instruction)
{
    uint32_t field[HOTRELOAD_FIELD_WORDS] = {instruction, NO_SECOND};
    assert_int_equal(hotreload_arch_riscv.relocate(type, 0, value, field), ESP_OK);
    assert_int_equal(field[1], NO_SECOND);
    return field[0];
}

static uint32_t sign_extended_12(uint32_t value)
{
    return (value ^ 0x800u) - 0x800u;
}

static uint32_t u_immediate(uint32_t instruction)
{
    return instruction & 0xfffff000u;
}

static uint32_t i_immediate(uint32_t instruction)
{
    return sign_extended_12(instruction >> 20);
}

static uint32_t s_immediate(uint32_t instruction)
{
    return sign_extended_12(instruction >> 25 << 5 | (instruction >> 7 & 0x1fu));
}

static void two_parts_make_the_value(void **state)
{
    uint32_t seed = 1;
    for (unsigned round = 0; round < ROUNDS; round++) {
        const uint32_t value = random_value(&seed);
        const uint32_t junk = random_word(&seed);
        uint32_t lui = relocated(HI20, value, junk);
        uint32_t load = relocated(LO12_I, value, junk);
        uint32_t store = relocated(LO12_S, value, junk);
        assert_int_equal(u_immediate(lui) + i_immediate(load), value);
        assert_int_equal(u_immediate(lui) + s_immediate(store), value);
        assert_int_equal(lui & 0x00000fffu, junk & 0x00000fffu);
        assert_int_equal(load & 0x000fffffu, junk & 0x000fffffu);
        assert_int_equal(store & 0x01fff07fu, junk & 0x01fff07fu);
    }
}

static void a_call_lands_on_its_target(void **state)
{
    uint32_t seed = 2;
    for (unsigned round = 0; round < ROUNDS; round++) {
        const uint32_t place = random_word(&seed) & ~1u;
        const uint32_t target = (place + random_value(&seed)) & ~1u;
        const uint32_t junk[] = {random_word(&seed), random_word(&seed)};
        uint32_t field[] = {junk[0], junk[1]};
        assert_int_equal(hotreload_arch_riscv.relocate(CALL_PLT, place, target, field), ESP_OK);
        assert_int_equal(place + u_immediate(field[0]) + i_immediate(field[1]), target);
        assert_int_equal(field[0] & 0x00000fffu, junk[0] & 0x00000fffu);
        assert_int_equal(field[1] & 0x000fffffu, junk[1] & 0x000fffffu);
    }
}

/* ---- Through the loader ---- */

/** Stages a module with one relocation and compares all else with the file. */
static void expect_relocated(module_relocation_t relocation, bool in_text, const uint32_t *expected,
                             size_t size)
{
    module_spec_t spec = module_spec_default();
    spec.relocations = &relocation;
    spec.relocation_count = 1;
    staged_t staged = stage_spec(&spec);
    uint8_t *text = staged.file + staged.layout.text;
    uint8_t *data = staged.file + staged.layout.data;
    uint8_t *field =
        in_text ? text + (relocation.place - TEXT_LINK) : data + (relocation.place - DATA_LINK);
    for (size_t i = 0; i < size / 4; i++) {
        module_put32(field + 4 * i, expected[i]);
    }
    assert_memory_equal(fake_port_text(staged.module.text.run, 64), text, 64);
    assert_memory_equal(fake_port_data(staged.module.data.run, 16), data, 16);
    staged_drop(&staged);
}

/** Where the next module goes, and what is in its file. */
typedef struct {
    uint32_t text_run, data_run;
    uint8_t text[64];
    uint8_t data[16];
} next_t;

static next_t next_module(void)
{
    module_spec_t spec = module_spec_default();
    module_layout_t layout;
    size_t size;
    uint8_t *file = module_build(&spec, &layout, &size);
    next_t next = {.text_run = (fake_port.text_next + 3u) & ~3u,
                   .data_run = (fake_port.data_next + 7u) & ~7u};
    memcpy(next.text, file + layout.text, sizeof next.text);
    memcpy(next.data, file + layout.data, sizeof next.data);
    free(file);
    return next;
}

/** Compressed instructions are two bytes long, so instructions begin at any even offset. */
static void relocates_instructions_at_every_even_offset(void **state)
{
    for (uint32_t offset = 0; offset + 4 <= 64; offset += 2) {
        const next_t next = next_module();
        const uint32_t value = next.data_run + 0x1234u - 0x2000u;
        uint32_t expected[HOTRELOAD_FIELD_WORDS] = {module_get32(next.text + offset)};
        expected[0] = (expected[0] & 0xfffu) | ((value + 0x800u) & 0xfffff000u);
        expect_relocated(
            (module_relocation_t){TEXT_LINK + offset, HI20, HOTRELOAD_SYM_DATA, 0x1234 - 0x2000},
            true, expected, 4);
    }
}

/** Constants among the instructions may lie anywhere. */
static void relocates_words_in_text_at_every_offset(void **state)
{
    for (uint32_t offset = 0; offset + 4 <= 64; offset++) {
        const uint32_t expected[] = {0x5a3c69f0u + offset};
        expect_relocated((module_relocation_t){TEXT_LINK + offset, ABS32, HOTRELOAD_SYM_NONE,
                                               (int32_t)expected[0]},
                         true, expected, 4);
    }
}

static void relocates_calls_at_every_even_offset(void **state)
{
    for (uint32_t offset = 0; offset + 8 <= 64; offset += 2) {
        const next_t next = next_module();
        const uint32_t target = 0x42000124u;
        const uint32_t distance = target - (next.text_run + offset);
        const uint32_t expected[HOTRELOAD_FIELD_WORDS] = {
            (module_get32(next.text + offset) & 0xfffu) | ((distance + 0x800u) & 0xfffff000u),
            (module_get32(next.text + offset + 4) & 0xfffffu) | distance << 20,
        };
        expect_relocated((module_relocation_t){TEXT_LINK + offset, CALL_PLT, HOTRELOAD_SYM_NONE,
                                               (int32_t)target},
                         true, expected, 8);
    }
}

/** Packed structures put pointers anywhere. */
static void relocates_words_in_data_at_every_offset(void **state)
{
    for (uint32_t offset = 0; offset + 4 <= 16; offset++) {
        const next_t next = next_module();
        const uint32_t to_text[] = {next.text_run + 0x20u};
        expect_relocated((module_relocation_t){DATA_LINK + offset, ABS32, HOTRELOAD_SYM_TEXT, 0x20},
                         false, to_text, 4);
    }
}

/** Nobody keeps instructions in data; if so, the bits around the field stay. */
static void relocates_an_instruction_in_data(void **state)
{
    const next_t next = next_module();
    const uint32_t value = next.text_run + 0x345u;
    const uint32_t expected[] = {(module_get32(next.data + 5) & 0x000fffffu) | value << 20};
    expect_relocated((module_relocation_t){DATA_LINK + 5, LO12_I, HOTRELOAD_SYM_TEXT, 0x345}, false,
                     expected, 4);
}

/** A symbol is the start of a segment; what lies before it is reached by a negative addend. */
static void adds_negative_addends(void **state)
{
    next_t next = next_module();
    const uint32_t before_text[] = {next.text_run - 4u};
    expect_relocated((module_relocation_t){DATA_LINK, ABS32, HOTRELOAD_SYM_TEXT, -4}, false,
                     before_text, 4);
    next = next_module();
    const uint32_t before_data[] = {next.data_run - 0x800u};
    expect_relocated((module_relocation_t){DATA_LINK, ABS32, HOTRELOAD_SYM_DATA, -0x800}, false,
                     before_data, 4);
    const uint32_t absolute[] = {0xfffffffeu};
    expect_relocated((module_relocation_t){DATA_LINK, ABS32, HOTRELOAD_SYM_NONE, -2}, false,
                     absolute, 4);
}

#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, old_module_set_up, old_module_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(matches_the_values_of_the_psabi),
        TEST(knows_five_types_and_no_other),
        TEST(refuses_to_call_an_odd_address),
        TEST(two_parts_make_the_value),
        TEST(a_call_lands_on_its_target),
        TEST(relocates_instructions_at_every_even_offset),
        TEST(relocates_words_in_text_at_every_offset),
        TEST(relocates_calls_at_every_even_offset),
        TEST(relocates_words_in_data_at_every_offset),
        TEST(relocates_an_instruction_in_data),
        TEST(adds_negative_addends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
