/*
 * Starting and stopping the server, and requests other than uploads.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>

#include "testing.h"
#include "client.h"
#include "fakes/fake_log.h"
#include "fakes/fake_mdns.h"
#include "fakes/fake_netif.h"

static int setup(void **test)
{
    device_reset();
    memset(fake_netifs, 0, sizeof fake_netifs);
    return 0;
}

static int teardown(void **test)
{
    assert_int_equal(fake_httpd_running(), 0);
    assert_string_equal(fake_mdns.service, "");
    device_expect_nothing_left();
    return 0;
}

static void it_runs_beside_the_applications_own_server(void **test)
{
    httpd_handle_t own;
    const httpd_config_t own_config = HTTPD_DEFAULT_CONFIG();
    assert_int_equal(httpd_start(&own, &own_config), ESP_OK);
    assert_int_equal(hotreload_server_start(&server_config), ESP_OK);
    assert_int_equal(fake_httpd_running(), 2);
    assert_int_equal(fake_httpd_config.server_port, 8080);
    assert_true(fake_httpd_config.lru_purge_enable);
    assert_int_equal(hotreload_server_stop(), ESP_OK);
    assert_int_equal(fake_httpd_running(), 1);
    assert_int_equal(httpd_stop(own), ESP_OK);
}

/** The leak sanitizer counts what a cycle leaves. */
static void a_hundred_cycles_leave_nothing(void **test)
{
    for (int i = 0; i < 100; i++) {
        assert_int_equal(hotreload_server_start(&server_config), ESP_OK);
        (void)get("/status");
        assert_int_equal(hotreload_server_stop(), ESP_OK);
        assert_int_equal(fake_httpd_running(), 0);
    }
}

static void there_is_one_server(void **test)
{
    assert_int_equal(hotreload_server_stop(), ESP_ERR_INVALID_STATE);
    assert_int_equal(hotreload_server_start(&server_config), ESP_OK);
    assert_int_equal(hotreload_server_start(&server_config), ESP_ERR_INVALID_STATE);
    assert_int_equal(fake_httpd_running(), 1);
    assert_int_equal(hotreload_server_stop(), ESP_OK);
    assert_int_equal(hotreload_server_stop(), ESP_ERR_INVALID_STATE);
}

