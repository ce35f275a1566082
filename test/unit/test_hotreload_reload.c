/*
 * hotreload_reload() and hotreload_update_available(): whatever fails, the old module goes on
 * running.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "bad_modules.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "loaded.h"
#include "loader/table.h"
#include "run/status.h"
#include "store/store.h"
#include "stored.h"
#include "store_reset.h"

#define TEXT_LINK 0xa0000000u

/** Bytes of RAM that one good module takes. */
#define MODULE_RAM 88u

static const bad_module_t *bad_module(const char *name)
{
    const bad_module_t *bad = bad_modules;
    while (strcmp(bad->name, name) != 0) {
        bad++;
        assert_true(bad < bad_modules + BAD_MODULES);
    }
    return bad;
}

/* ---- Success ---- */

static void replaces_the_module(void **state)
{
    loaded_start(1);
    assert_false(hotreload_update_available());
    loaded_store(2);
    assert_true(hotreload_update_available());
    loaded_expect(1);
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    loaded_expect(2);
    assert_int_equal(loaded_status().sequence, 2);
    assert_false(hotreload_update_available());
}

static void loads_when_nothing_is_loaded(void **state)
{
    loaded_store(1);
    assert_true(hotreload_update_available());
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    loaded_expect(1);
}

/** The same module again: fresh data, as after a reset. */
static void reloads_what_runs_already(void **state)
{
    loaded_start(1);
    *fake_port_data(loaded_status().data_run, 1) ^= 0xff;
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    loaded_expect(1);
}

/** Where the table led when the first and the second function was called. */
static uint32_t table_at_call[2];

static void note_table(uint32_t run_address)
{
    (void)fake_port_text(run_address, 4); /* fails the test if that memory was freed */
    assert_true(fake_port.call_count <= 2);
    table_at_call[fake_port.call_count - 1] = hotreload_firmware_table.slots[0];
}

/** Constructors and destructors may call reloadable functions: these are the new ones by then. */
static void constructs_the_new_module_before_it_destroys_the_old(void **state)
{
    loaded_store_with_constructors(1);
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    const uint32_t old = loaded_status().text_run;
    fake_port.call_count = 0;
    fake_port.on_call = note_table;

    loaded_store_with_constructors(2);
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    const uint32_t new = loaded_status().text_run;
    assert_int_not_equal(new, old);
    assert_int_equal(fake_port.call_count, 2);
    assert_int_equal(fake_port.calls[0], new + 4);
    assert_int_equal(fake_port.calls[1], old + 8);
    assert_int_equal(table_at_call[0], new);
    assert_int_equal(table_at_call[1], new);

    fake_port.on_call = NULL;
    assert_int_equal(hotreload_unload(), ESP_OK);
    assert_int_equal(fake_port.call_count, 3);
    assert_int_equal(fake_port.calls[2], new + 8);
}

/** Where the old code is, and how often a word of it was cleared. */
static uint32_t old_text;
static unsigned cleared;

static bool is_described_as_freed(uint32_t address)
{
    char words[128];
    const char *text = hotreload_describe_address(address, words, sizeof words);
    return text != NULL && strstr(text, "which was freed") != NULL;
}

static void expect_freed_code(uint32_t address, uint32_t word)
{
    if (address == old_text && word == 0) {
        cleared++;
        assert_true(is_described_as_freed(address));
    }
}

static void expect_code_in_use(uint32_t address)
{
    assert_false(is_described_as_freed(address));
}

/** A task on the other core that is still in the old code may fault while it is cleared. */
static void code_counts_as_freed_before_it_is_cleared(void **state)
{
    loaded_store_with_constructors(1);
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    old_text = loaded_status().text_run;
    cleared = 0;
    fake_port.on_call = expect_code_in_use;
    fake_port.on_text_write = expect_freed_code;
    loaded_store_with_constructors(2);
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    assert_int_equal(cleared, 1);

    old_text = loaded_status().text_run;
    assert_int_equal(hotreload_unload(), ESP_OK);
    assert_int_equal(cleared, 2);
}

