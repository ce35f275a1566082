/*
 * What the device says about itself, and the reasons in it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fake_port.h"
#include "loaded.h"
#include "reason.h"
#include "run/status.h"
#include "store/store.h"

/** The first test of the program, before anything was loaded. */
static void is_empty_after_a_boot(void **state)
{
    fake_port_reset();
    const hotreload_status_t status = loaded_status();
    assert_false(status.loaded);
    assert_false(hotreload_store_has_running());
    assert_false(hotreload_update_available());
    assert_int_equal(status.sequence, 0);
    assert_int_equal(status.reloads, 0);
    assert_int_equal(status.text_run, 0);
    assert_int_equal(status.text_size, 0);
    assert_int_equal(status.data_run, 0);
    assert_int_equal(status.data_size, 0);
    assert_string_equal(status.last_error.text, "");
    fake_port_expect_idle();
}

static void shows_the_module_that_runs(void **state)
{
    const hotreload_module_t module = {
        .text = {.run = 0x40381000, .size = 1234},
        .data = {.run = 0x3fc91000, .size = 56},
    };
    hotreload_status_set_module(&module, &(hotreload_running_t){.base = 17});
    hotreload_status_t status = loaded_status();
    assert_true(status.loaded);
    assert_int_equal(status.sequence, 17);
    assert_int_equal(status.text_run, 0x40381000);
    assert_int_equal(status.text_size, 1234);
    assert_int_equal(status.data_run, 0x3fc91000);
    assert_int_equal(status.data_size, 56);

    hotreload_status_set_module(NULL, NULL);
    status = loaded_status();
    assert_false(status.loaded);
    assert_int_equal(status.sequence, 0);
    assert_int_equal(status.text_run, 0);
    assert_int_equal(status.text_size, 0);
    assert_int_equal(status.data_run, 0);
    assert_int_equal(status.data_size, 0);
}

/** A client waits for this number to change: so it counts loads, and nothing else. So does the
 * time. */
static void counts_what_was_loaded(void **state)
{
    const uint32_t before = loaded_status().reloads;
    fake_port.now_ms = 5000;
    loaded_start(1);
    assert_int_equal(loaded_status().since_ms, 5000);
    fake_port.now_ms = 6000;
    assert_int_equal(loaded_status().reloads, before + 1);
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    assert_int_equal(loaded_status().reloads, before + 2);
    assert_int_equal(loaded_status().since_ms, 6000);
    fake_port.now_ms = 7000;
    assert_int_equal(hotreload_load_from_buffer("", 0), ESP_ERR_INVALID_SIZE);
    assert_int_equal(loaded_status().reloads, before + 2);
    assert_int_equal(loaded_status().since_ms, 6000);
    assert_int_equal(hotreload_unload(), ESP_OK);
    assert_int_equal(loaded_status().reloads, before + 2);
}

static void keeps_the_last_error_until_something_works(void **state)
{
    loaded_start(1);
    assert_int_equal(hotreload_load(&loaded_config), ESP_ERR_INVALID_STATE);
    assert_non_null(strstr(loaded_status().last_error.text, "is loaded already"));
    assert_int_equal(hotreload_update_partition("hotreload", "nor this", 8), ESP_ERR_INVALID_SIZE);
    assert_non_null(strstr(loaded_status().last_error.text, "not an ELF file"));
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    assert_string_equal(loaded_status().last_error.text, "");
}

/* ---- Reasons ---- */

static void a_reason_is_formatted_and_the_error_returned(void **state)
{
    hotreload_reason_t reason;
    memset(&reason, 'x', sizeof reason);
    assert_int_equal(hotreload_fail(&reason, ESP_ERR_NO_MEM, "%s needs %u bytes", "it", 42u),
                     ESP_ERR_NO_MEM);
    assert_string_equal(reason.text, "it needs 42 bytes");
    assert_int_equal(hotreload_fail(&reason, ESP_FAIL, "no"), ESP_FAIL);
    assert_string_equal(reason.text, "no");
}

/** ASan watches the byte behind the reason. */
static void a_long_reason_is_cut(void **state)
{
    char text[1000];
    memset(text, 'r', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    hotreload_reason_t *reason = malloc(sizeof *reason);
    assert_non_null(reason);
    assert_int_equal(hotreload_fail(reason, ESP_ERR_NOT_FOUND, "%s", text), ESP_ERR_NOT_FOUND);
    assert_int_equal(strlen(reason->text), sizeof reason->text - 1);
    assert_memory_equal(reason->text, text, sizeof reason->text - 1);
    free(reason);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, loaded_set_up, loaded_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_empty_after_a_boot),
        TEST(shows_the_module_that_runs),
        TEST(counts_what_was_loaded),
        TEST(keeps_the_last_error_until_something_works),
        cmocka_unit_test(a_reason_is_formatted_and_the_error_returned),
        cmocka_unit_test(a_long_reason_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
