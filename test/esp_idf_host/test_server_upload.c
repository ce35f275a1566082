/*
 * `POST /upload`: what the client is answered, and what becomes of the connection.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <sched.h>

#include "testing.h"
#include "client.h"
#include "fakes/fake_freertos.h"
#include "fakes/fake_log.h"
#include "fakes/fake_partition.h"
#include "receive/auth.h"
#include "receive/requests.h"

/* More than two sectors of the flash. */
#define MODULE_SIZE 9000u

/* The answer to an upload without X-Hotreload-Auth. */
#ifdef CONFIG_HOTRELOAD_ACCEPT_REPLAYED_UPLOADS
#define UNPROVEN "400 Error" /* because X-Hotreload-HMAC is absent, too */
#else
#define UNPROVEN "403 Error"
#endif

static uint8_t *module;
static upload_t proven;
static unsigned delays;

static int setup(void **test)
{
    device_reset();
    delays = 0;
    module = module_build_sized(MODULE_SIZE, 1);
    assert_int_equal(hotreload_server_start(&server_config), ESP_OK);
    prepare_upload(&proven, module, MODULE_SIZE, hotreload_secret);
    return 0;
}

static int teardown(void **test)
{
    free(module);
    assert_int_equal(hotreload_server_stop(), ESP_OK);
    device_expect_nothing_left();
    return 0;
}

static fake_response_t expect_answer(const char *status, bool closed)
{
    fake_response_t response = send_request(&proven.request);
    assert_string_equal(response.status, status);
    assert_int_equal(response.closed, closed);
    return response;
}

/** Nothing of an upload that failed is in the way of the next. */
static void expect_next_upload_works(void)
{
    prepare_upload(&proven, module, MODULE_SIZE, hotreload_secret);
    (void)expect_answer("200 OK", false);
}

static void the_body_arrives_whole_in_pieces_of_any_size(void **test)
{
    const size_t pieces[] = {0, 1, 7, 1023, 1024, 1025};
    for (size_t i = 0; i < COUNT(pieces); i++) {
        prepare_upload(&proven, module, MODULE_SIZE, hotreload_secret);
        proven.request.piece = pieces[i];
        (void)expect_answer("200 OK", false);
    }
}

static void headers_that_are_absent_or_too_long_are_seen_as_such(void **test)
{
    proven.headers[2] = NULL;
    (void)expect_answer(UNPROVEN, false);
    proven.headers[1] = NULL;
    (void)expect_answer("400 Error", false);
    prepare_upload(&proven, module, MODULE_SIZE, hotreload_secret);
    strcat(proven.sha256, "0");
    (void)expect_answer("400 Error", false);
    prepare_upload(&proven, module, MODULE_SIZE, hotreload_secret);
    strcat(proven.proof, "0123456789abcdef");
    (void)expect_answer("400 Error", false);
}

static void a_recording_is_taken_only_where_it_is_accepted(void **test)
{
    char hex[65];
    hex_digest(hex, hotreload_secret, HOTRELOAD_SECRET_SIZE, module, MODULE_SIZE);
    sprintf(proven.proof, "x-hotreload-hmac: %s", hex);
#ifdef CONFIG_HOTRELOAD_ACCEPT_REPLAYED_UPLOADS
    (void)expect_answer("200 OK", false);
#else
    fake_response_t response = expect_answer("403 Error", false);
    assert_non_null(strstr(response.body, "CONFIG_HOTRELOAD_ACCEPT_REPLAYED_UPLOADS"));
#endif
}

