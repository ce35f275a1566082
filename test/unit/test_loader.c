/*
 * The loader's transaction: stage, commit, release; and what happens when memory or the caches
 * fail in the middle of it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "loader_steps.h"
#include "testing.h"
#include "fake_port.h"
#include "old_module.h"

#define TEXT_LINK    0xa0000000u
#define DATA_LINK    0xb0000000u
#define R_RISCV_32   1
#define R_RISCV_HI20 26

/* ---- Staging ---- */

static void places_each_segment_in_its_region(void **state)
{
    module_spec_t spec = module_spec_default();
    staged_t staged = stage_spec(&spec);
    static const uint8_t zeros[8];
    assert_int_equal(staged.module.text.size, 64);
    assert_int_equal(staged.module.data.size, 24);
    assert_memory_equal(fake_port_text(staged.module.text.run, 64),
                        staged.file + staged.layout.text, 64);
    assert_memory_equal(fake_port_data(staged.module.data.run, 16),
                        staged.file + staged.layout.data, 16);
    assert_memory_equal(fake_port_data(staged.module.data.run + 16, 8), zeros, sizeof zeros);
    staged_drop(&staged);
}

/** Until commit the table, the old module and the CPU see nothing of it. */
static void staging_changes_nothing_visible(void **state)
{
    module_spec_t spec = module_spec_default();
    spec.init = (hotreload_note_init_t){DATA_LINK, 2, DATA_LINK + 8, 2};
    const uint32_t *slots = hotreload_firmware_table.slots;
    const uint32_t before[] = {slots[0], slots[1], slots[2]};
    const unsigned syncs = fake_port.sync_count;
    staged_t staged = stage_spec(&spec);
    assert_memory_equal(slots, before, sizeof before);
    assert_int_equal(fake_port.call_count, 0);
    assert_int_equal(fake_port.sync_count, syncs + 1);
    staged_drop(&staged);
}

/** Data and .bss of 0 to 9 bytes each; the region is whole words, as the port asks. */
static void zeroes_bss_of_any_size(void **state)
{
    for (size_t data = 0; data < 10; data++) {
        for (size_t bss = 0; bss < 10; bss++) {
            static const uint8_t zeros[10];
            module_spec_t spec = module_spec_default();
            spec.data_file_size = data;
            spec.data_size = data + bss;
            staged_t staged = stage_spec(&spec);
            assert_int_equal(staged.module.data.size, (data + bss + 3) / 4 * 4);
            if (data + bss > 0) {
                const uint8_t *content = fake_port_data(staged.module.data.run, data + bss);
                assert_memory_equal(content, staged.file + staged.layout.data, data);
                assert_memory_equal(content + data, zeros, bss);
            }
            staged_drop(&staged);
        }
    }
}

static void a_segment_without_bytes_gets_no_memory(void **state)
{
    module_spec_t spec = module_spec_default();
    spec.data_file_size = 0;
    spec.data_size = 0;
    const unsigned allocations = fake_port.live_allocations;
    staged_t staged = stage_spec(&spec);
    assert_null(staged.module.data.write);
    assert_int_equal(fake_port.live_allocations, allocations + 1);
    staged_drop(&staged);
}

static void aligns_run_addresses(void **state)
{
    for (uint32_t align = 4; align <= 4096; align *= 2) {
        module_spec_t spec = module_spec_default();
        spec.text_align = align;
        spec.data_align = align;
        staged_t staged = stage_spec(&spec);
        assert_int_equal(staged.module.text.run % align, 0);
        assert_int_equal(staged.module.data.run % align, 0);
        staged_drop(&staged);
    }
}

/** A module with IRAM_ATTR runs while the flash cache, and with it external RAM, is off. */
static void asks_for_memory_inside_the_chip_for_a_module_that_needs_it(void **state)
{
    module_spec_t spec = module_spec_default();
    spec.init.init_address = spec.data_address;
    spec.init.init_count = 1;
    module_layout_t layout;
    size_t size;
    uint8_t *file = module_build(&spec, &layout, &size);
    const size_t type = 8;
    module_put32(file + layout.init_note + type, HOTRELOAD_NOTE_INTERNAL);
    hotreload_image_t image;
    hotreload_module_t staged;
    hotreload_reason_t reason = {0};
    assert_int_equal(
        hotreload_loader_stage(file, size, HOTRELOAD_CAP_SPIRAM, &image, &staged, &reason), ESP_OK);
    assert_int_equal(fake_port.last_text_caps, HOTRELOAD_CAP_INTERNAL);
    assert_int_equal(fake_port.last_data_caps, HOTRELOAD_CAP_INTERNAL);
    hotreload_segments_free(&staged);
    free(file);
}

