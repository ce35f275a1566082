/*
 * The code of a module that goes: who may still be in it, its destructors, its kept variables.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "loaded.h"
#include "loader/table.h"
#include "patched.h"
#include "run/status.h"

#define MODULE_RAM 88u

static uint32_t stack[4];
static hotreload_task_t task;
static uint32_t entered; /* where a callback leads a task */

static void start_task(uint32_t pc)
{
    task = (hotreload_task_t){.name = "esp_timer", .frame = {.pc = pc, .sp = stack}};
    task.end = stack + COUNT(stack);
    fake_port.tasks = &task;
    fake_port.task_count = 1;
}

static void leave(void)
{
    fake_port.task_count = 0;
}

static void enter(uint32_t run_address)
{
    (void)run_address;
    start_task(entered);
    fake_port.on_call = NULL;
}

static const hotreload_kept_t kept = {.key = {1, 2}, .size = 4};

/** Stores a module that has the kept variable, with its address at the start of the data. */
static void store_keeper_with(uint32_t destructors, uint32_t seed)
{
    module_spec_t spec = module_spec_default();
    const module_relocation_t relocations[] = {
        {spec.data_address, 1, HOTRELOAD_SYM_KEPT, 0},
        {spec.data_address + 4, 1, HOTRELOAD_SYM_TEXT, 8},
    };
    spec.seed = seed;
    spec.kept = &kept;
    spec.kept_count = 1;
    spec.relocations = relocations;
    spec.relocation_count = 1 + destructors;
    if (destructors != 0) {
        spec.init = (hotreload_note_init_t){spec.data_address, 0, spec.data_address + 4, 1};
    }
    size_t size;
    uint8_t *file = module_build(&spec, NULL, &size);
    loaded_store_bytes(file, size);
    free(file);
}

static void store_keeper(uint32_t seed)
{
    store_keeper_with(0, seed);
}

static uint32_t address_of_kept(void)
{
    return module_get32(fake_port_data(loaded_status().data_run, 4));
}

/** A module with a kept variable goes, and a callback leads a task there meanwhile. */
static uint32_t reload_while_a_callback_comes(void)
{
    store_keeper(1);
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    entered = loaded_status().text_run + 8;
    loaded_store_with_constructors(2);
    fake_port.on_call = enter;
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    return entered;
}

static void leave_while_the_new_module_is_to_blame(void)
{
    assert_int_equal(fake_port.retained, 2);
    leave();
}

static void a_callback_that_came_meanwhile_has_time_to_leave(void **state)
{
    fake_port.on_pause = leave_while_the_new_module_is_to_blame;
    (void)reload_while_a_callback_comes();
    assert_int_equal(fake_port.pauses, 1);
    assert_int_equal(fake_port.live_allocations, 2);
}

static void code_that_is_still_executed_is_not_freed(void **state)
{
    char words[128];
    const uint32_t address = reload_while_a_callback_comes();
    (void)fake_port_text(address, 4);
    assert_null(strstr(hotreload_describe_address(address, words, sizeof words), "freed"));
    assert_int_equal(fake_port.live_allocations, 6); /* with its kept variable */
    loaded_store(3);
    assert_int_equal(hotreload_reload(&loaded_config), ESP_ERR_HOTRELOAD_TASK_INSIDE);
    leave();
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    loaded_expect(3);
    assert_non_null(strstr(hotreload_describe_address(address, words, sizeof words), "freed"));
}

/* ---- The first constructor ---- */

static uint32_t slot_at_call[2];
static bool alone_at_call[2];

static void note_call(uint32_t run_address)
{
    const size_t call = fake_port.call_count - 1;
    (void)run_address;
    if (call < 2) {
        slot_at_call[call] = hotreload_firmware_table.slots[0];
        alone_at_call[call] = fake_port_is_alone();
    }
}

/** Stores a module with two constructors, at 0 and 4 bytes of its text. */
static void store_with_two_constructors(bool fills_first)
{
    module_spec_t spec = module_spec_default();
    const module_relocation_t relocations[] = {
        {spec.data_address, 1, HOTRELOAD_SYM_TEXT, 0},
        {spec.data_address + 4, 1, HOTRELOAD_SYM_TEXT, 4},
    };
    spec.relocations = relocations;
    spec.relocation_count = 2;
    spec.init = (hotreload_note_init_t){spec.data_address, 2, spec.data_address, 0};
    spec.fills_first = fills_first;
    size_t size;
    uint8_t *file = module_build(&spec, NULL, &size);
    loaded_store_bytes(file, size);
    free(file);
}

static void expect_calls(bool first_alone)
{
    const uint32_t text = loaded_status().text_run;
    assert_int_equal(fake_port.call_count, 2);
    assert_int_equal(fake_port.calls[0], text);
    assert_int_equal(fake_port.calls[1], text + 4);
    assert_int_equal(slot_at_call[0], text);
    assert_int_equal(alone_at_call[0], first_alone);
    assert_false(alone_at_call[1]);
    fake_port.call_count = 0;
}

