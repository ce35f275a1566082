/*
 * The task that reads the console, with the real core: starting and stopping, requests, and what
 * is none.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>

#include "testing.h"
#include "client.h"
#include "fakes/fake_console.h"
#include "fakes/fake_freertos.h"
#include "fakes/fake_log.h"
#include "receive/auth.h"
#include "receive/requests.h"
#include "receive/serial_frame.h"

#define MAX_SIZE 5000u

static char input[256];
static _Atomic unsigned input_size;

static void take_input(const void *data, size_t size, void *context)
{
    assert_ptr_equal(context, input);
    memcpy(input + input_size, data, size);
    input_size += (unsigned)size;
}

/** No module is loaded here. */
esp_err_t hotreload_port_trial_timer(void (*expired)(uint32_t trial), uint32_t trial)
{
    (void)expired;
    (void)trial;
    return ESP_OK;
}

static const hotreload_serial_config_t config = {
    .partition_label = "hotreload",
    .max_upload_size = MAX_SIZE,
    .input = take_input,
    .input_context = input,
};

static int setup(void **test)
{
    device_reset();
    fake_console_reset();
    memset(input, 0, sizeof input);
    input_size = 0;
    return 0;
}

static int teardown(void **test)
{
    fake_console_wait_ended();
    assert_false(fake_console.installed);
    device_expect_nothing_left();
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

/** The JSON of the last answer. */
static char body[1024];

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
            snprintf(body, sizeof body, "%.*s", (int)size - 2, (const char *)payload + 2);
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
    assert_int_equal(hotreload_serial_start(&config), ESP_OK);
    assert_true(fake_console.rx_buffer >= HOTRELOAD_FRAME_LINE(HOTRELOAD_FRAME_PAYLOAD));
    assert_false(fake_console.tx_buffer);
    assert_int_equal(ask(HOTRELOAD_FRAME_STATUS, NULL, 0), 200);
    assert_non_null(strstr(body, "\"loaded\":false"));
    assert_int_equal(ask(HOTRELOAD_FRAME_PENDING, NULL, 0), 200);
    assert_int_equal(ask(HOTRELOAD_FRAME_NONCE, NULL, 0), 200);
    assert_int_equal(fake_console.writes, 3);
    assert_int_equal(hotreload_serial_stop(), ESP_OK);
}

/** Begins an upload by X-Hotreload-Auth, or else by X-Hotreload-HMAC. @return the status */
static int begin_upload(const uint8_t *module, uint32_t size, bool by_proof)
{
    char head[4 + 65 + 1 + 65] = {(char)size, (char)(size >> 8)};
    char *next = head + 4;
    assert_int_equal(ask(HOTRELOAD_FRAME_NONCE, NULL, 0), 200);
    hex_digest(next, NULL, 0, module, size);
    next += 65;
    if (by_proof) {
        next++; /* the other one is empty */
        hex_proof(next, body, module, size, hotreload_secret);
    } else {
        hex_digest(next, hotreload_secret, HOTRELOAD_SECRET_SIZE, module, size);
    }
    return ask(HOTRELOAD_FRAME_BEGIN, head, (size_t)(next - head) + 65);
}

static int write_piece(const uint8_t *module, uint32_t offset, uint32_t size)
{
    uint8_t payload[4 + 512] = {(uint8_t)offset, (uint8_t)(offset >> 8)};
    memcpy(payload + 4, module + offset, size);
    return ask(HOTRELOAD_FRAME_WRITE, payload, 4 + size);
}

