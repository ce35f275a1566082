/*
 * The task that reads the console: starting and stopping, requests, and what is none.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fakes/fake_console.h"
#include "fakes/fake_freertos.h"
#include "fakes/fake_http_api.h"
#include "fakes/fake_log.h"
#include "hotreload.h"
#include "receive/serial_frame.h"

static char input[256];
static _Atomic unsigned input_size;

static void take_input(const void *data, size_t size, void *context)
{
    assert_ptr_equal(context, input);
    memcpy(input + input_size, data, size);
    input_size += (unsigned)size;
}

static const hotreload_serial_config_t config = {
    .partition_label = "other",
    .max_elf_size = 5000,
    .input = take_input,
    .input_context = input,
};

static int setup(void **test)
{
    (void)test;
    fake_http_api_reset();
    fake_console_reset();
    fake_log[0] = '\0';
    memset(input, 0, sizeof input);
    input_size = 0;
    return 0;
}

static int teardown(void **test)
{
    (void)test;
    fake_console_wait_ended();
    assert_false(fake_console.installed);
    return 0;
}

static void type_frame(uint8_t type, uint32_t number, const void *payload, size_t size)
{
    char line[HOTRELOAD_FRAME_LINE(HOTRELOAD_FRAME_PAYLOAD)];
    hotreload_frame_writer_t writer;
    hotreload_frame_begin(&writer, line, type, number);
    hotreload_frame_put(&writer, payload, size);
    fake_console_type(line, hotreload_frame_end(&writer));
}

/** The last answer among what was written, and its status. */
static int last_answer(hotreload_frame_reader_t *reader)
{
    int status = 0;
    memset(reader, 0, sizeof *reader);
    for (size_t i = 0; i < fake_console.written_size; i++) {
        uint8_t byte = (uint8_t)fake_console.written[i];
        if (hotreload_frame_take(reader, byte) == HOTRELOAD_FRAME_COMPLETE) {
            size_t size;
            const uint8_t *payload = hotreload_frame_payload(reader, &size);
            status = payload[0] | payload[1] << 8;
        }
    }
    return status;
}

/** Makes a request and waits for its answer. */
static int ask(uint8_t type, const void *payload, size_t size)
{
    static uint32_t number;
    hotreload_frame_reader_t reader;
    unsigned writes = fake_console.writes;
    type_frame(type, ++number, payload, size);
    fake_console_wait(writes + 1);
    int status = last_answer(&reader);
    assert_int_equal(hotreload_frame_type(&reader), type | HOTRELOAD_FRAME_ANSWER);
    assert_int_equal(hotreload_frame_number(&reader), number);
    return status;
}

static void requests_are_answered_by_one_write_each(void **test)
{
    (void)test;
    assert_int_equal(hotreload_serial_start(&config), ESP_OK);
    assert_true(fake_console.rx_buffer >= HOTRELOAD_FRAME_LINE(HOTRELOAD_FRAME_PAYLOAD));
    assert_false(fake_console.tx_buffer);
    assert_int_equal(ask(HOTRELOAD_FRAME_STATUS, NULL, 0), 200);
    assert_int_equal(ask(HOTRELOAD_FRAME_PENDING, NULL, 0), 200);
    assert_int_equal(ask(HOTRELOAD_FRAME_NONCE, NULL, 0), 200);
    assert_int_equal(fake_console.writes, 3);
    assert_int_equal(hotreload_serial_stop(), ESP_OK);
    assert_int_equal(fake_http_api.starts, 1);
}

static void uploads_are_as_over_http(void **test)
{
    (void)test;
    static const char begin[] = "\x04\0\0\0sha\0hmac\0auth";
    assert_int_equal(hotreload_serial_start(&config), ESP_OK);
    fake_http_api.to_settle = 3;
    assert_int_equal(ask(HOTRELOAD_FRAME_BEGIN, begin, sizeof begin), 200);
    assert_string_equal(fake_http_api.sha256, "sha");
    assert_string_equal(fake_http_api.hmac, "hmac");
    assert_string_equal(fake_http_api.auth, "auth");
    assert_string_equal(fake_http_api.begun_with.partition_label, "other");
    assert_int_equal(fake_http_api.begun_with.max_size, 5000);
    assert_int_equal(fake_http_api.begun_with.content_length, 4);
    assert_int_equal(fake_http_api.begun_with.accept_replayed, ACCEPT_REPLAYED);
    assert_int_equal(fake_http_api.begun_with.run_from_ram_first, RAM_FIRST);
    assert_int_equal(ask(HOTRELOAD_FRAME_WRITE, "\0\0\0\0abcd", 8), 200);
    assert_memory_equal(fake_http_api.body, "abcd", 4);
    assert_int_equal(ask(HOTRELOAD_FRAME_FINISH, NULL, 0), 200);
    assert_int_equal(fake_http_api.finishes, 1);
    assert_int_equal(hotreload_serial_stop(), ESP_OK);
    assert_int_equal(fake_http_api.settles, RAM_FIRST ? 4 : 0);
    assert_int_equal(fake_http_api.cancels, 0);
}

