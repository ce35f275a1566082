/*
 * What each HTTP request is answered with. Whatever is refused, the module in the store stays and
 * the next upload is taken: sent_expect_refused() sees to that.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "hotreload.h"
#include "loader/table.h"
#include "module_builder.h"
#include "sent.h"
#include "run/status.h"
#include "store/record.h"
#include "stored.h"
#include "store_reset.h"

#define SIZE SENT_SIZE

static hotreload_answer_t answer;

/* ---- Success ---- */

static void a_good_upload_is_stored(void **state)
{
    static const size_t pieces[] = {1, 7, 256, 1460, SIZE};
    char expected[100];
    for (size_t i = 0; i < COUNT(pieces); i++) {
        sent_t sent;
        sent_module(&sent, 10 + (uint32_t)i, SIZE);
        assert_int_equal(sent_upload(&sent, pieces[i], &answer), 200);
        snprintf(expected, sizeof expected, "{\"status\":\"ok\",\"sequence\":%zu,\"size\":5000}",
                 i + 2);
        assert_string_equal(answer.body, expected);
        sent_expect_stored(&sent);
        sent_free(&sent);
        fake_port_expect_idle();
    }
    assert_non_null(strstr(fake_port.log, "I module 6 stored, 5000 bytes\n"));
}

static void hex_digits_are_taken_in_either_case(void **state)
{
    for (size_t i = 0; i < 64; i++) {
        bool upper = sent.sha256_hex[i] >= 'a';
        sent.sha256_hex[i] = (char)(sent.sha256_hex[i] - (upper ? 'a' - 'A' : 0));
    }
    assert_int_equal(sent_upload(&sent, SIZE, &answer), 200);
}

static void the_longest_upload_allowed_is_stored(void **state)
{
    sent.head.max_size = SIZE;
    assert_int_equal(sent_upload(&sent, SIZE, &answer), 200);
}

static void receiving_needs_little_memory(void **state)
{
    assert_true(hotreload_request_upload_begin(&sent.head, &answer));
    assert_true(hotreload_request_upload_write(sent.body, SIZE - 1, &answer));
    assert_int_equal(fake_port.live_allocations, 2); /* the two hashes, nothing else */
    assert_true(hotreload_request_upload_write(sent.body + SIZE - 1, 1, &answer));
    hotreload_request_upload_finish(&answer);
    assert_int_equal(answer.status, 200);
}

/* ---- Refused by the head: nothing is erased or written ---- */

