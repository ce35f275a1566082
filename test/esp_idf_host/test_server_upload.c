/*
 * `POST /upload`: what the core is told of a request, and what becomes of the connection.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fakes/fake_freertos.h"
#include "fakes/fake_http_api.h"
#include "fakes/fake_httpd.h"
#include "hotreload.h"

#define SHA256 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define AUTH   "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HMAC   "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

static const hotreload_server_config_t config = HOTRELOAD_SERVER_CONFIG_DEFAULT();
static char body[5000];
static char length_header[64];
static const char *headers[] = {length_header, "X-Hotreload-SHA256: " SHA256,
                                "x-hotreload-hmac: " HMAC, "X-Hotreload-Auth: " AUTH, NULL};
static fake_request_t request;
static fake_response_t response;

static int setup(void **test)
{
    (void)test;
    fake_http_api_reset();
    for (size_t i = 0; i < sizeof body; i++) {
        body[i] = (char)('a' + i % 26);
    }
    snprintf(length_header, sizeof length_header, "Content-Length: %zu", sizeof body);
    request = (fake_request_t){.method = HTTP_POST,
                               .uri = "/upload",
                               .headers = headers,
                               .body = body,
                               .body_size = sizeof body,
                               .end = 0};
    return hotreload_server_start(&config);
}

static int teardown(void **test)
{
    (void)test;
    (void)hotreload_server_stop();
    return fake_httpd_running() != 0;
}

static void upload(void)
{
    fake_httpd_request(config.port, &request, &response);
}

static void expect_answer(const char *status)
{
    assert_true(response.answered);
    assert_string_equal(response.status, status);
    assert_string_equal(response.type, "application/json");
}

static void the_body_arrives_whole_in_bounded_pieces(void **test)
{
    (void)test;
    const size_t pieces[] = {0, 1, 7, 1023, 1024, 1025};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        fake_http_api_reset();
        request.piece = pieces[i];
        upload();
        expect_answer("200 OK");
        assert_false(response.closed);
        assert_int_equal(fake_http_api.size, sizeof body);
        assert_memory_equal(fake_http_api.body, body, sizeof body);
        assert_in_range(fake_http_api.largest_piece, 1, 2048);
        assert_int_equal(fake_http_api.finishes, 1);
        assert_int_equal(fake_http_api.cancels, 0);
    }
}

static void the_core_gets_the_head_of_the_request(void **test)
{
    (void)test;
    upload();
    assert_string_equal(fake_http_api.begun_with.partition_label, "hotreload");
    assert_int_equal(fake_http_api.begun_with.max_size, 128 * 1024);
    assert_int_equal(fake_http_api.begun_with.content_length, sizeof body);
    assert_string_equal(fake_http_api.sha256, SHA256);
    assert_string_equal(fake_http_api.hmac, HMAC);
    assert_string_equal(fake_http_api.auth, AUTH);
#ifdef CONFIG_HOTRELOAD_ACCEPT_REPLAYED_UPLOADS
    assert_true(fake_http_api.begun_with.accept_replayed);
#else
    assert_false(fake_http_api.begun_with.accept_replayed);
#endif
}

static void headers_that_are_absent_or_too_long_are_seen_as_such(void **test)
{
    (void)test;
    const char *const without[] = {length_header, NULL};
    request.headers = without;
    fake_http_api.refuse = true;
    upload();
    assert_string_equal(fake_http_api.sha256, "(none)");
    assert_string_equal(fake_http_api.hmac, "(none)");
    assert_string_equal(fake_http_api.auth, "(none)");

    const char *const longer[] = {length_header, "X-Hotreload-SHA256: " SHA256 SHA256,
                                  "X-Hotreload-HMAC: " HMAC "0", NULL};
    request.headers = longer;
    upload();
    assert_int_equal(strlen(fake_http_api.sha256), 65); /* not taken for one of 64 digits */
    assert_int_equal(strlen(fake_http_api.hmac), 65);
}

