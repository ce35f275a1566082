/*
 * Patches from an upload to a restart: what changes in the running module, what stays, and what is
 * refused.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "loaded.h"
#include "patched.h"
#include "stored.h"

/** The base is where it was, with its own bytes except for the jump. */
static void a_patch_leaves_the_base_where_it_is(void **state)
{
    loaded_start(1);
    const hotreload_status_t before = loaded_status();
    const uint32_t slots[] = {hotreload_firmware_table.slots[0], hotreload_firmware_table.slots[1]};
    *fake_port_data(before.data_run + 20, 1) = 0x5a; /* state of the program */
    uint8_t text[64];
    memcpy(text, fake_port_text(before.text_run, sizeof text), sizeof text);

    module_spec_t spec = patched_spec();
    const hotreload_status_t after = patched_apply(&spec);
    assert_int_equal(after.text_run, before.text_run);
    assert_int_equal(after.data_run, before.data_run);
    assert_int_equal(after.sequence, 2);
    assert_int_equal(after.running.base, 1);
    assert_int_equal(after.running.patch, 2);
    assert_int_equal(after.running.patch_functions, 1);
    assert_int_equal(*fake_port_data(before.data_run + 20, 1), 0x5a);
    assert_memory_equal(hotreload_firmware_table.slots, slots, sizeof slots);
    assert_int_equal(patched_beta_leads_to(), after.running.patch_text_run + 8);
    assert_memory_equal(fake_port_text(before.text_run, PATCHED_BETA), text, PATCHED_BETA);
    assert_memory_equal(fake_port_text(before.text_run + PATCHED_BETA + 4, 64 - PATCHED_BETA - 4),
                        text + PATCHED_BETA + 4, 64 - PATCHED_BETA - 4);
    loaded_expect_log("patched: 1 functions");
}

static void the_next_patch_replaces_the_one_before(void **state)
{
    loaded_start(1);
    module_spec_t spec = patched_spec();
    patched_apply(&spec);
    const unsigned allocations = fake_port.live_allocations;
    const hotreload_jump_t other = {.from = PATCHED_BETA + 8, .to = PATCHED_TEXT, .busy = 4};
    spec.jumps = &other;
    patched_apply(&spec);
    assert_int_equal(fake_port.live_allocations, allocations);
    assert_int_equal(patched_beta_leads_to(), 0);
    spec.jumps = &patched_jump;
    patched_apply(&spec);
    assert_int_equal(patched_beta_leads_to(), loaded_status().running.patch_text_run + 8);
}

static void a_whole_module_ends_a_patch(void **state)
{
    loaded_start(1);
    module_spec_t spec = patched_spec();
    patched_apply(&spec);
    loaded_store(2);
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    loaded_expect(2); /* which looks at the allocations, too */
    assert_int_equal(loaded_status().running.patch, 0);
}

static void a_restart_loads_base_and_patch(void **state)
{
    loaded_start(1);
    module_spec_t spec = patched_spec();
    patched_apply(&spec);
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
    loaded_restart(false);
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    assert_int_equal(loaded_status().running.base, 1);
    assert_int_equal(loaded_status().running.patch, 2);
    assert_int_equal(patched_beta_leads_to(), loaded_status().running.patch_text_run + 8);
}

static void a_crash_on_trial_blames_the_patch_alone(void **state)
{
    loaded_start(1);
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
    module_spec_t spec = patched_spec();
    patched_apply(&spec);
    assert_int_equal(fake_port.retained, 2);
    loaded_restart(true);
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    loaded_expect(1);
    assert_non_null(strstr(loaded_status().rollback.text, "module 2 crashed on trial"));
}

static void a_crash_goes_back_to_the_patch_before(void **state)
{
    loaded_start(1);
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
    module_spec_t spec = patched_spec();
    patched_apply(&spec);
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
    patched_apply(&spec);
    loaded_restart(true);
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    assert_int_equal(loaded_status().running.patch, 2);
    assert_int_equal(loaded_status().running.base, 1);
}

static void uploads_spare_the_base_of_the_newest_patch(void **state)
{
    loaded_start(1);
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
    module_spec_t spec = patched_spec();
    for (unsigned i = 0; i < 30; i++) { /* several times around the partition of 8 sectors */
        patched_apply(&spec);
        assert_int_equal(hotreload_mark_valid(), ESP_OK);
        loaded_restart(false);
        assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
        assert_int_equal(loaded_status().running.base, 1);
        assert_int_equal(loaded_status().running.patch, i + 2);
    }
}

