/*
 * Requests over a serial line: the same answers as over HTTP, whatever the line does to them.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "sent.h"
#include "receive/serial_link.h"

#define SIZE    1300u
#define TIMEOUT 10000u

static hotreload_serial_link_t serial;
static uint32_t number;

/* What the device sent: the frames in it. */
static struct {
    unsigned count;
    uint8_t type;
    uint32_t number;
    int status;
    char body[sizeof((hotreload_answer_t *)0)->body];
    char line[sizeof serial.line];
    size_t length;
} sent_back;

static char input[256];
static size_t input_size;

static void take_line(const char *line, size_t size)
{
    static hotreload_frame_reader_t reader;
    assert_true(size <= sizeof sent_back.line);
    memcpy(sent_back.line, line, size);
    sent_back.length = size;
    unsigned complete = 0;
    for (size_t i = 0; i < size; i++) {
        complete += hotreload_frame_take(&reader, (uint8_t)line[i]) == HOTRELOAD_FRAME_COMPLETE;
    }
    assert_int_equal(complete, 1); /* one call, one frame */
    const uint8_t *payload = hotreload_frame_payload(&reader, &size);
    sent_back.count++;
    sent_back.type = hotreload_frame_type(&reader);
    sent_back.number = hotreload_frame_number(&reader);
    sent_back.status = payload[0] | payload[1] << 8;
    snprintf(sent_back.body, sizeof sent_back.body, "%.*s", (int)size - 2,
             (const char *)payload + 2);
}

static void take_input(const void *data, size_t size, void *context)
{
    assert_ptr_equal(context, input);
    memcpy(input + input_size, data, size);
    input_size += size;
    input[input_size] = '\0';
}

static unsigned finishes;

/** The answer is out before the rest is stored. */
static void count_finish(void)
{
    assert_int_equal(sent_back.type, HOTRELOAD_FRAME_FINISH | HOTRELOAD_FRAME_ANSWER);
    finishes++;
}

static void open_link(bool accept_replayed)
{
    const hotreload_serial_settings_t settings = {
        .partition_label = FAKE_FLASH_LABEL,
        .max_size = 100000,
        .accept_replayed = accept_replayed,
        .idle_timeout_ms = TIMEOUT,
        .run_from_ram_first = true,
        .send = take_line,
        .finished = count_finish,
        .input = take_input,
        .input_context = input,
    };
    hotreload_serial_open(&serial, &settings);
}

static int set_up(void **state)
{
    sent_set_up(state);
    memset(&sent_back, 0, sizeof sent_back);
    input_size = 0;
    finishes = 0;
    open_link(true);
    return 0;
}

static size_t frame(char *line, uint8_t type, uint32_t at, const void *payload, size_t size)
{
    hotreload_frame_writer_t writer;
    hotreload_frame_begin(&writer, line, type, at);
    hotreload_frame_put(&writer, payload, size);
    return hotreload_frame_end(&writer);
}

/** Sends a request with a new number. @return the status of its answer */
static int ask(uint8_t type, const void *payload, size_t size)
{
    char line[HOTRELOAD_FRAME_LINE(HOTRELOAD_FRAME_PAYLOAD)];
    unsigned before = sent_back.count;
    number++;
    hotreload_serial_receive(&serial, line, frame(line, type, number, payload, size));
    assert_int_equal(sent_back.count, before + 1);
    assert_int_equal(sent_back.type, type | HOTRELOAD_FRAME_ANSWER);
    assert_int_equal(sent_back.number, number);
    return sent_back.status;
}

/** The same request once more: the same answer. */
static void repeat(uint8_t type, const void *payload, size_t size)
{
    char first[sizeof sent_back.line];
    size_t length = sent_back.length;
    memcpy(first, sent_back.line, length);
    number--;
    ask(type, payload, size);
    assert_int_equal(sent_back.length, length);
    assert_memory_equal(sent_back.line, first, length);
}

static size_t begin_payload(uint8_t payload[256], const sent_t *sent)
{
    const char *texts[] = {sent->head.sha256_hex, sent->head.hmac_hex, sent->head.auth_hex};
    size_t used = 4;
    for (unsigned i = 0; i < 4; i++) {
        payload[i] = (uint8_t)(sent->head.content_length >> 8 * i);
    }
    for (size_t i = 0; i < 3; i++) {
        size_t size = texts[i] != NULL ? strlen(texts[i]) : 0;
        memcpy(payload + used, texts[i] != NULL ? texts[i] : "", size);
        used += size;
        payload[used++] = '\0';
    }
    return used;
}

static int begin(const sent_t *sent)
{
    uint8_t payload[256];
    return ask(HOTRELOAD_FRAME_BEGIN, payload, begin_payload(payload, sent));
}