static void every_form_of_content_length(void **test)
{
    (void)test;
    const struct {
        const char *header;
        int64_t expected;
    } cases[] = {
        {"Content-Length: 5000", 5000},
        {"Content-Length: 0", 0},
        {"Content-Length: 4294967296", 4294967296},
        {"Content-Length: 4294967295", 4294967295},
        {"Content-Length: 99999999999999999999", INT64_MAX},
        {"Content-Length: 99999999999999999999999999999999", INT64_MAX},
        {"Content-Length: ", -2},
        {"Content-Length: -1", -2},
        {"Content-Length: 12x", -2},
        {"Content-Length: 0x12", -2},
        {"Transfer-Encoding: chunked", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *const only[] = {cases[i].header, NULL};
        request.headers = only;
        fake_http_api.refuse = true;
        upload();
        expect_answer("403 Forbidden");
        assert_true(fake_http_api.begun_with.content_length == cases[i].expected);
        assert_int_equal(response.closed, cases[i].expected != 5000 && cases[i].expected != 0);
    }
}

static void a_refused_body_is_received_so_that_the_client_reads_the_answer(void **test)
{
    (void)test;
    fake_http_api.refuse = true;
    request.piece = 100;
    upload();
    expect_answer("403 Forbidden");
    assert_int_equal(response.delivered, sizeof body);
    assert_false(response.closed);
    assert_int_equal(fake_http_api.size, 0);
    assert_int_equal(fake_http_api.finishes + fake_http_api.cancels, 0);
}

static void a_failed_write_ends_it_and_the_rest_is_thrown_away(void **test)
{
    (void)test;
    fake_http_api.fail_at = 2000;
    upload();
    expect_answer("500 Internal Server Error");
    assert_int_equal(fake_http_api.size, 2048);
    assert_int_equal(response.delivered, sizeof body);
    assert_int_equal(fake_http_api.finishes + fake_http_api.cancels, 0);
    assert_false(response.closed);
}

static void a_body_that_ends_early_is_cancelled(void **test)
{
    (void)test;
    const struct {
        int end;
        hotreload_upload_end_t why;
        const char *status;
    } cases[] = {
        {0, HOTRELOAD_UPLOAD_CUT_SHORT, "400 Bad Request"},
        {HTTPD_SOCK_ERR_FAIL, HOTRELOAD_UPLOAD_CUT_SHORT, "400 Bad Request"},
        {HTTPD_SOCK_ERR_TIMEOUT, HOTRELOAD_UPLOAD_TIMED_OUT, "408 Request Timeout"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fake_http_api_reset();
        request.body_size = 3000;
        request.end = cases[i].end;
        upload();
        expect_answer(cases[i].status);
        assert_int_equal(fake_http_api.size, 3000);
        assert_int_equal(fake_http_api.cancels, 1);
        assert_int_equal(fake_http_api.cancelled_for, cases[i].why);
        assert_int_equal(fake_http_api.finishes, 0);
        assert_true(response.closed);
    }
}

static void let_time_pass(void *context, size_t delivered)
{
    (void)context;
    (void)delivered;
    fake_ticks += 100;
}

static void a_client_that_never_ends_is_cut_off(void **test)
{
    (void)test;
    request.piece = 1; /* a byte per second */
    request.before_piece = let_time_pass;
    upload();
    expect_answer("408 Request Timeout");
    assert_int_equal(fake_http_api.cancelled_for, HOTRELOAD_UPLOAD_TIMED_OUT);
    assert_in_range(response.delivered, 30, 120);
    assert_true(response.closed);

    fake_http_api.refuse = true; /* nor may the body of a refused upload take for ever */
    upload();
    expect_answer("403 Forbidden");
    assert_in_range(response.delivered, 30, 120);
    assert_true(response.closed);
}

static void an_answer_that_cannot_be_sent_closes_the_connection(void **test)
{
    (void)test;
    request.send_fails = true;
    upload();
    assert_false(response.answered);
    assert_true(response.closed);
    assert_int_equal(fake_http_api.finishes, 1);
}

static void start_with_ram_first(bool ram_first)
{
    hotreload_server_config_t other = config;
    other.run_from_ram_first = ram_first;
    (void)hotreload_server_stop();
    assert_int_equal(hotreload_server_start(&other), ESP_OK);
}

/** In pauses, after the answer, until there is nothing more. */
static void what_waits_in_ram_is_stored_after_the_answer(void **test)
{
    (void)test;
    const bool send_fails[] = {false, true};
    start_with_ram_first(true);
    for (size_t i = 0; i < 2; i++) {
        fake_http_api_reset();
        fake_http_api.to_settle = 5;
        request.send_fails = send_fails[i];
        upload();
        assert_true(fake_http_api.begun_with.run_from_ram_first);
        assert_int_equal(fake_http_api.settles, 6);
        assert_false(fake_http_api.settled_early);
    }
}

static void nothing_is_to_be_stored_after_a_failure(void **test)
{
    (void)test;
    start_with_ram_first(true);
    fake_http_api.fail_at = 2000;
    upload();
    assert_int_equal(fake_http_api.settles, 0);
}

static void what_is_stored_first_needs_no_pauses(void **test)
{
    (void)test;
#ifdef CONFIG_HOTRELOAD_RUN_FROM_RAM_FIRST
    const bool by_kconfig = true;
#else
    const bool by_kconfig = false;
#endif
    start_with_ram_first(false);
    upload();
    assert_int_equal(fake_http_api.begun_with.run_from_ram_first, by_kconfig);
    assert_int_equal(fake_http_api.settles, by_kconfig);
}

static void *stop(void *result)
{
    *(int *)result = hotreload_server_stop();
    return NULL;
}

typedef struct {
    pthread_t task;
    int result;
    bool begun;
} stopper_t;

static void stop_in_the_middle(void *context, size_t delivered)
{
    stopper_t *stopper = context;
    if (delivered >= 2048 && !stopper->begun) {
        stopper->begun = true;
        assert_int_equal(pthread_create(&stopper->task, NULL, stop, &stopper->result), 0);
        while (!fake_httpd_is_stopping()) {
            sched_yield();
        }
    }
}

static void stopping_the_server_drops_the_upload_under_way(void **test)
{
    (void)test;
    const bool refused[] = {false, true};
    for (size_t i = 0; i < 2; i++) {
        fake_http_api_reset();
        fake_http_api.refuse = refused[i];
        stopper_t stopper = {.result = -1};
        request.before_piece = stop_in_the_middle;
        request.context = &stopper;
        upload();
        assert_int_equal(pthread_join(stopper.task, NULL), 0);
        assert_int_equal(stopper.result, ESP_OK);
        expect_answer(refused[i] ? "403 Forbidden" : "503 Service Unavailable");
        assert_int_equal(fake_http_api.cancels, refused[i] ? 0 : 1);
        assert_true(refused[i] || fake_http_api.cancelled_for == HOTRELOAD_UPLOAD_STOPPED);
        assert_int_equal(fake_http_api.finishes, 0);
        assert_in_range(response.delivered, 2048, 4096);
        assert_true(response.closed);
        assert_int_equal(fake_httpd_running(), 0);
        assert_int_equal(hotreload_server_start(&config), ESP_OK);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_body_arrives_whole_in_bounded_pieces),
        TEST(the_core_gets_the_head_of_the_request),
        TEST(headers_that_are_absent_or_too_long_are_seen_as_such),
        TEST(every_form_of_content_length),
        TEST(a_refused_body_is_received_so_that_the_client_reads_the_answer),
        TEST(a_failed_write_ends_it_and_the_rest_is_thrown_away),
        TEST(a_body_that_ends_early_is_cancelled),
        TEST(a_client_that_never_ends_is_cut_off),
        TEST(an_answer_that_cannot_be_sent_closes_the_connection),
        TEST(what_waits_in_ram_is_stored_after_the_answer),
        TEST(nothing_is_to_be_stored_after_a_failure),
        TEST(what_is_stored_first_needs_no_pauses),
        TEST(stopping_the_server_drops_the_upload_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
