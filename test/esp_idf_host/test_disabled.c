/* SPDX-License-Identifier: MIT */
#include "testing.h"
#include "fakes/fake_log.h"
#include "hotreload.h"

static void every_function_succeeds_and_does_nothing(void **test)
{
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    hotreload_server_config_t server = HOTRELOAD_SERVER_CONFIG_DEFAULT();
    assert_int_equal(hotreload_load(&config), ESP_OK);
    assert_int_equal(hotreload_reload(&config), ESP_OK);
    assert_int_equal(hotreload_load_from_buffer("x", 1), ESP_OK);
    assert_int_equal(hotreload_update_partition("hotreload", "x", 1), ESP_OK);
    assert_false(hotreload_update_available());
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
    char words[8];
    assert_null(hotreload_describe_address(0x40000000, words, sizeof words));
    assert_int_equal(hotreload_unload(), ESP_OK);
    assert_string_equal(fake_log, "");
    assert_int_equal(hotreload_server_start(&server), ESP_OK);
    assert_non_null(strstr(fake_log, "CONFIG_HOTRELOAD_ENABLE"));
    assert_int_equal(hotreload_server_stop(), ESP_OK);
    const hotreload_serial_config_t serial = HOTRELOAD_SERIAL_CONFIG_DEFAULT();
    fake_log[0] = '\0';
    assert_int_equal(hotreload_serial_start(&serial), ESP_OK);
    assert_non_null(strstr(fake_log, "CONFIG_HOTRELOAD_ENABLE"));
    assert_int_equal(hotreload_serial_stop(), ESP_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_function_succeeds_and_does_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