static void a_patch_whose_base_is_gone_gives_way_to_an_older_module(void **state)
{
    loaded_start(1);
    loaded_store(2);
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    const hotreload_record_t base = stored_newest();
    module_spec_t spec = patched_spec();
    patched_apply(&spec);
    loaded_restart(false);
    fake_flash.data[base.offset + 100] ^= 1;
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    loaded_expect(1);
}

static void a_patch_of_another_base_is_refused(void **state)
{
    loaded_start(1);
    uint8_t other[32] = {1};
    module_spec_t spec = patched_spec();
    spec.base_sha256 = other;
    assert_int_equal(patched_store(&spec), ESP_ERR_INVALID_VERSION);
    assert_non_null(strstr(loaded_status().last_error.text, "send a whole module"));
    loaded_expect(1);
    assert_false(hotreload_update_available());
}

/* ---- Swaps and kept variables ---- */

static void swaps_change_constants_and_slots_and_are_undone(void **state)
{
    loaded_start(1);
    const uint32_t data = loaded_status().data_run;
    const uint32_t slot = hotreload_firmware_table.slots[3];
    uint8_t before[4], constant[4];
    memcpy(before, fake_port_data(data + 4, 4), 4);
    const hotreload_swap_t swaps[] = {
        {HOTRELOAD_SYM_BASE_DATA, 4, PATCHED_DATA, 4},
        {HOTRELOAD_SYM_NONE, 3, PATCHED_DATA + 8, 4},
    };
    const module_relocation_t pointer = {PATCHED_DATA + 8, 1, HOTRELOAD_SYM_TEXT, 16};
    const uint8_t content[16] = {9, 8, 7, 6};
    module_spec_t spec = patched_spec();
    spec.data = content;
    spec.swaps = swaps;
    spec.swap_count = 2;
    spec.relocations = &pointer;
    spec.relocation_count = 1;
    const uint32_t text = patched_apply(&spec).running.patch_text_run;
    memcpy(constant, fake_port_data(data + 4, 4), 4);
    assert_memory_equal(constant, content, 4);
    assert_int_equal(hotreload_firmware_table.slots[3], text + 16);

    spec.swap_count = 0;
    patched_apply(&spec);
    assert_memory_equal(fake_port_data(data + 4, 4), before, 4);
    assert_int_equal(hotreload_firmware_table.slots[3], slot);
}

static void kept_variables_outlive_patches_and_modules(void **state)
{
    const hotreload_kept_t kept = {.key = {1, 2}, .initial = PATCHED_DATA + 4, .size = 4};
    const uint8_t content[16] = {0, 0, 0, 0, 11, 22, 33, 44};
    const module_relocation_t pointer = {PATCHED_DATA, 1, HOTRELOAD_SYM_KEPT, 0};
    loaded_start(1);
    module_spec_t spec = patched_spec();
    spec.data = content;
    spec.kept = &kept;
    spec.kept_count = 1;
    spec.relocations = &pointer;
    spec.relocation_count = 1;
    uint32_t data = patched_apply(&spec).running.patch_data_run;
    const uint32_t variable = module_get32(fake_port_data(data, 4));
    assert_memory_equal(fake_port_data(variable, 4), content + 4, 4);

    *fake_port_data(variable, 1) = 99;
    data = patched_apply(&spec).running.patch_data_run;
    assert_int_equal(module_get32(fake_port_data(data, 4)), variable);
    assert_int_equal(*fake_port_data(variable, 1), 99);

    loaded_store(2); /* has no such variable */
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    loaded_expect(2);
}

/* ---- Failures ---- */

static void survives_each_failing_allocation(void **state)
{
    const hotreload_kept_t kept = {.key = {1, 2}, .size = 4};
    loaded_start(1);
    module_spec_t spec = patched_spec();
    spec.kept = &kept;
    spec.kept_count = 1;
    assert_int_equal(patched_store(&spec), ESP_OK);
    unsigned failures = 0;
    for (;;) {
        fake_port.fail_allocation = failures + 1;
        esp_err_t error = hotreload_reload(&loaded_config);
        if (error == ESP_OK) {
            break;
        }
        assert_int_equal(error, ESP_ERR_NO_MEM);
        assert_string_not_equal(loaded_status().last_error.text, "");
        loaded_expect(1);
        failures++;
    }
    /* map, hash, list, text, data, variable and its memory, places, stopping all tasks */
    assert_int_equal(failures, 9);
    assert_int_not_equal(patched_beta_leads_to(), 0);
}

static void refuses_a_jump_that_is_too_far(void **state)
{
    loaded_start(1);
    module_spec_t spec = patched_spec();
    fake_port.text_next = loaded_status().text_run + 0x200000;
    assert_int_equal(patched_store(&spec), ESP_OK);
    assert_int_equal(hotreload_reload(&loaded_config), ESP_ERR_INVALID_SIZE);
    assert_non_null(strstr(loaded_status().last_error.text, "too far"));
    loaded_expect(1);
}