static void bad_lengths_are_refused(void **state)
{
    static const struct {
        int64_t length;
        int status;
        const char *part;
    } cases[] = {
        {-1, 411, "no Content-Length"},
        {-2, 400, "malformed"},
        {0, 400, "empty"},
        {INT64_MIN, 400, "malformed"},
        {SIZE + 1, 413, "longer than max_upload_size, 5000 bytes"},
        {(int64_t)1 << 32, 413, "longer than max_upload_size"},
        {INT64_MAX, 413, "longer than max_upload_size"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        sent.head.max_size = SIZE;
        sent.head.content_length = cases[i].length;
        sent_expect_head_refused(&sent, cases[i].status, cases[i].part);
    }
}

static void a_length_that_no_module_can_have_is_refused_without_a_limit(void **state)
{
    sent.head.max_size = SIZE_MAX;
    sent.head.content_length = ((int64_t)1 << 32) + SIZE; /* SIZE, when cut to 32 bits */
    sent_expect_head_refused(&sent, 413, "longer");
}

static void missing_or_malformed_digests_are_refused(void **state)
{
    static const char *const texts[] = {
        NULL,
        "",
        "0",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0",
        "g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde ",
        "0x23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
        "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
        "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        sent.head.sha256_hex = texts[i];
        sent_expect_head_refused(&sent, 400, "X-Hotreload-SHA256 is missing or not 64 hex digits");
        sent.head.sha256_hex = sent.sha256_hex;
        sent.head.hmac_hex = texts[i];
        sent_expect_head_refused(&sent, 400, "X-Hotreload-HMAC is missing or not 64 hex digits");
        sent.head.hmac_hex = sent.hmac_hex;
    }
}

static void an_upload_without_room_is_refused(void **state)
{
    sent.head.content_length = 7 * FAKE_FLASH_SECTOR;
    sent_expect_head_refused(&sent, 413,
                             "no room for 28672 bytes in one piece beside the modules to keep");
    sent.head.content_length = 100000;
    sent_expect_head_refused(&sent, 413, "100000 bytes do not fit into partition");
}

static void an_unknown_partition_is_an_error_of_the_device(void **state)
{
    sent.head.partition_label = "nothing";
    sent_expect_head_refused(&sent, 500, "no partition");
    assert_int_equal(hotreload_requests_start("server", "nothing"), ESP_ERR_NOT_FOUND);
    assert_non_null(strstr(fake_port.log, "server not started: no partition"));
}

static void memory_that_is_short_refuses_an_upload(void **state)
{
    for (unsigned n = 1; n <= 2; n++) {
        fake_port.fail_allocation = n;
        sent_expect_head_refused(&sent, 500, "no hash could be computed");
    }
}

static void a_second_upload_is_refused_while_one_is_under_way(void **state)
{
    hotreload_answer_t busy;
    assert_true(hotreload_request_upload_begin(&sent.head, &answer));
    assert_true(hotreload_request_upload_write(sent.body, 1000, &answer));
    assert_false(hotreload_request_upload_begin(&sent.head, &busy));
    assert_int_equal(busy.status, 503);
    assert_non_null(strstr(busy.body, "under way"));
    assert_true(hotreload_request_upload_write(sent.body + 1000, SIZE - 1000, &answer));
    hotreload_request_upload_finish(&answer);
    assert_int_equal(answer.status, 200);
    sent_expect_stored(&sent);
}

/* ---- GET ---- */

/** Until it runs, what was taken to be loaded counts as pending. */
static void expect_pending(uint32_t run_address, uint32_t word)
{
    (void)run_address;
    (void)word;
    assert_false(hotreload_update_available());
    hotreload_request_pending(&answer);
    assert_string_equal(answer.body, "{\"pending\":true}");
    hotreload_request_status(&answer);
    assert_non_null(strstr(answer.body, "\"pending\":true"));
}

static void pending_tells_of_an_update(void **state)
{
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    hotreload_request_pending(&answer);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "{\"pending\":true}");
    fake_port.on_text_write = expect_pending;
    assert_int_equal(hotreload_reload(&config), ESP_OK);
    fake_port.on_text_write = NULL;
    hotreload_request_pending(&answer);
    assert_string_equal(answer.body, "{\"pending\":false}");
    assert_int_equal(hotreload_unload(), ESP_OK);
}

static void status_tells_what_is_loaded(void **state)
{
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    hotreload_status_t device;
    sent_t stored;
    char expected[1024];
    sent_module(&stored, 1, SENT_OLD_SIZE);
    fake_port.now_ms = UINT32_MAX - 999; /* the clock wraps while the module runs */
    assert_int_equal(hotreload_reload(&config), ESP_OK);
    fake_port.now_ms = 61250 - 1000;
    hotreload_status_get(&device);
    fake_port.data_limit = 500000;
    hotreload_request_status(&answer);
    assert_int_equal(answer.status, 200);
    snprintf(expected, sizeof expected,
             "{\"status\":\"ok\",\"firmware\":\"a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3\","
             "\"project\":\"unit test\",\"chip\":\"esp32c61\","
             "\"loaded\":true,\"sequence\":1,\"reloads\":%u,\"running_ms\":61250,"
             "\"text\":{\"address\":\"0x40380000\",\"size\":%u},"
             "\"data\":{\"address\":\"0x3fc90000\",\"size\":24},"
             "\"base\":{\"sequence\":1,\"sha256\":\"%s\"},\"patch\":null,"
             "\"exports\":%u,\"free\":{\"text\":1048576,\"data\":500000},"
             "\"pending\":false,\"newest\":{\"sequence\":1,\"sha256\":\"%s\"},"
             "\"trial\":true,\"stored\":true,\"rollback\":null,\"last_error\":null}",
             (unsigned)device.reloads, (unsigned)device.text_size, stored.sha256_hex,
             (unsigned)hotreload_firmware_table.count, stored.sha256_hex);
    assert_string_equal(answer.body, expected);
    sent_free(&stored);
    assert_true(device.text_size > 1000 && device.text_size < SENT_OLD_SIZE);

    assert_int_equal(hotreload_unload(), ESP_OK);
    hotreload_request_status(&answer);
    assert_non_null(strstr(answer.body, "\"loaded\":false,\"sequence\":0,"));
    assert_non_null(strstr(answer.body, "\"running_ms\":0,"));
    assert_non_null(strstr(answer.body, "\"text\":{\"address\":\"0x00000000\",\"size\":0}"));
}