static void asks_for_memory_with_the_given_capabilities(void **state)
{
    module_spec_t spec = module_spec_default();
    size_t size;
    uint8_t *file = module_build(&spec, NULL, &size);
    hotreload_image_t image;
    hotreload_module_t staged;
    hotreload_reason_t reason = {0};
    assert_int_equal(hotreload_loader_stage(file, size, 1u << 10, &image, &staged, &reason),
                     ESP_OK);
    assert_int_equal(fake_port.last_text_caps, 1u << 10);
    assert_int_equal(fake_port.last_data_caps, 1u << 10);
    hotreload_segments_free(&staged);

    fake_port.text_caps = 0;
    assert_int_equal(hotreload_loader_stage(file, size, 1u << 10, &image, &staged, &reason),
                     ESP_ERR_NOT_SUPPORTED);
    expect_words(&reason, "no text memory for the module");
    free(file);
}

/* ---- What fails in the middle ---- */

/** Relocations, constructors and destructors: staging has all of its work to do. */
static module_spec_t spec_with_everything(void)
{
    static const module_relocation_t relocations[] = {
        {TEXT_LINK, R_RISCV_HI20, HOTRELOAD_SYM_DATA, 0},
        {DATA_LINK, R_RISCV_32, HOTRELOAD_SYM_TEXT, 4},
        {DATA_LINK + 4, R_RISCV_32, HOTRELOAD_SYM_TEXT, 8},
        {DATA_LINK + 8, R_RISCV_32, HOTRELOAD_SYM_TEXT, 12},
        {DATA_LINK + 12, R_RISCV_32, HOTRELOAD_SYM_TEXT, 16},
    };
    module_spec_t spec = module_spec_default();
    spec.relocations = relocations;
    spec.relocation_count = COUNT(relocations);
    spec.init = (hotreload_note_init_t){DATA_LINK, 2, DATA_LINK + 8, 2};
    return spec;
}

static void survives_each_failing_allocation(void **state)
{
    module_spec_t spec = spec_with_everything();
    size_t size;
    uint8_t *file = module_build(&spec, NULL, &size);
    fake_port.fail_allocation = 1;
    expect_not_staged(file, size, ESP_ERR_NO_MEM,
                      "no text memory for the module (text 64, data 24 bytes)");
    fake_port.fail_allocation = 2;
    expect_not_staged(file, size, ESP_ERR_NO_MEM,
                      "no data memory for the module (text 64, data 24 bytes)");
    free(file);

    fake_port.fail_allocation = 3;
    staged_t staged = stage_spec(&spec);
    assert_int_equal(fake_port.fail_allocation, 1); /* there was no third */
    fake_port.fail_allocation = 0;
    staged_drop(&staged);
}

static void refuses_a_module_larger_than_ram(void **state)
{
    module_spec_t spec = module_spec_default();
    spec.text_size = 256;
    spec.data_size = 4096;
    size_t size;
    uint8_t *file = module_build(&spec, NULL, &size);
    fake_port.text_limit = 252;
    expect_not_staged(file, size, ESP_ERR_NO_MEM, "no text memory for the module (text 256, ");
    fake_port.text_limit = 256;
    fake_port.data_limit = 4092;
    expect_not_staged(file, size, ESP_ERR_NO_MEM,
                      "no data memory for the module (text 256, data 4096 bytes)");
    free(file);
}

/** As much as fits behind its link address, and far more than any chip has. */
static void refuses_bss_of_gigabytes(void **state)
{
    module_spec_t spec = module_spec_default();
    spec.data_size = 0x4fffffff;
    size_t size;
    uint8_t *file = module_build(&spec, NULL, &size);
    expect_not_staged(file, size, ESP_ERR_NO_MEM, "data 1342177279 bytes");
    free(file);
}

static void refuses_when_the_caches_cannot_be_synchronised(void **state)
{
    module_spec_t spec = spec_with_everything();
    size_t size;
    uint8_t *file = module_build(&spec, NULL, &size);
    fake_port.sync_result = ESP_FAIL;
    expect_not_staged(file, size, ESP_FAIL, "the caches could not be synchronised");
    free(file);
}

static void frees_a_module_with_a_bad_relocation(void **state)
{
    module_spec_t spec = spec_with_everything();
    module_relocation_t relocations[8];
    memcpy(relocations, spec.relocations, spec.relocation_count * sizeof relocations[0]);
    relocations[spec.relocation_count++] =
        (module_relocation_t){TEXT_LINK, 99, HOTRELOAD_SYM_TEXT, 0};
    spec.relocations = relocations;
    expect_spec_refused(&spec, ESP_ERR_NOT_SUPPORTED, "relocation type 99 is unknown");
}

/* ---- Commit and release ---- */

static void commit_points_every_slot_to_its_function(void **state)
{
    static const module_export_t exports[] = {
        {"aa", TEXT_LINK + 4},      {"alpha", TEXT_LINK + 8}, {"alphabet", TEXT_LINK + 12},
        {"beta", TEXT_LINK + 0x3e}, {"gamma", TEXT_LINK},     {"omega", TEXT_LINK + 16},
    };
    module_spec_t spec = module_spec_default();
    spec.exports = exports;
    spec.export_count = COUNT(exports);
    staged_t staged = stage_spec(&spec);
    commit_module(&staged.image, &staged.module);
    const uint32_t *slots = hotreload_firmware_table.slots;
    assert_int_equal(slots[0], staged.module.text.run + 8);
    assert_int_equal(slots[1], staged.module.text.run + 0x3e);
    assert_int_equal(slots[2], staged.module.text.run);
    old_module_rebind();
    staged_drop(&staged);
}