static size_t piece_payload(uint8_t payload[HOTRELOAD_FRAME_PAYLOAD], const sent_t *sent, size_t at)
{
    size_t size = sent->size - at;
    size = size < HOTRELOAD_FRAME_PIECE ? size : HOTRELOAD_FRAME_PIECE;
    for (unsigned i = 0; i < 4; i++) {
        payload[i] = (uint8_t)(at >> 8 * i);
    }
    memcpy(payload + 4, sent->body + at, size);
    return 4 + size;
}

static int write_at(const sent_t *sent, size_t at)
{
    uint8_t payload[HOTRELOAD_FRAME_PAYLOAD];
    return ask(HOTRELOAD_FRAME_WRITE, payload, piece_payload(payload, sent, at));
}

static int write_all(const sent_t *sent)
{
    int status = 200;
    for (size_t at = 0; at < sent->size && status == 200; at += HOTRELOAD_FRAME_PIECE) {
        status = write_at(sent, at);
    }
    return status;
}

static void expect_error(int status, const char *part)
{
    assert_int_equal(sent_back.status, status);
    assert_non_null(strstr(sent_back.body, "\"status\":\"error\""));
    assert_non_null(strstr(sent_back.body, part));
}

/* ---- Requests ---- */

static void answers_are_those_of_http(void **state)
{
    hotreload_answer_t answer;
    assert_int_equal(ask(HOTRELOAD_FRAME_STATUS, NULL, 0), 200);
    hotreload_request_status(&answer);
    assert_string_equal(sent_back.body, answer.body);
    assert_int_equal(ask(HOTRELOAD_FRAME_PENDING, NULL, 0), 200);
    hotreload_request_pending(&answer);
    assert_string_equal(sent_back.body, answer.body);
    assert_int_equal(ask(HOTRELOAD_FRAME_NONCE, NULL, 0), 200);
    hotreload_request_nonce(&answer);
    assert_string_equal(sent_back.body, answer.body);
    ask(99, NULL, 0);
    expect_error(404, "tools");
}

static void a_good_upload_is_stored(void **state)
{
    sent_t sent;
    sent_module(&sent, 2, SIZE);
    assert_int_equal(begin(&sent), 200);
    assert_int_equal(write_all(&sent), 200);
    assert_int_equal(ask(HOTRELOAD_FRAME_FINISH, NULL, 0), 200);
    assert_string_equal(sent_back.body, "{\"status\":\"ok\",\"sequence\":2,\"size\":1300}");
    sent_expect_stored(&sent);
    sent_free(&sent);
}

static void a_proof_with_the_nonce_is_enough(void **state)
{
    sent_t sent;
    open_link(false);
    sent_module(&sent, 2, SIZE);
    assert_int_equal(begin(&sent), 403);
    sent_prove(&sent);
    assert_int_equal(begin(&sent), 200);
    assert_int_equal(write_all(&sent), 200);
    assert_int_equal(ask(HOTRELOAD_FRAME_FINISH, NULL, 0), 200);
    assert_int_equal(finishes, 1);
    while (hotreload_request_upload_settle()) {
    }
    sent_expect_stored(&sent);
    assert_int_equal(begin(&sent), 403); /* the nonce is used up */
    sent_free(&sent);
}

static void a_wrong_hmac_is_refused(void **state)
{
    sent_t sent;
    sent_module(&sent, 2, SIZE);
    sent.hmac_hex[5] = sent.hmac_hex[5] == '0' ? '1' : '0';
    assert_int_equal(begin(&sent), 200);
    assert_int_equal(write_all(&sent), 200);
    ask(HOTRELOAD_FRAME_FINISH, NULL, 0);
    expect_error(403, "HMAC");
    sent_expect_refused(&serial.answer, 403, "HMAC");
    sent_free(&sent);
}

static void a_malformed_begin_is_refused(void **state)
{
    uint8_t payload[256];
    sent_t sent;
    sent_module(&sent, 2, SIZE);
    size_t size = begin_payload(payload, &sent);
    for (size_t kept = 0; kept < size - 1; kept++) { /* the last text is empty: its NUL may go */
        assert_int_equal(ask(HOTRELOAD_FRAME_BEGIN, payload, kept), 400);
    }
    sent.head.content_length = 0;
    assert_int_equal(begin(&sent), 400);
    sent.head.content_length = 100001;
    assert_int_equal(begin(&sent), 413);
    sent_free(&sent);
}

/* ---- A line that loses things ---- */