static void status_tells_which_module_was_stored_last(void **state)
{
    char newest[120];
    snprintf(newest, sizeof newest,
             "\"pending\":true,\"newest\":{\"sequence\":2,\"sha256\":\"%s\"}", sent.sha256_hex);
    hotreload_request_status(&answer);
    assert_null(strstr(answer.body, sent.sha256_hex));
    assert_int_equal(sent_upload(&sent, SIZE, &answer), 200);
    hotreload_request_status(&answer);
    assert_non_null(strstr(answer.body, newest));
}

static void status_without_a_store_has_no_newest_module(void **state)
{
    store_reset();
    hotreload_request_status(&answer);
    assert_non_null(strstr(answer.body, "\"newest\":null"));
}

static void status_tells_the_last_error_until_an_upload_succeeds(void **state)
{
    sent.head.content_length = -1;
    assert_int_equal(sent_upload(&sent, SIZE, &answer), 411);
    hotreload_request_status(&answer);
    assert_non_null(strstr(answer.body, "\"last_error\":\"no Content-Length"));
    sent.head.content_length = SIZE;
    assert_int_equal(sent_upload(&sent, SIZE, &answer), 200);
    hotreload_request_status(&answer);
    assert_non_null(strstr(answer.body, "\"last_error\":null}"));
}

static void the_longest_status_fits(void **state)
{
    hotreload_reason_t worst;
    const hotreload_reason_t rollback = {
        "module 4294967295 crashed on trial, module 4294967295 runs"};
    const hotreload_module_t module = {
        .text = {.run = UINT32_MAX, .size = UINT32_MAX},
        .data = {.run = UINT32_MAX, .size = UINT32_MAX},
    };
    memset(worst.text, '"', sizeof worst.text - 1);
    worst.text[sizeof worst.text - 1] = '\0';
    fake_port.firmware_id_size = sizeof fake_port.firmware_id;
    memset(fake_port.project, '"', sizeof fake_port.project - 1);
    fake_port.text_limit = UINT32_MAX;
    fake_port.data_limit = UINT32_MAX;
    hotreload_status_set_error(&worst);
    hotreload_status_set_rollback(&rollback);
    hotreload_running_t running;
    memset(&running, 0xff, sizeof running);
    fake_port.now_ms = 0;
    hotreload_status_set_module(&module, &running);
    fake_port.now_ms = UINT32_MAX;
    hotreload_request_status(&answer);
    assert_int_equal(answer.body[strlen(answer.body) - 1], '}');
    /* The number of reloads may get ten digits. */
    assert_true(strlen(answer.body) + 10 < sizeof answer.body);
    hotreload_status_set_rollback(&(hotreload_reason_t){0});
    hotreload_status_set_module(NULL, NULL);
}

static void other_requests_are_refused(void **state)
{
    hotreload_request_refuse(404, "no such page: \"/x\\y\"\n", &answer);
    assert_int_equal(answer.status, 404);
    assert_string_equal(answer.body,
                        "{\"status\":\"error\",\"error\":\"no such page: \\\"/x\\\\y\\\"?\"}");
}

#define API_TEST(test)                                                                             \
    cmocka_unit_test_setup_teardown(test, sent_set_up_upload, sent_tear_down_upload)

int main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(a_good_upload_is_stored),
        API_TEST(hex_digits_are_taken_in_either_case),
        API_TEST(the_longest_upload_allowed_is_stored),
        API_TEST(receiving_needs_little_memory),
        API_TEST(bad_lengths_are_refused),
        API_TEST(a_length_that_no_module_can_have_is_refused_without_a_limit),
        API_TEST(missing_or_malformed_digests_are_refused),
        API_TEST(an_upload_without_room_is_refused),
        API_TEST(an_unknown_partition_is_an_error_of_the_device),
        API_TEST(memory_that_is_short_refuses_an_upload),
        API_TEST(a_second_upload_is_refused_while_one_is_under_way),
        API_TEST(pending_tells_of_an_update),
        API_TEST(status_tells_what_is_loaded),
        API_TEST(status_tells_which_module_was_stored_last),
        API_TEST(status_without_a_store_has_no_newest_module),
        API_TEST(status_tells_the_last_error_until_an_upload_succeeds),
        API_TEST(the_longest_status_fits),
        API_TEST(other_requests_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