static void a_thousand_reloads_leave_the_memory_as_it_was(void **state)
{
    loaded_start(1);
    for (uint32_t seed = 2; seed < 1002; seed++) {
        loaded_store(seed);
        assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
        loaded_expect(seed); /* which looks at the allocations, too */
    }
    assert_int_equal(loaded_status().sequence, 1001);
}

/* ---- Failure ---- */

static void keeps_the_old_module(void **state)
{
    const bad_module_t *bad = *state;
    loaded_start(1);
    loaded_store_bad(bad);
    assert_true(hotreload_update_available());
    for (unsigned attempt = 0; attempt < 2; attempt++) {
        loaded_expect_failure(hotreload_reload(&loaded_config), bad->error, bad->words);
        loaded_expect(1);
        assert_int_equal(loaded_status().sequence, 1);
        assert_false(hotreload_update_available());
    }
    loaded_store(2);
    assert_true(hotreload_update_available());
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    loaded_expect(2);
    assert_string_equal(loaded_status().last_error.text, "");
}

/** Without a loaded module there is none to keep; an older one is not looked for. */
static void loads_nothing_older(void **state)
{
    const bad_module_t *bad = bad_module("other_firmware");
    loaded_store(1);
    loaded_store_bad(bad);
    loaded_expect_failure(hotreload_reload(&loaded_config), bad->error, bad->words);
    loaded_expect_none();
}

static void survives_a_module_damaged_in_flash(void **state)
{
    loaded_start(1);
    loaded_store(2);
    hotreload_record_t newest = stored_newest();
    fake_flash.data[newest.offset + 200] ^= 1;
    loaded_expect_failure(hotreload_reload(&loaded_config), ESP_ERR_INVALID_CRC,
                          "the module in partition \"hotreload\" is damaged: upload it again");
    loaded_expect(1);
    assert_false(hotreload_update_available());
}

static void survives_each_failing_allocation(void **state)
{
    loaded_start(1);
    loaded_store(2);
    unsigned failures = 0;
    for (;;) {
        fake_port.fail_allocation = failures + 1;
        esp_err_t error = hotreload_reload(&loaded_config);
        if (error == ESP_OK) {
            break;
        }
        loaded_expect_failure(error, ESP_ERR_NO_MEM, "");
        assert_string_not_equal(loaded_status().last_error.text, "");
        loaded_expect(1);
        failures++;
    }
    /* map, hash, text, data, list of functions, list of tasks twice */
    assert_int_equal(failures, 7);
    loaded_expect(2);
}

static void survives_flash_that_cannot_be_read(void **state)
{
    loaded_start(1);
    loaded_store(2);
    fake_flash.fail_read = 1;
    loaded_expect_failure(hotreload_reload(&loaded_config), ESP_ERR_FLASH_OP_FAIL,
                          "could not be read: check the flash");
    loaded_expect(1);
    assert_true(hotreload_update_available()); /* what was not seen was not tried */
    fake_flash.fail_map = 1;
    loaded_expect_failure(hotreload_reload(&loaded_config), ESP_ERR_FLASH_OP_FAIL,
                          "could not be mapped");
    loaded_expect(1);
    fake_port.fail_hash_update = 1;
    loaded_expect_failure(hotreload_reload(&loaded_config), ESP_FAIL, "");
    loaded_expect(1);
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    loaded_expect(2);
}

static void survives_caches_that_cannot_be_synchronised(void **state)
{
    loaded_start(1);
    loaded_store(2);
    fake_port.sync_result = ESP_FAIL;
    loaded_expect_failure(hotreload_reload(&loaded_config), ESP_FAIL,
                          "the caches could not be synchronised");
    loaded_expect(1);
}

static void survives_a_second_partition_during_an_upload(void **state)
{
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    config.partition_label = "second";
    fake_flash.second_label = "second";
    hotreload_reason_t reason;
    loaded_start(1);
    assert_int_equal(hotreload_store_begin(100, &reason), ESP_OK);
    loaded_expect_failure(hotreload_reload(&config), ESP_ERR_INVALID_STATE,
                          "\"second\" cannot be opened now");
    loaded_expect(1);
    assert_false(hotreload_update_available()); /* nothing new was seen */
    hotreload_store_abort();
}