static void the_rest_is_the_applications(void **test)
{
    (void)test;
    assert_int_equal(hotreload_serial_start(&config), ESP_OK);
    fake_console_type("ls", 2);
    assert_int_equal(ask(HOTRELOAD_FRAME_PENDING, NULL, 0), 200);
    fake_console_type("\n", 1);
    fake_console_wait_idle();
    assert_string_equal(input, "ls\n");
    assert_int_equal(hotreload_serial_stop(), ESP_OK);
}

static void an_abandoned_upload_times_out(void **test)
{
    (void)test;
    assert_int_equal(hotreload_serial_start(&config), ESP_OK);
    assert_int_equal(ask(HOTRELOAD_FRAME_BEGIN, "\x04\0\0\0", 5), 200);
    fake_ticks += 999;
    fake_console_wait_idle();
    assert_int_equal(fake_http_api.cancels, 0);
    fake_ticks += 1;
    fake_console_wait_idle();
    assert_int_equal(fake_http_api.cancels, 1);
    assert_int_equal(fake_http_api.cancelled_for, HOTRELOAD_UPLOAD_TIMED_OUT);
    assert_int_equal(hotreload_serial_stop(), ESP_OK);
}

static void stopping_drops_the_upload(void **test)
{
    (void)test;
    assert_int_equal(hotreload_serial_start(&config), ESP_OK);
    assert_int_equal(ask(HOTRELOAD_FRAME_BEGIN, "\x04\0\0\0", 5), 200);
    assert_int_equal(hotreload_serial_stop(), ESP_OK);
    assert_int_equal(fake_http_api.cancels, 1);
    assert_int_equal(fake_http_api.cancelled_for, HOTRELOAD_UPLOAD_STOPPED);
}

/** The leak sanitizer counts what a cycle leaves. */
static void a_hundred_cycles_leave_nothing(void **test)
{
    (void)test;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(hotreload_serial_start(&config), ESP_OK);
        assert_int_equal(hotreload_serial_start(&config), ESP_ERR_INVALID_STATE);
        assert_int_equal(hotreload_serial_stop(), ESP_OK);
        fake_console_wait_ended();
    }
    assert_int_equal(hotreload_serial_stop(), ESP_ERR_INVALID_STATE);
}

static void expect_not_started(esp_err_t error, const char *reason)
{
    assert_int_equal(hotreload_serial_start(&config), error);
    assert_non_null(strstr(fake_log, reason));
    assert_int_equal(fake_console.tasks, 0);
    assert_int_equal(hotreload_serial_stop(), ESP_ERR_INVALID_STATE);
}

static void what_fails_is_undone(void **test)
{
    (void)test;
    hotreload_serial_config_t bad = config;
    bad.partition_label = NULL;
    assert_int_equal(hotreload_serial_start(NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(hotreload_serial_start(&bad), ESP_ERR_INVALID_ARG);

    fake_http_api.store_result = ESP_ERR_NOT_FOUND;
    expect_not_started(ESP_ERR_NOT_FOUND, "store of other");
    fake_http_api.store_result = ESP_OK;

    fake_console.installed = true; /* by the application, which keeps it */
    expect_not_started(ESP_ERR_INVALID_STATE, "the application reads the console itself");
    assert_true(fake_console.installed);
    fake_console.installed = false;

    fake_console.install_result = ESP_ERR_NO_MEM;
    expect_not_started(ESP_FAIL, "could not be installed");
    fake_console.install_result = ESP_OK;

    fake_console.create_task_fails = true;
    expect_not_started(ESP_ERR_NO_MEM, "not enough memory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(requests_are_answered_by_one_write_each, setup, teardown),
        cmocka_unit_test_setup_teardown(uploads_are_as_over_http, setup, teardown),
        cmocka_unit_test_setup_teardown(the_rest_is_the_applications, setup, teardown),
        cmocka_unit_test_setup_teardown(an_abandoned_upload_times_out, setup, teardown),
        cmocka_unit_test_setup_teardown(stopping_drops_the_upload, setup, teardown),
        cmocka_unit_test_setup_teardown(a_hundred_cycles_leave_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(what_fails_is_undone, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