/* ---- Veneers of Xtensa ---- */

#define VENEER 0x20u /* offset in the base's text */

static const uint32_t veneer_of_beta = VENEER;

/** Runs the base with the emulated Xtensa; returns a patch of it that is out of a jump's reach. */
static module_spec_t far_patch_spec(void)
{
    fake_port.arch = &hotreload_arch_xtensa;
    loaded_start(1);
    module_spec_t spec = patched_spec();
    spec.veneers = &veneer_of_beta;
    spec.veneer_count = 1;
    fake_port.text_next = loaded_status().text_run + 0x200000;
    return spec;
}

static uint32_t base_word(uint32_t offset)
{
    return module_get32(fake_port_text(loaded_status().text_run + offset, 4));
}

static void a_jump_that_is_too_far_goes_to_its_veneer(void **state)
{
    const module_spec_t spec = far_patch_spec();
    const uint32_t beta = base_word(PATCHED_BETA);
    const hotreload_status_t status = patched_apply(&spec);
    /* j: 18 bits from the word behind */
    assert_int_equal(base_word(PATCHED_BETA) & 0xffffffu, 0x06u | (VENEER + 4 - (PATCHED_BETA + 4))
                                                                      << 6);
    assert_int_equal(base_word(PATCHED_BETA) >> 24, beta >> 24);
    assert_int_equal(base_word(VENEER), status.running.patch_text_run + 8);
    assert_int_equal(base_word(VENEER + 4), 0xa0ffff91u); /* l32r a9, the word before; jx a9 */
    assert_int_equal(base_word(VENEER + 8) & 0xffffu, 0x0009u);

    loaded_store(3);
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    loaded_expect(3);
}

static void a_near_jump_needs_no_veneer(void **state)
{
    module_spec_t spec = far_patch_spec();
    const uint32_t there = base_word(VENEER);
    fake_port.text_next = loaded_status().text_run + 0x1000;
    patched_apply(&spec);
    assert_int_equal(base_word(VENEER), there);
    assert_int_equal(base_word(PATCHED_BETA) & 0x3fu, 0x06u);
}

static void waits_for_a_task_in_a_veneer(void **state)
{
    const module_spec_t first = far_patch_spec();
    patched_apply(&first);
    module_spec_t second = patched_spec();
    second.seed = 78;
    second.veneers = &veneer_of_beta;
    second.veneer_count = 1;
    fake_port.text_next = loaded_status().text_run + 0x300000;
    static const uint32_t stack[8] = {0};
    const hotreload_task_t task = {
        .name = "motor",
        .frame = {.pc = loaded_status().text_run + VENEER + 7, .sp = stack + COUNT(stack)},
        .end = stack + COUNT(stack),
    };
    fake_port.tasks = &task;
    fake_port.task_count = 1;
    assert_int_equal(patched_store(&second), ESP_OK);
    assert_int_equal(hotreload_reload(&loaded_config), ESP_ERR_HOTRELOAD_TASK_INSIDE);
    assert_non_null(strstr(loaded_status().last_error.text, "task motor stays"));
    fake_port.task_count = 0;
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    assert_int_equal(base_word(VENEER), loaded_status().running.patch_text_run + 8);
}

static void refuses_a_far_jump_without_a_veneer(void **state)
{
    static const uint32_t places[] = {HOTRELOAD_NO_VENEER, 56};
    module_spec_t spec = far_patch_spec();
    const uint32_t beta = base_word(PATCHED_BETA);
    for (size_t i = 0; i < COUNT(places); i++) {
        fake_port.text_next = loaded_status().text_run + 0x200000;
        spec.veneers = &places[i];
        assert_int_equal(patched_store(&spec), ESP_OK);
        assert_int_equal(hotreload_reload(&loaded_config), ESP_ERR_INVALID_SIZE);
        assert_non_null(strstr(loaded_status().last_error.text, "too far"));
        assert_int_equal(base_word(PATCHED_BETA), beta);
    }
}

