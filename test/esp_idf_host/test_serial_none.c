/* SPDX-License-Identifier: MIT */
#include "testing.h"
#include "fakes/fake_log.h"
#include "hotreload.h"

static void the_option_is_named(void **test)
{
    const hotreload_serial_config_t config = HOTRELOAD_SERIAL_CONFIG_DEFAULT();
    assert_int_equal(hotreload_serial_start(NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(hotreload_serial_start(&config), ESP_ERR_NOT_SUPPORTED);
    assert_non_null(strstr(fake_log, "CONFIG_HOTRELOAD_SERIAL=y"));
    assert_int_equal(hotreload_serial_stop(), ESP_ERR_INVALID_STATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_option_is_named)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