/** So nothing uses the new functions before, nor the old ones after. */
static void what_the_firmware_has_of_a_module_changes_with_its_functions(void **state)
{
    fake_port.on_call = note_call;
    store_with_two_constructors(true);
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    expect_calls(false); /* nothing is there to be kept out */
    module_spec_t patch = patched_spec();
    patched_apply(&patch);
    store_with_two_constructors(true);
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    expect_calls(true);
    store_with_two_constructors(false);
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    expect_calls(false);
}

/* ---- Destructors ---- */

static uint32_t first_slot;

static void note_slot(uint32_t run_address)
{
    (void)run_address;
    first_slot = hotreload_firmware_table.slots[0];
}

static void start_with_destructor(void)
{
    loaded_store_with_constructors(1);
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    fake_port.call_count = 0;
    fake_port.on_call = note_slot;
}

static void destructors_may_call_the_module(void **state)
{
    start_with_destructor();
    const uint32_t text = loaded_status().text_run;
    assert_int_equal(hotreload_unload(), ESP_OK);
    assert_int_equal(fake_port.call_count, 1);
    assert_int_equal(first_slot, text);
    loaded_expect_none();
}

static void after_the_destructors_an_unload_waits_for_memory(void **state)
{
    start_with_destructor();
    fake_port.fail_allocation = 2; /* stopping all tasks, the second time */
    assert_int_equal(hotreload_unload(), ESP_OK);
    assert_int_equal(fake_port.pauses, 1);
    loaded_expect_none();
}

static void fail_allocation(void)
{
    fake_port.fail_allocation = 1;
}

static void destructors_run_once_even_if_the_module_stays(void **state)
{
    start_with_destructor();
    fake_port.fail_allocation = 2;
    fake_port.on_pause = fail_allocation;
    assert_int_equal(hotreload_unload(), ESP_ERR_NO_MEM);
    fake_port.on_pause = NULL;
    fake_port.fail_allocation = 0;
    assert_true(hotreload_is_loaded());
    assert_int_equal(hotreload_unload(), ESP_OK);
    assert_int_equal(fake_port.call_count, 1);
}

static void expect_nothing_loaded(void)
{
    assert_false(hotreload_is_loaded());
}

static void a_task_that_comes_during_the_destructors_keeps_the_code(void **state)
{
    start_with_destructor();
    entered = loaded_status().text_run + 8;
    fake_port.on_call = enter;
    fake_port.on_pause = expect_nothing_loaded;
    assert_int_equal(hotreload_unload(), ESP_OK);
    assert_int_not_equal(fake_port.pauses, 0);
    fake_port.on_pause = NULL;
    (void)fake_port_text(entered, 4);
    leave();
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    assert_int_equal(fake_port.live_allocations, 2);
}

/* ---- Kept variables ---- */

static void kept_variables_outlive_a_module_that_goes_first(void **state)
{
    hotreload_config_t config = loaded_config;
    config.allow_unload_first = true;
    store_keeper(1);
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    const uint32_t variable = address_of_kept();
    *fake_port_data(variable, 1) = 99;
    store_keeper(2);
    fake_port.ram_limit = fake_port.live_bytes + MODULE_RAM / 2;
    assert_int_equal(hotreload_reload(&config), ESP_OK);
    assert_int_equal(loaded_status().sequence, 2);
    assert_int_equal(address_of_kept(), variable);
    assert_int_equal(*fake_port_data(variable, 1), 99);
    assert_int_equal(hotreload_unload(), ESP_OK);
    loaded_expect_none();
}

static void kept_variables_stay_while_a_task_is_in_the_code_that_is_gone(void **state)
{
    store_keeper_with(1, 1);
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    const uint32_t variable = address_of_kept();
    entered = loaded_status().text_run + 8;
    fake_port.on_call = enter;
    assert_int_equal(hotreload_unload(), ESP_OK);
    loaded_store(2);
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    (void)fake_port_data(variable, 4);
    leave();
    loaded_store(3);
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    assert_int_equal(fake_port.live_allocations, 2);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, loaded_set_up, loaded_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_callback_that_came_meanwhile_has_time_to_leave),
        TEST(code_that_is_still_executed_is_not_freed),
        TEST(what_the_firmware_has_of_a_module_changes_with_its_functions),
        TEST(destructors_may_call_the_module),
        TEST(after_the_destructors_an_unload_waits_for_memory),
        TEST(destructors_run_once_even_if_the_module_stays),
        TEST(a_task_that_comes_during_the_destructors_keeps_the_code),
        TEST(kept_variables_outlive_a_module_that_goes_first),
        TEST(kept_variables_stay_while_a_task_is_in_the_code_that_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