static void arguments_are_checked(void **test)
{
    hotreload_server_config_t no_label = server_config;
    no_label.partition_label = NULL;
    assert_int_equal(hotreload_server_start(NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(hotreload_server_start(&no_label), ESP_ERR_INVALID_ARG);
}

static void every_failure_of_starting_leaves_it_stopped(void **test)
{
    hotreload_server_config_t missing = server_config;
    missing.partition_label = "missing";
    assert_int_equal(hotreload_server_start(&missing), ESP_ERR_NOT_FOUND);
    assert_non_null(strstr(fake_log, "server not started"));

    const struct {
        int httpd, expected;
    } cases[] = {{ESP_ERR_HTTPD_ALLOC_MEM, ESP_ERR_NO_MEM},
                 {ESP_ERR_HTTPD_TASK, ESP_ERR_NO_MEM},
                 {ESP_FAIL, ESP_FAIL},
                 {ESP_ERR_INVALID_ARG, ESP_FAIL}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        fake_httpd_start_result = cases[i].httpd;
        assert_int_equal(hotreload_server_start(&server_config), cases[i].expected);
    }
    fake_httpd_register_result = ESP_ERR_HTTPD_HANDLERS_FULL;
    assert_int_equal(hotreload_server_start(&server_config), ESP_ERR_NO_MEM);
    assert_int_equal(fake_httpd_running(), 0);

    assert_int_equal(hotreload_server_start(&server_config), ESP_OK);
    assert_int_equal(hotreload_server_stop(), ESP_OK);
}

/** Its task goes on and refuses: so what it uses must stay. */
static void a_start_whose_end_fails_can_be_tried_again(void **test)
{
    fake_httpd_register_result = ESP_ERR_HTTPD_HANDLERS_FULL;
    fake_httpd_stop_result = ESP_FAIL;
    assert_int_equal(hotreload_server_start(&server_config), ESP_ERR_NO_MEM);
    assert_int_equal(fake_httpd_running(), 1);
    fake_httpd_stop_result = ESP_FAIL;
    assert_int_equal(hotreload_server_start(&server_config), ESP_ERR_NO_MEM);
    assert_int_equal(fake_httpd_running(), 1);
    assert_int_equal(hotreload_server_start(&server_config), ESP_OK);
    assert_int_equal(fake_httpd_running(), 1);
    (void)get("/status");
    assert_int_equal(hotreload_server_stop(), ESP_OK);
}

static void a_stop_that_fails_leaves_it_running(void **test)
{
    assert_int_equal(hotreload_server_start(&server_config), ESP_OK);
    fake_httpd_stop_result = ESP_FAIL;
    assert_int_equal(hotreload_server_stop(), ESP_FAIL);
    (void)get("/status");
    assert_int_equal(hotreload_server_stop(), ESP_OK);
}

static void the_url_of_each_address_is_logged(void **test)
{
    fake_netifs[0] = (fake_netif_t){.exists = true, .up = true, .address = 0x0100a8c0};
    fake_netifs[1] = (fake_netif_t){.exists = true, .up = true, .address = 0};
    fake_netifs[2] = (fake_netif_t){.exists = true, .up = false, .address = 0x0200a8c0};
    fake_netifs[3] = (fake_netif_t){.exists = true, .up = true, .address = 0x0f02000a};
    assert_int_equal(hotreload_server_start(&server_config), ESP_OK);
    assert_non_null(strstr(fake_log, "http://192.168.0.1:8080"));
    assert_non_null(strstr(fake_log, "http://10.0.2.15:8080"));
    assert_null(strstr(fake_log, "http://192.168.0.2"));
    assert_int_equal(hotreload_server_stop(), ESP_OK);
}

static void it_is_announced_while_it_runs(void **test)
{
    hotreload_server_config_t other = server_config;
    other.port = 8099;
    assert_int_equal(hotreload_server_start(&other), ESP_OK);
    assert_non_null(strstr(fake_mdns.service, ":8099"));
    assert_int_equal(hotreload_server_start(&server_config), ESP_ERR_INVALID_STATE);
    fake_httpd_stop_result = ESP_FAIL;
    assert_int_equal(hotreload_server_stop(), ESP_FAIL);
    assert_non_null(strstr(fake_mdns.service, ":8099"));
    assert_int_equal(hotreload_server_stop(), ESP_OK);
    assert_string_equal(fake_mdns.service, "");
    fake_httpd_start_result = ESP_FAIL;
    assert_int_equal(hotreload_server_start(&server_config), ESP_FAIL);
    assert_string_equal(fake_mdns.service, "");
}

static void many_addresses_are_cut_and_none_is_said(void **test)
{
    assert_int_equal(hotreload_server_start(&server_config), ESP_OK);
    assert_non_null(strstr(fake_log, "no network interface"));
    assert_int_equal(hotreload_server_stop(), ESP_OK);
    fake_log[0] = '\0';
    for (uint32_t i = 0; i < FAKE_NETIFS; i++) {
        fake_netifs[i] = (fake_netif_t){.exists = true, .up = true, .address = 1 + i};
    }
    assert_int_equal(hotreload_server_start(&server_config), ESP_OK);
    assert_non_null(strstr(fake_log, "http://4.0.0.0:8080"));
    assert_null(strstr(fake_log, "http://5.0.0.0:8080"));
    assert_int_equal(hotreload_server_stop(), ESP_OK);
}

static void other_requests_are_refused_in_json(void **test)
{
    assert_int_equal(hotreload_server_start(&server_config), ESP_OK);
    const fake_request_t other = {.method = HTTP_GET, .uri = "/other"};
    assert_string_equal(send_request(&other).status, "404 Error");
    const fake_request_t put = {.method = HTTP_PUT, .uri = "/upload"};
    fake_response_t response = send_request(&put);
    assert_string_equal(response.status, "405 Error");
    assert_true(response.closed);

    const struct {
        httpd_err_code_t error;
        const char *status;
    } cases[] = {{HTTPD_400_BAD_REQUEST, "400 Error"},
                 {HTTPD_408_REQ_TIMEOUT, "408 Error"},
                 {HTTPD_414_URI_TOO_LONG, "414 Error"},
                 {HTTPD_431_REQ_HDR_FIELDS_TOO_LARGE, "431 Error"},
                 {HTTPD_500_INTERNAL_SERVER_ERROR, "500 Error"},
                 {HTTPD_501_METHOD_NOT_IMPLEMENTED, "501 Error"},
                 {HTTPD_505_VERSION_NOT_SUPPORTED, "505 Error"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        fake_httpd_error(server_config.port, cases[i].error, &response);
        assert_string_equal(response.status, cases[i].status);
        assert_string_equal(response.type, "application/json");
        assert_non_null(strstr(response.body, "\"error\""));
        assert_true(response.closed);
    }
    assert_int_equal(hotreload_server_stop(), ESP_OK);
}

/** Nobody reads it, and what comes next would be taken for the rest of it. */
static void a_get_with_a_body_ends_the_connection(void **test)
{
    static const char *const headers[] = {"Content-Length: 4", NULL};
    assert_int_equal(hotreload_server_start(&server_config), ESP_OK);
    fake_request_t request = {.method = HTTP_GET, .uri = "/status"};
    assert_false(send_request(&request).closed);
    request.headers = headers;
    const fake_response_t response = send_request(&request);
    assert_true(response.answered);
    assert_true(response.closed);
    assert_int_equal(hotreload_server_stop(), ESP_OK);
}

static void *start_and_stop(void *started)
{
    for (int i = 0; i < 200; i++) {
        *(unsigned *)started += hotreload_server_start(&server_config) == ESP_OK;
        (void)hotreload_server_stop();
    }
    return NULL;
}

static void tasks_that_start_and_stop_at_once_do_not_disturb_each_other(void **test)
{
    pthread_t tasks[2];
    unsigned started[2] = {0};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&tasks[i], NULL, start_and_stop, &started[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(tasks[i], NULL), 0);
    }
    assert_true(started[0] + started[1] > 0);
    (void)hotreload_server_stop();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(it_runs_beside_the_applications_own_server),
        TEST(a_hundred_cycles_leave_nothing),
        TEST(there_is_one_server),
        TEST(arguments_are_checked),
        TEST(every_failure_of_starting_leaves_it_stopped),
        TEST(a_start_whose_end_fails_can_be_tried_again),
        TEST(a_stop_that_fails_leaves_it_running),
        TEST(the_url_of_each_address_is_logged),
        TEST(it_is_announced_while_it_runs),
        TEST(many_addresses_are_cut_and_none_is_said),
        TEST(other_requests_are_refused_in_json),
        TEST(a_get_with_a_body_ends_the_connection),
        TEST(tasks_that_start_and_stop_at_once_do_not_disturb_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