static void a_repeated_request_has_no_second_effect(void **state)
{
    sent_t sent;
    uint8_t payload[HOTRELOAD_FRAME_PAYLOAD];
    sent_module(&sent, 2, SIZE);
    assert_int_equal(begin(&sent), 200);
    repeat(HOTRELOAD_FRAME_BEGIN, payload, begin_payload(payload, &sent));
    for (size_t at = 0; at < SIZE; at += HOTRELOAD_FRAME_PIECE) {
        assert_int_equal(write_at(&sent, at), 200);
        repeat(HOTRELOAD_FRAME_WRITE, payload, piece_payload(payload, &sent, at));
    }
    assert_int_equal(ask(HOTRELOAD_FRAME_FINISH, NULL, 0), 200);
    assert_int_equal(finishes, 1);
    unsigned writes = fake_flash.writes, erases = fake_flash.erases;
    repeat(HOTRELOAD_FRAME_FINISH, NULL, 0);
    assert_int_equal(finishes, 1);
    assert_int_equal(fake_flash.writes, writes);
    assert_int_equal(fake_flash.erases, erases);
    sent_expect_stored(&sent);
    sent_free(&sent);
}

/** Two programs may choose the same number, but not for the same request. */
static void another_request_with_the_same_number_is_another(void **state)
{
    assert_int_equal(ask(HOTRELOAD_FRAME_PENDING, NULL, 0), 200);
    number--;
    assert_int_equal(ask(HOTRELOAD_FRAME_NONCE, NULL, 0), 200);
    assert_non_null(strstr(sent_back.body, "nonce"));
}

static void a_missing_piece_ends_the_upload(void **state)
{
    sent_t sent;
    sent_module(&sent, 2, SIZE);
    assert_int_equal(begin(&sent), 200);
    assert_int_equal(write_at(&sent, 0), 200);
    write_at(&sent, 2 * HOTRELOAD_FRAME_PIECE);
    expect_error(400, "missing");
    write_at(&sent, HOTRELOAD_FRAME_PIECE);
    expect_error(410, "no upload");
    fake_port_expect_idle();
    assert_int_equal(begin(&sent), 200);
    assert_int_equal(ask(HOTRELOAD_FRAME_WRITE, "abc", 3), 400);
    sent_free(&sent);
}

static void without_an_upload_nothing_continues(void **state)
{
    static const uint8_t types[] = {HOTRELOAD_FRAME_WRITE, HOTRELOAD_FRAME_FINISH,
                                    HOTRELOAD_FRAME_CANCEL};
    sent_t sent;
    sent_module(&sent, 2, SIZE);
    assert_true(hotreload_request_upload_begin(&sent.head, &serial.answer)); /* over HTTP */
    for (size_t i = 0; i < sizeof types; i++) {
        ask(types[i], "\0\0\0\0x", 5);
        expect_error(410, "no upload");
    }
    assert_int_equal(begin(&sent), 503); /* one at a time */
    hotreload_request_upload_cancel(HOTRELOAD_UPLOAD_CUT_SHORT, &serial.answer);
    assert_int_equal(begin(&sent), 200);
    assert_int_equal(ask(HOTRELOAD_FRAME_CANCEL, NULL, 0), 400);
    sent_free(&sent);
}

static void a_sender_that_begins_anew_has_given_up(void **state)
{
    sent_t sent;
    sent_module(&sent, 2, SIZE);
    assert_int_equal(begin(&sent), 200);
    assert_int_equal(write_at(&sent, 0), 200);
    assert_int_equal(begin(&sent), 200);
    assert_int_equal(write_all(&sent), 200);
    assert_int_equal(ask(HOTRELOAD_FRAME_FINISH, NULL, 0), 200);
    sent_expect_stored(&sent);
    sent_free(&sent);
}

static void an_abandoned_upload_times_out(void **state)
{
    sent_t sent;
    sent_module(&sent, 2, SIZE);
    fake_port.now_ms = UINT32_MAX - 5;
    assert_int_equal(begin(&sent), 200);
    fake_port.now_ms += TIMEOUT - 1;
    assert_int_equal(write_at(&sent, 0), 200);
    fake_port.now_ms += TIMEOUT - 1;
    hotreload_serial_check_idle(&serial);
    assert_int_equal(write_at(&sent, HOTRELOAD_FRAME_PIECE), 200);
    fake_port.now_ms += TIMEOUT;
    hotreload_serial_check_idle(&serial);
    fake_port_expect_idle();
    write_at(&sent, 2 * HOTRELOAD_FRAME_PIECE);
    expect_error(410, "no upload");
    assert_int_equal(sent_upload(&sent, SIZE, &serial.answer), 200); /* over HTTP */
    sent_free(&sent);
}

static void a_sender_that_repeats_its_request_is_not_gone(void **state)
{
    sent_t sent;
    sent_module(&sent, 2, SIZE);
    assert_int_equal(begin(&sent), 200);
    assert_int_equal(ask(HOTRELOAD_FRAME_PENDING, NULL, 0), 200);
    fake_port.now_ms += TIMEOUT - 1;
    repeat(HOTRELOAD_FRAME_PENDING, NULL, 0);
    fake_port.now_ms += TIMEOUT - 1;
    hotreload_serial_check_idle(&serial);
    assert_int_equal(write_at(&sent, 0), 200);
    hotreload_serial_close(&serial);
    sent_free(&sent);
}

