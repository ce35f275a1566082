/* SPDX-License-Identifier: MIT */
#include "testing.h"
#include "fakes/fake_log.h"
#include "hotreload.h"

static void the_server_says_which_option_it_needs(void **test)
{
    hotreload_server_config_t config = HOTRELOAD_SERVER_CONFIG_DEFAULT();
    assert_int_equal(hotreload_server_start(&config), ESP_ERR_NOT_SUPPORTED);
    assert_non_null(strstr(fake_log, "CONFIG_HOTRELOAD_SERVER=y"));
    assert_int_equal(hotreload_server_stop(), ESP_ERR_INVALID_STATE);
    assert_int_equal(hotreload_server_start(NULL), ESP_ERR_INVALID_ARG);
    config.partition_label = NULL;
    assert_int_equal(hotreload_server_start(&config), ESP_ERR_INVALID_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_server_says_which_option_it_needs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
