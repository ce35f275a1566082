/*
 * The public functions that load and unload: from the partition, from memory, with a fallback to
 * an older module.
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

/* ---- hotreload_load() ---- */

static void loads_the_newest_module(void **state)
{
    loaded_store(1);
    loaded_store(2);
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    loaded_expect(2);
    assert_int_equal(loaded_status().sequence, 2);
    assert_string_equal(loaded_status().last_error.text, "");
    assert_false(hotreload_update_available());
    loaded_expect_log("I module loaded: 64 bytes of text at 0x");
}

static void passes_the_capabilities_on(void **state)
{
    loaded_store(1);
    const hotreload_config_t spiram = HOTRELOAD_CONFIG_SPIRAM();
    assert_int_equal(hotreload_load(&spiram), ESP_OK);
    assert_int_equal(fake_port.last_text_caps, HOTRELOAD_CAP_SPIRAM);
    assert_int_equal(fake_port.last_data_caps, HOTRELOAD_CAP_SPIRAM);
    assert_int_equal(hotreload_unload(), ESP_OK);
    fake_port.text_caps = 0;
    loaded_expect_failure(hotreload_load(&spiram), ESP_ERR_NOT_SUPPORTED, "no text memory");
    loaded_expect_none();
}

static void refuses_to_load_without_a_configuration(void **state)
{
    loaded_store(1);
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    config.partition_label = NULL;
    assert_int_equal(hotreload_load(NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(hotreload_load(&config), ESP_ERR_INVALID_ARG);
    assert_int_equal(hotreload_reload(NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(hotreload_reload(&config), ESP_ERR_INVALID_ARG);
    loaded_expect_none();
}

static void refuses_to_load_twice(void **state)
{
    loaded_start(1);
    loaded_store(2);
    loaded_expect_failure(hotreload_load(&loaded_config), ESP_ERR_INVALID_STATE,
                          "a module is loaded already: use hotreload_reload()");
    loaded_expect(1);
    assert_true(hotreload_update_available());
}

static void refuses_a_partition_that_is_not_there(void **state)
{
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    config.partition_label = "absent";
    loaded_expect_failure(hotreload_load(&config), ESP_ERR_NOT_FOUND,
                          "no partition \"absent\": add one of type app, subtype 0x40");
    loaded_expect_failure(hotreload_reload(&config), ESP_ERR_NOT_FOUND, "no partition \"absent\"");
    loaded_expect_none();
}

static void refuses_an_empty_partition(void **state)
{
    loaded_expect_failure(hotreload_load(&loaded_config), ESP_ERR_NOT_FOUND,
                          "partition \"hotreload\" holds no module: upload one");
    loaded_expect_none();
    loaded_start(1);
}

static void refuses_when_the_flash_cannot_be_read(void **state)
{
    loaded_store(1);
    store_reset();
    fake_flash.fail_read = 1;
    loaded_expect_failure(hotreload_load(&loaded_config), ESP_ERR_FLASH_OP_FAIL,
                          "partition \"hotreload\" could not be read: check the flash");
    loaded_expect_none();
    fake_flash.fail_map = 1;
    loaded_expect_failure(hotreload_load(&loaded_config), ESP_ERR_FLASH_OP_FAIL,
                          "could not be mapped");
    loaded_expect_none();
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    loaded_expect(1);
}

/** An upload holds one partition: nothing may be taken from it in the name of the other. */
static void refuses_another_partition_during_an_upload(void **state)
{
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    config.partition_label = "second";
    fake_flash.second_label = "second";
    hotreload_reason_t reason;
    loaded_store(1);
    assert_int_equal(hotreload_store_begin(100, &reason), ESP_OK);
    loaded_expect_failure(hotreload_load(&config), ESP_ERR_INVALID_STATE,
                          "partition \"hotreload\" is in use, \"second\" cannot be opened now");
    loaded_expect_none();
    hotreload_store_abort();
    assert_int_equal(hotreload_load(&config), ESP_OK);
    loaded_expect(1);
}

static void survives_each_failing_allocation_of_a_load(void **state)
{
    loaded_store(1);
    unsigned failures = 0;
    for (;;) {
        fake_port.fail_allocation = failures + 1;
        esp_err_t error = hotreload_load(&loaded_config);
        if (error == ESP_OK) {
            break;
        }
        assert_int_equal(error, ESP_ERR_NO_MEM);
        assert_string_not_equal(loaded_status().last_error.text, "");
        loaded_expect_none();
        failures++;
    }
    assert_int_equal(failures, 4); /* map, hash, text, data */
    loaded_expect(1);
    assert_string_equal(loaded_status().last_error.text, "");
}

/* ---- The fallback to an older module ---- */

static void falls_back_from_a_bad_module(void **state)
{
    const bad_module_t *bad = *state;
    loaded_store(1);
    loaded_store_bad(bad);
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    loaded_expect(1);
    assert_int_equal(loaded_status().sequence, 1);
    assert_false(hotreload_update_available());
    const hotreload_status_t status = loaded_status();
    if (strstr(status.last_error.text, bad->words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", status.last_error.text, bad->words);
    }
    loaded_expect_log("W the newest module was not loaded, an older one runs: ");
    loaded_expect_log(bad->words);
    loaded_store(2);
    assert_true(hotreload_update_available());
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    loaded_expect(2);
    assert_string_equal(loaded_status().last_error.text, "");
}

static void loads_no_bad_module(void **state)
{
    const bad_module_t *bad = *state;
    loaded_store_bad(bad);
    loaded_expect_failure(hotreload_load(&loaded_config), bad->error, bad->words);
    loaded_expect_none();
}

/** The oldest module is good; all newer ones are bad, each in its own way. */
static void falls_back_as_far_as_it_takes(void **state)
{
    loaded_store(1);
    for (size_t i = 0; i < 4; i++) {
        loaded_store_bad(&bad_modules[i]);
    }
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    loaded_expect(1);
    assert_int_equal(loaded_status().sequence, 1);
    loaded_expect_log("an older one runs: ");
    loaded_expect_log(bad_modules[3].words);
}

/** With nothing usable the reason is that of the newest: the others were replaced by it. */
static void reports_the_newest_when_no_module_is_usable(void **state)
{
    for (size_t i = 0; i < 3; i++) {
        loaded_store_bad(&bad_modules[i]);
    }
    loaded_expect_failure(hotreload_load(&loaded_config), bad_modules[2].error,
                          bad_modules[2].words);
    loaded_expect_none();
}

/** One bit of the flash has changed since. */
static void falls_back_from_a_module_damaged_in_flash(void **state)
{
    loaded_store(1);
    loaded_store(2);
    hotreload_record_t newest = stored_newest();
    fake_flash.data[newest.offset + newest.length - 1] ^= 0x10;
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    loaded_expect(1);
    loaded_expect_log(
        "W the newest module was not loaded, an older one runs: the module in partition "
        "\"hotreload\" is damaged: upload it again");
}

/* ---- hotreload_load_from_buffer() ---- */

static void loads_from_memory_in_place_of_the_old_module(void **state)
{
    size_t size;
    uint8_t *file = loaded_module(5, &size);
    assert_int_equal(hotreload_load_from_buffer(file, size), ESP_OK);
    free(file);
    loaded_expect(5);
    assert_int_equal(loaded_status().sequence, 0);
    assert_string_equal(loaded_status().last_error.text, "");
    assert_int_equal(fake_port.last_text_caps, 0);
    assert_int_equal(fake_port.last_data_caps, 0);
    file = loaded_module(6, &size);
    assert_int_equal(hotreload_load_from_buffer(file, size), ESP_OK);
    free(file);
    loaded_expect(6);
    loaded_store(1);
    assert_true(hotreload_update_available());
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    loaded_expect(1);
}

static void refuses_a_bad_module_from_memory(void **state)
{
    const bad_module_t *bad = *state;
    loaded_start(1);
    loaded_store(2);
    size_t size;
    uint8_t *file = bad_module_build(bad, &size);
    loaded_expect_failure(hotreload_load_from_buffer(file, size), bad->error, bad->words);
    free(file);
    loaded_expect(1);
    assert_int_equal(loaded_status().sequence, 1);
    assert_true(hotreload_update_available());
}

static void refuses_no_bytes_from_memory(void **state)
{
    loaded_start(1);
    assert_int_equal(hotreload_load_from_buffer(NULL, 100), ESP_ERR_INVALID_ARG);
    loaded_expect_failure(hotreload_load_from_buffer("", 0), ESP_ERR_INVALID_SIZE,
                          "not an ELF file");
    loaded_expect(1);
}

/* ---- hotreload_unload() ---- */

static void call_alpha(void *unused)
{
    (void)unused;
    hotreload_missing(0);
}

static void unloading_leaves_nothing_behind(void **state)
{
    loaded_start(1);
    assert_int_equal(hotreload_unload(), ESP_OK);
    loaded_expect_none();
    assert_int_equal(loaded_status().sequence, 0);
    assert_string_equal(loaded_status().last_error.text, "");
    assert_true(fake_port_panics(call_alpha, NULL));
    assert_non_null(strstr(fake_port.panic, "alpha() was called, but no loaded module has it"));
    loaded_expect_failure(hotreload_unload(), ESP_ERR_HOTRELOAD_NOT_LOADED, "no module is loaded");
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    loaded_expect(1);
}

static bool is_stored(uint32_t sequence)
{
    hotreload_reason_t reason;
    hotreload_record_t record;
    esp_err_t error = hotreload_store_find(HOTRELOAD_RECORD_ANY, NULL, &record, &reason);
    while (error == ESP_OK && record.sequence != sequence) {
        const hotreload_record_t newer = record;
        error = hotreload_store_find(HOTRELOAD_RECORD_ANY, &newer, &record, &reason);
    }
    return error == ESP_OK;
}

/** Uploads spare the record of the module that runs, so that it can be loaded again; no other. */
static void keeps_the_record_of_what_runs(void **state)
{
    loaded_start(1);
    for (uint32_t seed = 2; seed <= 20; seed++) {
        loaded_store(seed);
    }
    assert_true(is_stored(1));
    assert_int_equal(hotreload_unload(), ESP_OK);
    for (uint32_t seed = 21; seed <= 40; seed++) {
        loaded_store(seed);
    }
    assert_false(is_stored(1));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, loaded_set_up, loaded_tear_down)

static int run_bad_modules(const char *group, CMUnitTestFunction function)
{
    struct CMUnitTest tests[BAD_MODULES];
    for (size_t i = 0; i < BAD_MODULES; i++) {
        tests[i] = (struct CMUnitTest){bad_modules[i].name, function, loaded_set_up,
                                       loaded_tear_down, (void *)(uintptr_t)&bad_modules[i]};
    }
    return cmocka_run_group_tests_name(group, tests, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(loads_the_newest_module),
        TEST(passes_the_capabilities_on),
        TEST(refuses_to_load_without_a_configuration),
        TEST(refuses_to_load_twice),
        TEST(refuses_a_partition_that_is_not_there),
        TEST(refuses_an_empty_partition),
        TEST(refuses_when_the_flash_cannot_be_read),
        TEST(refuses_another_partition_during_an_upload),
        TEST(survives_each_failing_allocation_of_a_load),
        TEST(falls_back_as_far_as_it_takes),
        TEST(reports_the_newest_when_no_module_is_usable),
        TEST(falls_back_from_a_module_damaged_in_flash),
        TEST(loads_from_memory_in_place_of_the_old_module),
        TEST(refuses_no_bytes_from_memory),
        TEST(unloading_leaves_nothing_behind),
        TEST(keeps_the_record_of_what_runs),
    };
    return run_bad_modules("load falls back", falls_back_from_a_bad_module) +
           run_bad_modules("load refuses", loads_no_bad_module) +
           run_bad_modules("load_from_buffer refuses", refuses_a_bad_module_from_memory) +
           cmocka_run_group_tests(tests, NULL, NULL);
}
