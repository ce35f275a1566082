/*
 * A firmware that calls nothing of the module: the table is empty, and a module may have no code.
 *
 * SPDX-License-Identifier: MIT
 */
#include "loader_steps.h"
#include "testing.h"
#include "fake_port.h"
#include "loader/loader.h"
#include "module_builder.h"

#define TEXT_LINK 0xa0000000u
#define DATA_LINK 0xb0000000u

static uint32_t no_slots[1] = {0x12345678u};
static const uint32_t no_missing[1] = {0x9abcdef0u};

const hotreload_table_t hotreload_firmware_table = {
    .count = 0,
    .slots = no_slots,
    .missing = no_missing,
    .names = "",
};

static int set_up(void **state)
{
    fake_port_reset();
    return 0;
}

/** Stages, commits and releases; only the data gets memory where there is no text. */
static void run(const module_spec_t *spec, unsigned regions)
{
    hotreload_image_t image;
    hotreload_module_t module;
    hotreload_reason_t reason = {0};
    module_layout_t layout;
    size_t size;
    uint8_t *file = module_build(spec, &layout, &size);
    assert_int_equal(hotreload_loader_verify(file, size, &image, &reason), ESP_OK);
    assert_int_equal(hotreload_loader_stage(file, size, 0, &image, &module, &reason), ESP_OK);
    assert_int_equal(fake_port.live_allocations, regions);
    assert_int_equal(fake_port.sync_count, 1);
    commit_module(&image, &module);
    hotreload_loader_unbind();
    assert_int_equal(no_slots[0], 0x12345678u);
    if (spec->data_size > 0) {
        assert_int_equal(module_get32(fake_port_data(module.data.run, 4)), module.data.run + 8);
    }
    hotreload_segments_free(&module);
    free(file);
    fake_port_expect_idle();
}

static void runs_a_module_with_data_only(void **state)
{
    const module_relocation_t relocation = {DATA_LINK, 1, HOTRELOAD_SYM_DATA, 8};
    module_spec_t spec = module_spec_default();
    spec.text_size = 0;
    spec.export_count = 0;
    spec.relocations = &relocation;
    spec.relocation_count = 1;
    run(&spec, 1);
}

static void runs_a_module_with_nothing(void **state)
{
    module_spec_t spec = module_spec_default();
    spec.text_size = 0;
    spec.data_file_size = 0;
    spec.data_size = 0;
    spec.export_count = 0;
    run(&spec, 0);
}

static void runs_a_module_whose_exports_nobody_calls(void **state)
{
    const module_relocation_t relocation = {DATA_LINK, 1, HOTRELOAD_SYM_DATA, 8};
    module_spec_t spec = module_spec_default();
    spec.relocations = &relocation;
    spec.relocation_count = 1;
    run(&spec, 2);
}

static void refuses_an_export_without_text(void **state)
{
    const module_export_t export = {"ghost", TEXT_LINK};
    module_spec_t spec = module_spec_default();
    spec.text_size = 0;
    spec.exports = &export;
    spec.export_count = 1;
    size_t size;
    uint8_t *file = module_build(&spec, NULL, &size);
    hotreload_image_t image;
    hotreload_reason_t reason = {0};
    assert_int_equal(hotreload_loader_verify(file, size, &image, &reason),
                     ESP_ERR_INVALID_RESPONSE);
    assert_string_equal(reason.text, "malformed module (defect 11)");
    free(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(runs_a_module_with_data_only, set_up),
        cmocka_unit_test_setup(runs_a_module_with_nothing, set_up),
        cmocka_unit_test_setup(runs_a_module_whose_exports_nobody_calls, set_up),
        cmocka_unit_test_setup(refuses_an_export_without_text, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