/* ---- RAM that holds one module only ---- */

static hotreload_config_t unload_first(void)
{
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    config.allow_unload_first = true;
    return config;
}

static void without_permission_the_old_module_stays(void **state)
{
    loaded_start(1);
    loaded_store(2);
    fake_port.ram_limit = MODULE_RAM + MODULE_RAM - 1;
    loaded_expect_failure(hotreload_reload(&loaded_config), ESP_ERR_NO_MEM,
                          "no data memory for the module (text 64, data 24 bytes)");
    loaded_expect(1);
}

static void with_permission_the_old_module_goes_first(void **state)
{
    const hotreload_config_t config = unload_first();
    loaded_start(1);
    loaded_store(2);
    fake_port.ram_limit = MODULE_RAM;
    assert_int_equal(hotreload_reload(&config), ESP_OK);
    loaded_expect(2);
    assert_int_equal(loaded_status().sequence, 2);
    assert_string_equal(loaded_status().last_error.text, "");
    assert_false(hotreload_update_available());
}

/** With room for both it must not go: the old one would lose its data if the new one fails. */
static void permission_is_not_used_without_need(void **state)
{
    const hotreload_config_t config = unload_first();
    const bad_module_t *bad = bad_module("value_does_not_fit");
    loaded_start(1);
    loaded_store_bad(bad);
    const uint32_t text_run = loaded_status().text_run;
    loaded_expect_failure(hotreload_reload(&config), bad->error, bad->words);
    loaded_expect(1);
    assert_int_equal(loaded_status().text_run, text_run);
}

static void the_old_module_comes_back(void **state)
{
    const hotreload_config_t config = unload_first();
    const bad_module_t *bad = bad_module("value_does_not_fit");
    loaded_start(1);
    loaded_store_bad(bad);
    fake_port.ram_limit = MODULE_RAM;
    loaded_expect_failure(hotreload_reload(&config), bad->error, bad->words);
    loaded_expect(1);
    assert_int_equal(loaded_status().sequence, 1);
    assert_false(hotreload_update_available());
    loaded_store(2);
    assert_int_equal(hotreload_reload(&config), ESP_OK);
    loaded_expect(2);
}

static void the_old_module_comes_back_when_the_new_one_never_fits(void **state)
{
    const hotreload_config_t config = unload_first();
    const bad_module_t *bad = bad_module("larger_than_ram");
    loaded_start(1);
    loaded_store_bad(bad);
    fake_port.ram_limit = MODULE_RAM;
    loaded_expect_failure(hotreload_reload(&config), bad->error, bad->words);
    loaded_expect(1);
}

/** Whichever one fails on the way: afterwards the old or the new module runs, whole. */
static void each_failing_allocation_leaves_one_of_the_two(void **state)
{
    const hotreload_config_t config = unload_first();
    loaded_start(1);
    loaded_store(2);
    fake_port.ram_limit = MODULE_RAM;
    unsigned failures = 0;
    for (;;) {
        fake_port.fail_allocation = failures + 1;
        if (hotreload_reload(&config) == ESP_OK && fake_port.fail_allocation > 0) {
            break; /* not so many allocations: none failed */
        }
        fake_port.fail_allocation = 0;
        loaded_expect(loaded_status().sequence);
        if (loaded_status().sequence == 2) {
            assert_int_equal(hotreload_unload(), ESP_OK);
            store_reset();
            fake_flash_create(8, FAKE_FLASH_SECTOR);
            loaded_start(1);
            loaded_store(2);
        }
        failures++;
    }
    fake_port.fail_allocation = 0;
    assert_true(failures >= 8);
    loaded_expect(2);
}

/** A module that cannot come back is not given up for one that may be broken. */
static void a_module_from_memory_does_not_go_first(void **state)
{
    const hotreload_config_t config = unload_first();
    size_t size;
    uint8_t *file = loaded_module(1, &size);
    assert_int_equal(hotreload_load_from_buffer(file, size), ESP_OK);
    free(file);
    loaded_store(2);
    fake_port.ram_limit = MODULE_RAM;
    loaded_expect_failure(hotreload_reload(&config), ESP_ERR_NO_MEM, "no text memory");
    loaded_expect(1);
    loaded_expect_log("W the old module is not unloaded first: it was loaded from memory");
}

