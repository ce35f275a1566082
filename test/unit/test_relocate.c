/*
 * Relocations that a module must not have: each is refused by name, while the old module goes on
 * running. What good ones do is tested in test_reloc_*.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fake_port.h"
#include "loader/relocate.h"
#include "old_module.h"

#define TEXT_LINK 0xa0000000u
#define DATA_LINK 0xb0000000u

enum { ABS32 = 1, CALL_PLT = 19, HI20 = 26, LO12_I = 27, LO12_S = 28 };

typedef struct {
    const char *name;
    module_relocation_t relocation;
    esp_err_t error;
    const char *words;
} fault_t;

#define TEXT_ HOTRELOAD_SYM_TEXT
#define DATA_ HOTRELOAD_SYM_DATA

static const fault_t faults[] = {
    {"type_0", {TEXT_LINK, 0, TEXT_, 0}, ESP_ERR_NOT_SUPPORTED, "relocation type 0 is unknown"},
    {"type_64_bit",
     {DATA_LINK, 2, TEXT_, 0},
     ESP_ERR_NOT_SUPPORTED,
     "relocation type 2 is unknown"},
    {"type_jal",
     {TEXT_LINK + 2, 17, TEXT_, 0},
     ESP_ERR_NOT_SUPPORTED,
     "relocation type 17 is unknown"},
    {"type_got_hi20", {TEXT_LINK, 20, TEXT_, 0}, ESP_ERR_NOT_SUPPORTED, "relocation type 20"},
    {"type_pcrel_hi20", {TEXT_LINK, 23, TEXT_, 0}, ESP_ERR_NOT_SUPPORTED, "relocation type 23"},
    {"type_relax", {TEXT_LINK, 51, 0, 0}, ESP_ERR_NOT_SUPPORTED, "relocation type 51"},
    {"type_255", {TEXT_LINK, 255, TEXT_, 0}, ESP_ERR_NOT_SUPPORTED, "relocation type 255"},

    {"symbol_3", {DATA_LINK, ABS32, 3, 0}, ESP_ERR_INVALID_RESPONSE, "(defect 13)"},
    {"symbol_16777215", {TEXT_LINK, HI20, 0xffffff, 0}, ESP_ERR_INVALID_RESPONSE, "(defect 13)"},

    {"at_address_0", {0, ABS32, TEXT_, 0}, ESP_ERR_INVALID_SIZE, "(defect 28)"},
    {"at_the_last_address", {UINT32_MAX, ABS32, TEXT_, 0}, ESP_ERR_INVALID_SIZE, "(defect 28)"},
    {"before_the_text", {TEXT_LINK - 4, HI20, TEXT_, 0}, ESP_ERR_INVALID_SIZE, "(defect 28)"},
    {"over_the_start_of_the_text",
     {TEXT_LINK - 1, HI20, TEXT_, 0},
     ESP_ERR_INVALID_SIZE,
     "(defect 28)"},
    {"over_the_end_of_the_text_by_1",
     {TEXT_LINK + 61, LO12_I, TEXT_, 0},
     ESP_ERR_INVALID_SIZE,
     "(defect 28)"},
    {"over_the_end_of_the_text_by_2",
     {TEXT_LINK + 62, LO12_S, TEXT_, 0},
     ESP_ERR_INVALID_SIZE,
     "(defect 28)"},
    {"call_over_the_end_of_the_text_by_2",
     {TEXT_LINK + 58, CALL_PLT, TEXT_, 0},
     ESP_ERR_INVALID_SIZE,
     "(defect 28)"},
    {"call_over_the_end_of_the_text_by_4",
     {TEXT_LINK + 60, CALL_PLT, TEXT_, 0},
     ESP_ERR_INVALID_SIZE,
     "(defect 28)"},
    {"after_the_text", {TEXT_LINK + 64, HI20, TEXT_, 0}, ESP_ERR_INVALID_SIZE, "(defect 28)"},
    {"before_the_data", {DATA_LINK - 4, ABS32, DATA_, 0}, ESP_ERR_INVALID_SIZE, "(defect 28)"},
    {"over_the_start_of_the_data",
     {DATA_LINK - 3, ABS32, DATA_, 0},
     ESP_ERR_INVALID_SIZE,
     "(defect 28)"},
    {"from_the_data_into_the_bss",
     {DATA_LINK + 13, ABS32, DATA_, 0},
     ESP_ERR_INVALID_SIZE,
     "(defect 28)"},
    {"in_the_bss", {DATA_LINK + 16, ABS32, DATA_, 0}, ESP_ERR_INVALID_SIZE, "(defect 28)"},
    {"over_the_end_of_the_bss",
     {DATA_LINK + 22, ABS32, DATA_, 0},
     ESP_ERR_INVALID_SIZE,
     "(defect 28)"},
    {"after_the_data", {DATA_LINK + 24, ABS32, DATA_, 0}, ESP_ERR_INVALID_SIZE, "(defect 28)"},
};

/** The fault comes last, so that what went before has been written already. */
static void refuses_fault(void **state)
{
    const fault_t *fault = *state;
    const module_relocation_t relocations[] = {
        {TEXT_LINK, HI20, DATA_, 0}, {DATA_LINK, ABS32, TEXT_, 0}, fault->relocation};
    module_spec_t spec = module_spec_default();
    spec.relocations = relocations;
    spec.relocation_count = COUNT(relocations);
    expect_spec_refused(&spec, fault->error, fault->words);
}