static void every_form_of_content_length(void **test)
{
    const struct {
        const char *header, *status;
        bool closed;
    } cases[] = {
        {"Content-Length: 9000", "200 OK", false},
        {"Content-Length: 0", "400 Error", false},
        {"Content-Length: 4294967296", "413 Error", true},
        {"Content-Length: 4294976296", "413 Error", true}, /* 9000 in 32 bits */
        {"Content-Length: 99999999999999999999", "413 Error", true},
        {"Content-Length: 99999999999999999999999999999999", "413 Error", true},
        {"Content-Length: ", "400 Error", true},
        {"Content-Length: -1", "400 Error", true},
        {"Content-Length: 12x", "400 Error", true},
        {"Content-Length: 0x12", "400 Error", true},
        {"Transfer-Encoding: chunked", "411 Error", true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        proven.headers[0] = cases[i].header;
        (void)expect_answer(cases[i].status, cases[i].closed);
    }
}

/** So that the client reads the answer. */
static void a_refused_body_is_received(void **test)
{
    proven.headers[2] = NULL;
    proven.request.piece = 100;
    assert_int_equal(expect_answer(UNPROVEN, false).delivered, MODULE_SIZE);
}

static void fail_in_the_middle(void *context, size_t delivered)
{
    (void)context;
    if (delivered == 5000) {
        fake_partition.fail = ESP_FAIL;
    }
}

static void a_failed_write_ends_it_and_the_rest_is_thrown_away(void **test)
{
#ifdef CONFIG_HOTRELOAD_RUN_FROM_RAM_FIRST
    skip(); /* the flash is written after the answer */
#endif
    proven.request.piece = 1000;
    proven.request.before_piece = fail_in_the_middle;
    fake_response_t response = expect_answer("500 Error", false);
    assert_int_equal(response.delivered, MODULE_SIZE);
    expect_next_upload_works();
}

static void a_body_that_ends_early_is_cancelled(void **test)
{
    const struct {
        int end;
        const char *status;
    } cases[] = {
        {0, "400 Error"},
        {HTTPD_SOCK_ERR_FAIL, "400 Error"},
        {HTTPD_SOCK_ERR_TIMEOUT, "408 Error"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        prepare_upload(&proven, module, MODULE_SIZE, hotreload_secret);
        proven.request.body_size = 3000;
        proven.request.end = cases[i].end;
        (void)expect_answer(cases[i].status, true);
        assert_false(hotreload_update_available());
    }
    expect_next_upload_works();
}

static void let_a_second_pass(void *context, size_t delivered)
{
    (void)context;
    (void)delivered;
    fake_ticks += 100;
}

static void a_client_that_never_ends_is_cut_off(void **test)
{
    proven.request.piece = 1; /* a byte per second */
    proven.request.before_piece = let_a_second_pass;
    assert_in_range(expect_answer("408 Error", true).delivered, 30, 120);
    proven.headers[2] = NULL; /* nor may the body of a refused upload take for ever */
    assert_in_range(expect_answer(UNPROVEN, true).delivered, 30, 120);
    expect_next_upload_works();
}

static void an_answer_that_cannot_be_sent_closes_the_connection(void **test)
{
    fake_response_t response;
    proven.request.send_fails = true;
    fake_httpd_request(server_config.port, &proven.request, &response);
    assert_false(response.answered);
    assert_true(response.closed);
    assert_true(hotreload_update_available());
}

/* ---- run_from_ram_first ---- */

static void start_with_ram_first(bool ram_first)
{
    hotreload_server_config_t other = server_config;
    other.run_from_ram_first = ram_first;
    assert_int_equal(hotreload_server_stop(), ESP_OK);
    assert_int_equal(hotreload_server_start(&other), ESP_OK);
    prepare_upload(&proven, module, MODULE_SIZE, hotreload_secret);
}

static void expect_answered(void)
{
    assert_true(fake_httpd_has_answered());
    delays++;
}

/** In pauses, after the answer, whether or not that could be sent. */
static void what_waits_in_ram_is_stored_after_the_answer(void **test)
{
    const bool send_fails[] = {false, true};
    for (size_t i = 0; i < 2; i++) {
        char newest[64];
        fake_response_t response;
        start_with_ram_first(true);
        delays = 0;
        fake_on_delay = expect_answered;
        proven.request.send_fails = send_fails[i];
        fake_httpd_request(server_config.port, &proven.request, &response);
        fake_on_delay = NULL;
        assert_int_equal(response.answered, !send_fails[i]);
        assert_true(delays > MODULE_SIZE / 4096);
        snprintf(newest, sizeof newest, "\"newest\":{\"sequence\":%zu", i + 1);
        assert_non_null(strstr(get("/status").body, newest));
    }
}

static void count_delay(void)
{
    delays++;
}

static void nothing_is_to_be_stored_after_a_failure(void **test)
{
    start_with_ram_first(true);
    fake_on_delay = count_delay;
    module[MODULE_SIZE - 1] ^= 1; /* damaged on the way */
    (void)expect_answer("400 Error", false);
    fake_on_delay = NULL;
    assert_int_equal(delays, 0);
}

static void what_is_stored_first_needs_no_pauses(void **test)
{
#ifdef CONFIG_HOTRELOAD_RUN_FROM_RAM_FIRST
    const bool by_kconfig = true;
#else
    const bool by_kconfig = false;
#endif
    start_with_ram_first(false);
    fake_on_delay = count_delay;
    (void)expect_answer("200 OK", false);
    fake_on_delay = NULL;
    assert_int_equal(delays > 0, by_kconfig);
}

/* ---- Stopping ---- */

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
    const bool refused[] = {false, true};
    for (size_t i = 0; i < 2; i++) {
        stopper_t stopper = {.result = -1};
        prepare_upload(&proven, module, MODULE_SIZE, hotreload_secret);
        proven.request.before_piece = stop_in_the_middle;
        proven.request.context = &stopper;
        if (refused[i]) {
            proven.headers[2] = NULL;
        }
        fake_response_t response = expect_answer(refused[i] ? UNPROVEN : "503 Error", true);
        assert_int_equal(pthread_join(stopper.task, NULL), 0);
        assert_int_equal(stopper.result, ESP_OK);
        assert_in_range(response.delivered, 2048, 4096);
        assert_int_equal(fake_httpd_running(), 0);
        assert_int_equal(hotreload_server_start(&server_config), ESP_OK);
    }
    expect_next_upload_works();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_body_arrives_whole_in_pieces_of_any_size),
        TEST(headers_that_are_absent_or_too_long_are_seen_as_such),
        TEST(a_recording_is_taken_only_where_it_is_accepted),
        TEST(every_form_of_content_length),
        TEST(a_refused_body_is_received),
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
