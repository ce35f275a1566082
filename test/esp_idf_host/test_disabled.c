/* SPDX-License-Identifier: MIT */
#include "testing.h"
#include "fakes/fake_log.h"
#include "hotreload.h"

static int setup(void **test)
{
    fake_log[0] = '\0';
    return 0;
}

static unsigned afters;

static void after(esp_err_t error, void *context)
{
    assert_int_equal(error, ESP_OK);
    assert_ptr_equal(context, &afters);
    afters++;
}

static void reloadable_functions_can_be_called(void **test)
{
    const hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    hotreload_start_config_t start = HOTRELOAD_START_CONFIG_DEFAULT();
    start.after = after;
    start.context = &afters;
    assert_true(hotreload_is_loaded());
    assert_int_equal(hotreload_load(&config), ESP_OK);
    assert_int_equal(hotreload_start(&start), ESP_OK);
    assert_int_equal(afters, 1);
    start.after = NULL;
    assert_int_equal(hotreload_start(&start), ESP_OK);
    assert_int_equal(hotreload_stop(), ESP_OK);
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
    assert_false(hotreload_update_available());
    assert_string_equal(fake_log, "");
}

static void arguments_are_checked_all_the_same(void **test)
{
    const hotreload_config_t config = {0};
    const hotreload_start_config_t start = {0};
    assert_int_equal(hotreload_load(NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(hotreload_load(&config), ESP_ERR_INVALID_ARG);
    assert_int_equal(hotreload_start(NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(hotreload_start(&start), ESP_ERR_INVALID_ARG);
}

static void expect_refusal(esp_err_t error)
{
    assert_int_equal(error, ESP_ERR_NOT_SUPPORTED);
    assert_non_null(strstr(fake_log, "CONFIG_HOTRELOAD_ENABLE"));
    fake_log[0] = '\0';
}

static void what_is_not_done_is_not_ok(void **test)
{
    const hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    const hotreload_server_config_t server = HOTRELOAD_SERVER_CONFIG_DEFAULT();
    const hotreload_serial_config_t serial = HOTRELOAD_SERIAL_CONFIG_DEFAULT();
    expect_refusal(hotreload_reload(&config));
    expect_refusal(hotreload_load_from_buffer("x", 1));
    expect_refusal(hotreload_update_partition("hotreload", "x", 1));
    expect_refusal(hotreload_unload());
    expect_refusal(hotreload_server_start(&server));
    expect_refusal(hotreload_serial_start(&serial));
    assert_int_equal(hotreload_server_stop(), ESP_ERR_INVALID_STATE);
    assert_int_equal(hotreload_serial_stop(), ESP_ERR_INVALID_STATE);
    char words[8];
    assert_null(hotreload_describe_address(0x40000000, words, sizeof words));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(reloadable_functions_can_be_called, setup),
        cmocka_unit_test_setup(arguments_are_checked_all_the_same, setup),
        cmocka_unit_test_setup(what_is_not_done_is_not_ok, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