static void a_module_damaged_in_flash_does_not_go_first(void **state)
{
    const hotreload_config_t config = unload_first();
    hotreload_record_t old;
    hotreload_reason_t reason;
    loaded_start(1);
    assert_int_equal(hotreload_store_find(HOTRELOAD_RECORD_ANY, NULL, &old, &reason), ESP_OK);
    loaded_store(2);
    fake_flash.data[old.offset + 200] ^= 1;
    fake_port.ram_limit = MODULE_RAM;
    loaded_expect_failure(hotreload_reload(&config), ESP_ERR_NO_MEM, "no text memory");
    loaded_expect(1);
    loaded_expect_log(
        "W the old module is not unloaded first: the module in partition \"hotreload\" is "
        "damaged");
}

/** The flash fails just when the old module is to come back, once or for good. */
static void fail_when_it_comes_back(bool for_good)
{
    const hotreload_config_t config = unload_first();
    const bad_module_t *bad = bad_module("value_does_not_fit");
    loaded_start(1);
    loaded_store_bad(bad);
    fake_port.ram_limit = MODULE_RAM;
    fake_flash.fail_map = 4; /* the new one, the old one to be sure, the new one, the old one */
    fake_flash.maps_stay_broken = for_good;
    loaded_expect_failure(hotreload_reload(&config), bad->error, bad->words);
}

static void any_other_module_is_better_than_none(void **state)
{
    fail_when_it_comes_back(false);
    loaded_expect(1);
}

static void says_when_the_old_module_does_not_come_back(void **state)
{
    fail_when_it_comes_back(true);
    loaded_expect_none();
    loaded_expect_log("E the old module could not be loaded again: ");
    assert_int_equal(hotreload_unload(), ESP_ERR_HOTRELOAD_NOT_LOADED);
    fake_flash.fail_map = 0;
    const hotreload_config_t config = unload_first();
    assert_int_equal(hotreload_load(&config), ESP_OK);
    loaded_expect(1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, loaded_set_up, loaded_tear_down)

static int run_bad_modules(void)
{
    struct CMUnitTest tests[BAD_MODULES];
    for (size_t i = 0; i < BAD_MODULES; i++) {
        tests[i] = (struct CMUnitTest){bad_modules[i].name, keeps_the_old_module, loaded_set_up,
                                       loaded_tear_down, (void *)(uintptr_t)&bad_modules[i]};
    }
    return cmocka_run_group_tests_name("reload refuses", tests, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(replaces_the_module),
        TEST(loads_when_nothing_is_loaded),
        TEST(reloads_what_runs_already),
        TEST(constructs_the_new_module_before_it_destroys_the_old),
        TEST(code_counts_as_freed_before_it_is_cleared),
        TEST(a_thousand_reloads_leave_the_memory_as_it_was),
        TEST(loads_nothing_older),
        TEST(survives_a_module_damaged_in_flash),
        TEST(survives_each_failing_allocation),
        TEST(survives_flash_that_cannot_be_read),
        TEST(survives_caches_that_cannot_be_synchronised),
        TEST(survives_a_second_partition_during_an_upload),
        TEST(without_permission_the_old_module_stays),
        TEST(with_permission_the_old_module_goes_first),
        TEST(permission_is_not_used_without_need),
        TEST(the_old_module_comes_back),
        TEST(the_old_module_comes_back_when_the_new_one_never_fits),
        TEST(each_failing_allocation_leaves_one_of_the_two),
        TEST(a_module_from_memory_does_not_go_first),
        TEST(a_module_damaged_in_flash_does_not_go_first),
        TEST(any_other_module_is_better_than_none),
        TEST(says_when_the_old_module_does_not_come_back),
    };
    return run_bad_modules() + cmocka_run_group_tests(tests, NULL, NULL);
}
