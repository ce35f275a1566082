/*
 * How a connection's bytes are received: clients that are slow, silent or gone.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <unistd.h>

#include "testing.h"
#include "client.h"
#include "fakes/fake_freertos.h"
#include "lwip/sockets.h"

#define LONGEST_HEAD_MS (10 * 1000)

/** A connection: the server's end, which does not wait, and the client's. */
static int ends[2];

static int setup(void **test)
{
    device_reset();
    fake_ticks = 0xfffffff0; /* so that they begin anew in every test */
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(hotreload_server_start(&server_config), ESP_OK);
    assert_int_equal(fake_httpd_config.open_fn(NULL, ends[0]), ESP_OK);
    return 0;
}

static int teardown(void **test)
{
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(hotreload_server_stop(), ESP_OK);
    device_expect_nothing_left();
    return 0;
}

/** The client sends a byte after some time. @return what the server receives */
static int drip(uint32_t after_ms)
{
    char byte = 'x';
    fake_ticks += pdMS_TO_TICKS(after_ms);
    assert_int_equal(write(ends[1], &byte, 1), 1);
    return fake_httpd_receive(NULL, ends[0], &byte, 1, 0);
}

static void bytes_are_received_as_they_come(void **test)
{
    char data[8];
    assert_int_equal(write(ends[1], "GET /", 5), 5);
    assert_int_equal(fake_httpd_receive(NULL, ends[0], data, sizeof data, 0), 5);
    assert_memory_equal(data, "GET /", 5);
    assert_int_equal(fake_httpd_receive(NULL, ends[0], data, sizeof data, 0),
                     HTTPD_SOCK_ERR_TIMEOUT);
    close(ends[1]);
    assert_int_equal(fake_httpd_receive(NULL, ends[0], data, sizeof data, 0), 0);
    assert_int_equal(fake_httpd_receive(NULL, -1, data, sizeof data, 0), HTTPD_SOCK_ERR_FAIL);
    ends[1] = dup(ends[0]);
}

static void a_head_has_a_time_in_all(void **test)
{
    for (int i = 0; i <= LONGEST_HEAD_MS / 1000; i++) {
        assert_int_equal(drip(i == 0 ? 0 : 1000), 1);
    }
    assert_int_equal(drip(1000), HTTPD_SOCK_ERR_TIMEOUT);
}

static void a_request_that_was_answered_leaves_its_time_behind(void **test)
{
    for (int i = 0; i < 5; i++) {
        assert_int_equal(drip(LONGEST_HEAD_MS - 1000), 1);
        (void)get("/status");
        (void)get("/pending");
    }
    assert_int_equal(drip(LONGEST_HEAD_MS), 1);
    fake_response_t response;
    fake_httpd_error(server_config.port, HTTPD_404_NOT_FOUND, &response);
    assert_int_equal(drip(LONGEST_HEAD_MS), 1);
    assert_int_equal(drip(LONGEST_HEAD_MS), 1);
    assert_int_equal(drip(10), HTTPD_SOCK_ERR_TIMEOUT);
}

static void a_connection_that_ended_leaves_its_time_behind(void **test)
{
    char data;
    assert_int_equal(drip(0), 1);
    assert_int_equal(fake_httpd_receive(NULL, ends[0], &data, 1, 0), HTTPD_SOCK_ERR_TIMEOUT);
    assert_int_equal(drip(LONGEST_HEAD_MS + 1000), 1);
    fake_ticks += pdMS_TO_TICKS(LONGEST_HEAD_MS + 1000);
    assert_int_equal(fake_httpd_config.open_fn(NULL, ends[0]), ESP_OK);
    assert_int_equal(drip(0), 1);
}

/** What the body of an upload is received with; its time is that of the upload. */
static void drip_meanwhile(void *context, size_t delivered)
{
    (void)context;
    (void)delivered;
    assert_int_equal(drip(LONGEST_HEAD_MS + 1000), 1);
}

static void a_body_has_a_time_of_its_own(void **test)
{
    const char *const headers[] = {"Content-Length: 3", NULL};
    const fake_request_t refused = {.method = HTTP_POST,
                                    .uri = "/upload",
                                    .headers = headers,
                                    .body = "abc",
                                    .body_size = 3,
                                    .piece = 1,
                                    .before_piece = drip_meanwhile};
    fake_response_t response;
    assert_int_equal(drip(0), 1);
    fake_httpd_request(server_config.port, &refused, &response);
    assert_int_equal(response.delivered, 3);
    assert_int_equal(drip(LONGEST_HEAD_MS), 1);
    assert_int_equal(drip(LONGEST_HEAD_MS), 1);
    assert_int_equal(drip(10), HTTPD_SOCK_ERR_TIMEOUT);
}

static void answers_are_sent_at_once(void **test)
{
    int on = 0;
    socklen_t size = sizeof on;
    int client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(fake_httpd_config.open_fn(NULL, client), ESP_OK);
    assert_int_equal(getsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
    assert_int_not_equal(on, 0);
    close(client);
}

static void a_connection_without_a_limit_is_refused(void **test)
{
    fake_httpd_override_result = ESP_ERR_INVALID_ARG;
    assert_int_equal(fake_httpd_config.open_fn(NULL, ends[0]), ESP_ERR_INVALID_ARG);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(bytes_are_received_as_they_come),
        TEST(a_head_has_a_time_in_all),
        TEST(a_request_that_was_answered_leaves_its_time_behind),
        TEST(a_connection_that_ended_leaves_its_time_behind),
        TEST(a_body_has_a_time_of_its_own),
        TEST(answers_are_sent_at_once),
        TEST(a_connection_without_a_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