static void uploads_are_as_over_http(void **test)
{
    module_layout_t layout;
    uint8_t *module = build_module(1, &layout);
    const uint32_t size = (uint32_t)layout.size;
    assert_int_equal(hotreload_serial_start(&config), ESP_OK);
    assert_int_equal(begin_upload(module, size, true), 200);
    for (uint32_t offset = 0; offset < size; offset += 512) {
        const uint32_t piece = size - offset < 512 ? size - offset : 512;
        assert_int_equal(write_piece(module, offset, piece), 200);
    }
    assert_false(hotreload_update_available());
    assert_int_equal(ask(HOTRELOAD_FRAME_FINISH, NULL, 0), 200);
    assert_int_equal(hotreload_serial_stop(), ESP_OK);
    assert_true(hotreload_update_available());
    assert_int_equal(strstr(fake_log, "received into RAM") != NULL, RAM_FIRST);
    assert_int_equal(hotreload_serial_start(&config), ESP_OK);
    assert_int_equal(ask(HOTRELOAD_FRAME_PENDING, NULL, 0), 200);
    assert_string_equal(body, "{\"pending\":true}");
    assert_int_equal(hotreload_serial_stop(), ESP_OK);
    hotreload_answer_t status; /* too long an answer for last_answer() */
    hotreload_request_status(&status);
    assert_non_null(strstr(status.body, "\"newest\":{\"sequence\":1"));
    free(module);
}

static void its_limits_are_those_of_the_configuration(void **test)
{
    uint8_t *module = module_build_sized(MAX_SIZE + 4, 1);
    assert_int_equal(hotreload_serial_start(&config), ESP_OK);
    assert_int_equal(begin_upload(module, MAX_SIZE + 4, true), 413);
    assert_int_equal(begin_upload(module, MAX_SIZE, true), 200);
    assert_int_equal(begin_upload(module, MAX_SIZE, false), ACCEPT_REPLAYED ? 200 : 403);
    assert_int_equal(hotreload_serial_stop(), ESP_OK);
    free(module);
}

static void the_rest_is_the_applications(void **test)
{
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
    module_layout_t layout;
    uint8_t *module = build_module(1, &layout);
    assert_int_equal(hotreload_serial_start(&config), ESP_OK);
    assert_int_equal(begin_upload(module, (uint32_t)layout.size, true), 200);
    fake_ticks += 999;
    fake_console_wait_idle();
    assert_int_equal(write_piece(module, 0, 512), 200);
    fake_ticks += 1000;
    fake_console_wait_idle();
    assert_int_equal(write_piece(module, 512, 512), 410);
    assert_non_null(strstr(fake_log, "upload refused (408)"));
    assert_int_equal(hotreload_serial_stop(), ESP_OK);
    free(module);
}

static void stopping_drops_the_upload(void **test)
{
    module_layout_t layout;
    uint8_t *module = build_module(1, &layout);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(hotreload_serial_start(&config), ESP_OK);
        assert_int_equal(begin_upload(module, (uint32_t)layout.size, true), 200);
        assert_int_equal(hotreload_serial_stop(), ESP_OK);
        assert_non_null(strstr(fake_log, "upload refused (503)"));
        fake_console_wait_ended();
    }
    free(module);
}

/** The leak sanitizer counts what a cycle leaves. */
static void a_hundred_cycles_leave_nothing(void **test)
{
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
    hotreload_serial_config_t bad = config;
    bad.partition_label = NULL;
    assert_int_equal(hotreload_serial_start(NULL), ESP_ERR_INVALID_ARG);
    assert_int_equal(hotreload_serial_start(&bad), ESP_ERR_INVALID_ARG);

    bad.partition_label = "missing";
    assert_int_equal(hotreload_serial_start(&bad), ESP_ERR_NOT_FOUND);
    assert_non_null(strstr(fake_log, "console not started"));

    fake_console.installed = true; /* by the application, which keeps it */
    expect_not_started(ESP_ERR_INVALID_STATE, "the application reads the console");
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
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(requests_are_answered_by_one_write_each),
        TEST(uploads_are_as_over_http),
        TEST(its_limits_are_those_of_the_configuration),
        TEST(the_rest_is_the_applications),
        TEST(an_abandoned_upload_times_out),
        TEST(stopping_drops_the_upload),
        TEST(a_hundred_cycles_leave_nothing),
        TEST(what_fails_is_undone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
