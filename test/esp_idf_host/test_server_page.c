/*
 * The status page of the server, with the option and without it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "client.h"
#include "receive/requests.h"

/** Of the 2.5 KB of flash that the page may take, the rest is for code: test/esp_idf measures it.
 */
#define LONGEST_PAGE 2304u

static const fake_request_t asked = {.method = HTTP_GET, .uri = "/"};

static int setup(void **test)
{
    device_reset();
    return hotreload_server_start(&server_config);
}

static int teardown(void **test)
{
    assert_int_equal(hotreload_server_stop(), ESP_OK);
    device_expect_nothing_left();
    return 0;
}

#if STATUS_PAGE

static void a_browser_gets_the_page(void **test)
{
    static const uint8_t gzip[] = {0x1f, 0x8b, 8};
    fake_response_t response;
    fake_httpd_request(server_config.port, &asked, &response);
    assert_true(response.answered && !response.closed);
    assert_string_equal(response.status, ""); /* not set: 200 OK */
    assert_string_equal(response.type, "text/html");
    assert_string_equal(response.header, "Content-Encoding: gzip");
    assert_int_equal(response.size, hotreload_page_size);
    assert_memory_equal(response.body, hotreload_page, hotreload_page_size);
    assert_memory_equal(response.body, gzip, sizeof gzip);
}

static void it_ends_the_connection_if_it_cannot_send_it(void **test)
{
    fake_request_t request = asked;
    fake_response_t response;
    request.send_fails = true;
    fake_httpd_request(server_config.port, &request, &response);
    assert_true(response.closed);
}

static void the_page_is_small(void **test)
{
    assert_in_range(hotreload_page_size, 1, LONGEST_PAGE);
}

static void it_is_read_only(void **test)
{
    const fake_request_t post = {.method = HTTP_POST, .uri = "/"};
    assert_string_equal(send_request(&post).status, "405 Error");
}

#else

static void there_is_no_page(void **test)
{
    assert_string_equal(send_request(&asked).status, "404 Error");
}

#endif

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
#if STATUS_PAGE
        TEST(a_browser_gets_the_page),
        TEST(it_ends_the_connection_if_it_cannot_send_it),
        TEST(the_page_is_small),
        TEST(it_is_read_only),
#else
        TEST(there_is_no_page),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