/** Whether a value fits is only known once the module has its place. */
static void refuses_a_call_of_an_odd_address(void **state)
{
    const module_relocation_t relocations[] = {
        {TEXT_LINK, HI20, DATA_, 0}, {TEXT_LINK + 8, CALL_PLT, HOTRELOAD_SYM_NONE, 0x42000003}};
    module_spec_t spec = module_spec_default();
    spec.relocations = relocations;
    spec.relocation_count = COUNT(relocations);
    size_t size;
    uint8_t *file = module_build(&spec, NULL, &size);
    hotreload_image_t image;
    hotreload_reason_t reason = {0};
    assert_int_equal(hotreload_loader_verify(file, size, &image, &reason), ESP_OK);
    expect_not_staged(file, size, ESP_ERR_INVALID_SIZE, "(defect 29)");
    free(file);
}

static void refuses_a_call_to_an_odd_place_in_the_text(void **state)
{
    const module_relocation_t relocation = {TEXT_LINK, CALL_PLT, HOTRELOAD_SYM_TEXT, -1};
    module_spec_t spec = module_spec_default();
    spec.relocations = &relocation;
    spec.relocation_count = 1;
    size_t size;
    uint8_t *file = module_build(&spec, NULL, &size);
    expect_not_staged(file, size, ESP_ERR_INVALID_SIZE, "(defect 29)");
    free(file);
}

static void refuses_the_data_of_a_module_without_data(void **state)
{
    const module_relocation_t relocation = {TEXT_LINK, HI20, HOTRELOAD_SYM_DATA, 0};
    module_spec_t spec = module_spec_default();
    spec.data_file_size = 0;
    spec.data_size = 0;
    spec.relocations = &relocation;
    spec.relocation_count = 1;
    expect_spec_refused(&spec, ESP_ERR_INVALID_RESPONSE, "(defect 13)");
}

/** Such a module has data only. */
static void refuses_the_text_of_an_image_without_text(void **state)
{
    const module_relocation_t relocation = {DATA_LINK, ABS32, HOTRELOAD_SYM_TEXT, 0};
    module_spec_t spec = module_spec_default();
    spec.text_size = 0;
    spec.export_count = 0;
    spec.relocations = &relocation;
    spec.relocation_count = 1;
    size_t size;
    uint8_t *file = module_build(&spec, NULL, &size);
    hotreload_image_t image;
    hotreload_reason_t reason = {0};
    assert_int_equal(hotreload_image_parse(file, size, &image, &reason), ESP_OK);
    assert_int_equal(hotreload_relocations_check(&image, &reason), ESP_ERR_INVALID_RESPONSE);
    expect_words(&reason, "(defect 13)");
    free(file);
}

/** Next to each other in link addresses, the segments are still two blocks of memory. */
static void refuses_a_field_across_segments_that_touch(void **state)
{
    const module_relocation_t relocation = {TEXT_LINK + 62, ABS32, HOTRELOAD_SYM_NONE, 0};
    module_spec_t spec = module_spec_default();
    spec.data_address = TEXT_LINK + 64;
    spec.relocations = &relocation;
    spec.relocation_count = 1;
    expect_spec_refused(&spec, ESP_ERR_INVALID_SIZE, "(defect 28)");
}

/** The last places that still lie inside. */
static void accepts_fields_up_to_the_end(void **state)
{
    const module_relocation_t relocations[] = {
        {TEXT_LINK + 56, CALL_PLT, HOTRELOAD_SYM_NONE, 0x42000000},
        {TEXT_LINK + 60, HI20, DATA_, 0},
        {DATA_LINK + 12, ABS32, TEXT_, 0},
    };
    module_spec_t spec = module_spec_default();
    spec.relocations = relocations;
    spec.relocation_count = COUNT(relocations);
    staged_t staged = stage_spec(&spec);
    assert_int_equal(module_get32(fake_port_data(staged.module.data.run + 12, 4)),
                     staged.module.text.run);
    staged_drop(&staged);
}

/** One byte of .bss is data enough for a symbol. */
static void accepts_the_smallest_data_as_a_symbol(void **state)
{
    const module_relocation_t relocation = {TEXT_LINK, ABS32, DATA_, 0};
    module_spec_t spec = module_spec_default();
    spec.data_file_size = 0;
    spec.data_size = 1;
    spec.relocations = &relocation;
    spec.relocation_count = 1;
    staged_t staged = stage_spec(&spec);
    assert_int_equal(module_get32(fake_port_text(staged.module.text.run, 4)),
                     staged.module.data.run);
    staged_drop(&staged);
}

static int run_faults(void)
{
    struct CMUnitTest tests[COUNT(faults)];
    for (size_t i = 0; i < COUNT(faults); i++) {
        tests[i] = (struct CMUnitTest){faults[i].name, refuses_fault, old_module_set_up,
                                       old_module_tear_down, (void *)(uintptr_t)&faults[i]};
    }
    return cmocka_run_group_tests_name("refuses a relocation", tests, NULL, NULL);
}

#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, old_module_set_up, old_module_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(refuses_a_call_of_an_odd_address),
        TEST(refuses_a_call_to_an_odd_place_in_the_text),
        TEST(refuses_the_data_of_a_module_without_data),
        TEST(refuses_the_text_of_an_image_without_text),
        TEST(refuses_a_field_across_segments_that_touch),
        TEST(accepts_fields_up_to_the_end),
        TEST(accepts_the_smallest_data_as_a_symbol),
    };
    return run_faults() + cmocka_run_group_tests(tests, NULL, NULL);
}