static void refuses_changes_outside_the_base(void **state)
{
    static const hotreload_jump_t far_jump = {.from = 62, .to = PATCHED_TEXT, .busy = 4};
    static const hotreload_swap_t swaps[] = {
        {HOTRELOAD_SYM_BASE_DATA, 21, PATCHED_DATA, 4},
        {HOTRELOAD_SYM_NONE, 4, PATCHED_DATA, 4},
        {HOTRELOAD_SYM_NONE, 0, PATCHED_DATA, 8},
    };
    loaded_start(1);
    for (size_t i = 0; i <= COUNT(swaps); i++) {
        module_spec_t spec = patched_spec();
        spec.jumps = i == COUNT(swaps) ? &far_jump : &patched_jump;
        spec.swaps = &swaps[i];
        spec.swap_count = i < COUNT(swaps);
        assert_int_equal(patched_store(&spec), ESP_OK);
        assert_int_equal(hotreload_reload(&loaded_config), ESP_ERR_INVALID_SIZE);
        loaded_expect(1);
    }
}

/* ---- The notes ---- */

static void expect_refused_spec(const module_spec_t *spec, esp_err_t error)
{
    assert_int_equal(patched_store(spec), error);
    assert_false(hotreload_update_available());
    loaded_expect(1);
}

static void malformed_notes_are_refused(void **state)
{
    loaded_start(1);
    const hotreload_jump_t overlap[] = {{0, PATCHED_TEXT, 4}, {2, PATCHED_TEXT, 4}};
    const hotreload_jump_t outside = {0, PATCHED_TEXT + 64, 4};
    const hotreload_swap_t symbol = {1, 0, PATCHED_DATA, 4};
    const hotreload_swap_t source = {4, 0, PATCHED_DATA + 13, 4};
    const hotreload_kept_t order[] = {{{2, 1}, 0, 4}, {{1, 1}, 0, 4}};
    const hotreload_kept_t large = {{1, 1}, 0, 0x10001};
    const uint32_t two_veneers[] = {0, 12}; /* of one jump */
    const uint32_t between_words = 2;
    module_spec_t spec = patched_spec();
    spec.jumps = overlap;
    spec.jump_count = 2;
    expect_refused_spec(&spec, ESP_ERR_INVALID_RESPONSE);
    spec.jumps = &outside;
    spec.jump_count = 1;
    expect_refused_spec(&spec, ESP_ERR_INVALID_SIZE);
    spec = patched_spec();
    spec.swaps = &symbol;
    spec.swap_count = 1;
    expect_refused_spec(&spec, ESP_ERR_INVALID_RESPONSE);
    spec.swaps = &source;
    expect_refused_spec(&spec, ESP_ERR_INVALID_SIZE);
    spec = patched_spec();
    spec.kept = order;
    spec.kept_count = 2;
    expect_refused_spec(&spec, ESP_ERR_INVALID_RESPONSE);
    spec.kept = &large;
    spec.kept_count = 1;
    expect_refused_spec(&spec, ESP_ERR_INVALID_SIZE);
    spec = patched_spec();
    spec.veneers = two_veneers;
    spec.veneer_count = 2;
    expect_refused_spec(&spec, ESP_ERR_INVALID_SIZE);
    spec.veneers = &between_words;
    spec.veneer_count = 1;
    expect_refused_spec(&spec, ESP_ERR_INVALID_SIZE);
    spec = patched_spec();
    spec.init = (hotreload_note_init_t){PATCHED_DATA, 1, PATCHED_DATA, 0};
    expect_refused_spec(&spec, ESP_ERR_INVALID_RESPONSE);
}

#define PATCH_TEST(test) cmocka_unit_test_setup_teardown(test, loaded_set_up, loaded_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PATCH_TEST(a_patch_leaves_the_base_where_it_is),
        PATCH_TEST(the_next_patch_replaces_the_one_before),
        PATCH_TEST(a_whole_module_ends_a_patch),
        PATCH_TEST(a_restart_loads_base_and_patch),
        PATCH_TEST(a_crash_on_trial_blames_the_patch_alone),
        PATCH_TEST(a_crash_goes_back_to_the_patch_before),
        PATCH_TEST(uploads_spare_the_base_of_the_newest_patch),
        PATCH_TEST(a_patch_whose_base_is_gone_gives_way_to_an_older_module),
        PATCH_TEST(a_patch_of_another_base_is_refused),
        PATCH_TEST(swaps_change_constants_and_slots_and_are_undone),
        PATCH_TEST(kept_variables_outlive_patches_and_modules),
        PATCH_TEST(survives_each_failing_allocation),
        PATCH_TEST(refuses_a_jump_that_is_too_far),
        PATCH_TEST(a_jump_that_is_too_far_goes_to_its_veneer),
        PATCH_TEST(a_near_jump_needs_no_veneer),
        PATCH_TEST(waits_for_a_task_in_a_veneer),
        PATCH_TEST(refuses_a_far_jump_without_a_veneer),
        PATCH_TEST(refuses_changes_outside_the_base),
        PATCH_TEST(malformed_notes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