static void a_time_out_leaves_the_last_answer(void **state)
{
    sent_t sent;
    sent_module(&sent, 2, SIZE);
    assert_int_equal(begin(&sent), 200);
    assert_int_equal(ask(HOTRELOAD_FRAME_PENDING, NULL, 0), 200);
    fake_port.now_ms += TIMEOUT;
    hotreload_serial_check_idle(&serial);
    repeat(HOTRELOAD_FRAME_PENDING, NULL, 0);
    sent_free(&sent);
}

static void closing_drops_the_upload(void **state)
{
    sent_t sent;
    sent_module(&sent, 2, SIZE);
    assert_int_equal(begin(&sent), 200);
    assert_int_equal(write_at(&sent, 0), 200);
    hotreload_serial_close(&serial);
    fake_port_expect_idle();
    sent_expect_refused(&serial.answer, 503, "stopped receiving");
    sent_free(&sent);
}

static void a_failed_piece_ends_the_upload(void **state)
{
    sent_t sent;
    sent_module(&sent, 2, SIZE);
    assert_int_equal(begin(&sent), 200);
    fake_port.fail_hash_update = 1;
    assert_int_equal(write_at(&sent, 0), 500);
    assert_int_equal(write_at(&sent, HOTRELOAD_FRAME_PIECE), 410);
    sent_free(&sent);
}

/* ---- A line that carries more ---- */

static void the_rest_of_the_line_is_the_applications(void **state)
{
    char text[200];
    size_t used = 0;
    memcpy(text, "ls\n\x02h", 5);
    used += 5;
    used += frame(text + used, HOTRELOAD_FRAME_PENDING, 70, NULL, 0);
    memcpy(text + used, "reboot\n\x02!", 9);
    used += 9;
    for (size_t i = 0; i < used; i++) {
        hotreload_serial_receive(&serial, text + i, 1);
    }
    assert_int_equal(sent_back.count, 1);
    assert_string_equal(input, "ls\n\x02hreboot\n\x02!");
    input_size = 0;
    hotreload_serial_receive(&serial, text, used);
    assert_string_equal(input, "ls\n\x02hreboot\n\x02!");
    serial.settings.input = NULL;
    hotreload_serial_receive(&serial, text, used);
    assert_int_equal(sent_back.count, 3);
}

static void an_echo_is_not_answered(void **state)
{
    assert_int_equal(ask(HOTRELOAD_FRAME_PENDING, NULL, 0), 200);
    char echo[sizeof sent_back.line];
    size_t size = sent_back.length;
    memcpy(echo, sent_back.line, size);
    hotreload_serial_receive(&serial, echo, size);
    assert_int_equal(sent_back.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_are_those_of_http, set_up, sent_tear_down),
        cmocka_unit_test_setup_teardown(a_good_upload_is_stored, set_up, sent_tear_down),
        cmocka_unit_test_setup_teardown(a_proof_with_the_nonce_is_enough, set_up, sent_tear_down),
        cmocka_unit_test_setup_teardown(a_wrong_hmac_is_refused, set_up, sent_tear_down),
        cmocka_unit_test_setup_teardown(a_malformed_begin_is_refused, set_up, sent_tear_down),
        cmocka_unit_test_setup_teardown(a_repeated_request_has_no_second_effect, set_up,
                                        sent_tear_down),
        cmocka_unit_test_setup_teardown(another_request_with_the_same_number_is_another, set_up,
                                        sent_tear_down),
        cmocka_unit_test_setup_teardown(a_missing_piece_ends_the_upload, set_up, sent_tear_down),
        cmocka_unit_test_setup_teardown(without_an_upload_nothing_continues, set_up,
                                        sent_tear_down),
        cmocka_unit_test_setup_teardown(a_sender_that_begins_anew_has_given_up, set_up,
                                        sent_tear_down),
        cmocka_unit_test_setup_teardown(an_abandoned_upload_times_out, set_up, sent_tear_down),
        cmocka_unit_test_setup_teardown(a_sender_that_repeats_its_request_is_not_gone, set_up,
                                        sent_tear_down),
        cmocka_unit_test_setup_teardown(a_time_out_leaves_the_last_answer, set_up, sent_tear_down),
        cmocka_unit_test_setup_teardown(closing_drops_the_upload, set_up, sent_tear_down),
        cmocka_unit_test_setup_teardown(a_failed_piece_ends_the_upload, set_up, sent_tear_down),
        cmocka_unit_test_setup_teardown(the_rest_of_the_line_is_the_applications, set_up,
                                        sent_tear_down),
        cmocka_unit_test_setup_teardown(an_echo_is_not_answered, set_up, sent_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