/** Slots at the time of the first constructor and of the last destructor. */
static uint32_t slot_in_constructor, slot_in_destructor;

static void look_at_the_table(uint32_t run_address)
{
    (void)fake_port_text(run_address, 4); /* fails the test if that memory was freed */
    if (fake_port.call_count == 1) {
        slot_in_constructor = hotreload_firmware_table.slots[0];
    }
    slot_in_destructor = hotreload_firmware_table.slots[0];
}

/** The table changes before the first constructor, and away before the first destructor. */
static void constructs_in_order_and_destroys_in_reverse(void **state)
{
    module_spec_t spec = spec_with_everything();
    staged_t staged = stage_spec(&spec);
    const uint32_t text = staged.module.text.run;
    assert_int_equal(fake_port.call_count, 0);
    fake_port.on_call = look_at_the_table;

    commit_module(&staged.image, &staged.module);
    assert_int_equal(fake_port.call_count, 2);
    assert_int_equal(fake_port.calls[0], text + 4);
    assert_int_equal(fake_port.calls[1], text + 8);
    assert_int_equal(slot_in_constructor, text);

    old_module_rebind();
    const uint32_t old_slot = hotreload_firmware_table.slots[0];
    hotreload_loader_run_destructors(&staged.module);
    assert_int_equal(fake_port.call_count, 4);
    assert_int_equal(fake_port.calls[2], text + 16);
    assert_int_equal(fake_port.calls[3], text + 12);
    assert_int_equal(slot_in_destructor, old_slot);
    staged_drop(&staged);
    assert_int_equal(fake_port.call_count, 4);
    fake_port.call_count = 0;
}

/** fake_port fails the test when code runs in memory that was not synchronised after a write. */
static void synchronises_after_the_last_write(void **state)
{
    module_spec_t spec = spec_with_everything();
    const unsigned syncs = fake_port.sync_count;
    staged_t staged = stage_spec(&spec);
    assert_int_equal(fake_port.sync_count, syncs + 1);
    commit_module(&staged.image, &staged.module);
    assert_int_equal(fake_port.sync_count, syncs + 1);
    assert_int_equal(fake_port.call_count, 2);
    old_module_rebind();
    staged_drop(&staged);
    fake_port.call_count = 0;
}

static void release_clears_the_module(void **state)
{
    module_spec_t spec = spec_with_everything();
    staged_t staged = stage_spec(&spec);
    fake_port.freed_text_is_clear = false;
    hotreload_segments_free(&staged.module);
    assert_true(fake_port.freed_text_is_clear); /* old code faults, whoever calls it */
    assert_null(staged.module.text.write);
    assert_null(staged.module.data.write);
    hotreload_segments_free(&staged.module); /* again: there is nothing to do */
    free(staged.file);
    fake_port.call_count = 0;
}

static void call_missing(void *slot)
{
    hotreload_missing(*(uint32_t *)slot);
}

static void unbinding_leads_every_slot_to_its_handler(void **state)
{
    static const char *const names[] = {"alpha", "beta", "gamma", "a static function"};
    hotreload_firmware_table.slots[3] = 0x12345678u; /* as a module fills it in */
    hotreload_loader_unbind();
    for (uint32_t slot = 0; slot < COUNT(names); slot++) {
        char message[128];
        assert_int_equal(hotreload_firmware_table.slots[slot],
                         hotreload_firmware_table.missing[slot]);
        assert_true(fake_port_panics(call_missing, &slot));
        snprintf(message, sizeof message,
                 "%s() was called, but no loaded module has it: call hotreload_load() first",
                 names[slot]);
        assert_string_equal(fake_port.panic, message);
    }
    old_module_rebind();
}

#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, old_module_set_up, old_module_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(places_each_segment_in_its_region),
        TEST(staging_changes_nothing_visible),
        TEST(zeroes_bss_of_any_size),
        TEST(a_segment_without_bytes_gets_no_memory),
        TEST(aligns_run_addresses),
        TEST(asks_for_memory_with_the_given_capabilities),
        TEST(asks_for_memory_inside_the_chip_for_a_module_that_needs_it),
        TEST(survives_each_failing_allocation),
        TEST(refuses_a_module_larger_than_ram),
        TEST(refuses_bss_of_gigabytes),
        TEST(refuses_when_the_caches_cannot_be_synchronised),
        TEST(frees_a_module_with_a_bad_relocation),
        TEST(commit_points_every_slot_to_its_function),
        TEST(constructs_in_order_and_destroys_in_reverse),
        TEST(synchronises_after_the_last_write),
        TEST(release_clears_the_module),
        TEST(unbinding_leads_every_slot_to_its_handler),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
