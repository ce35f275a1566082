/*
 * What is announced by mDNS, beside an application that may use mDNS as well.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "discovery/discovery.h"
#include "esp_err.h"
#include "fakes/fake_log.h"
#include "fakes/fake_mdns.h"
#include "mdns.h"

static int setup(void **test)
{
    fake_mdns = (fake_mdns_t){0};
    fake_log[0] = '\0';
    return 0;
}

static void port_firmware_project_and_chip_are_announced(void **test)
{
    hotreload_discovery_announce(8081);
    assert_string_equal(fake_mdns.service,
                        "_hotreload._tcp:8081 "
                        "firmware=0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20 "
                        "project=blinky chip=esp32c3");
    assert_string_equal(fake_log, "I hotreload: announced by mDNS as _hotreload._tcp\n");
    hotreload_discovery_withdraw();
    assert_string_equal(fake_mdns.service, "");
}

static void a_board_without_a_host_name_gets_one_of_its_own(void **test)
{
    hotreload_discovery_announce(8080);
    assert_string_equal(fake_mdns.hostname, "hotreload-12ab0f");
    setup(NULL);
    assert_int_equal(mdns_init(), ESP_OK); /* by the application, which sets no name */
    hotreload_discovery_announce(8080);
    assert_string_equal(fake_mdns.hostname, "hotreload-12ab0f");
}

static void what_the_application_has_set_up_stays(void **test)
{
    assert_int_equal(mdns_init(), ESP_OK);
    assert_int_equal(mdns_hostname_set("kitchen"), ESP_OK);
    hotreload_discovery_announce(8080);
    assert_non_null(strstr(fake_mdns.service, "_hotreload._tcp:8080"));
    hotreload_discovery_withdraw();
    assert_true(fake_mdns.runs);
    assert_string_equal(fake_mdns.hostname, "kitchen");
}

static void it_can_be_announced_again(void **test)
{
    for (uint16_t port = 1; port < 5; port++) {
        hotreload_discovery_announce(port);
        assert_int_equal(fake_mdns.service[strlen("_hotreload._tcp:")], '0' + port);
        hotreload_discovery_withdraw();
        assert_string_equal(fake_mdns.service, "");
    }
}

static void a_failure_is_a_warning_that_says_what_to_do(void **test)
{
    static const struct {
        int *result;
        const char *said;
    } cases[] = {
        {&fake_mdns.init_result, "mdns_init: "},
        {&fake_mdns.mac_result, "the host name: "},
        {&fake_mdns.hostname_result, "the host name: "},
        {&fake_mdns.add_result, "mdns_service_add: "},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        setup(NULL);
        *cases[i].result = ESP_ERR_NO_MEM;
        hotreload_discovery_announce(8080);
        assert_string_equal(fake_mdns.service, "");
        assert_int_equal(fake_log[0], 'W');
        assert_non_null(strstr(fake_log, cases[i].said));
        assert_non_null(strstr(fake_log, "--url"));
        assert_non_null(strstr(fake_log, "before the server\n")); /* all of it fits */
        hotreload_discovery_withdraw();                           /* nothing is there */
    }
}

static void the_application_may_have_ended_mdns(void **test)
{
    hotreload_discovery_announce(8080);
    setup(NULL); /* mdns_free() */
    hotreload_discovery_withdraw();
    hotreload_discovery_announce(8080);
    assert_non_null(strstr(fake_mdns.service, ":8080"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(port_firmware_project_and_chip_are_announced, setup),
        cmocka_unit_test_setup(a_board_without_a_host_name_gets_one_of_its_own, setup),
        cmocka_unit_test_setup(what_the_application_has_set_up_stays, setup),
        cmocka_unit_test_setup(it_can_be_announced_again, setup),
        cmocka_unit_test_setup(a_failure_is_a_warning_that_says_what_to_do, setup),
        cmocka_unit_test_setup(the_application_may_have_ended_mdns, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
