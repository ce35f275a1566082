/*
 * Uploads that go wrong after their head. Whatever is refused, the module in the store stays and
 * the next upload is taken: sent_expect_refused() sees to that.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "receive/auth.h"
#include "bad_modules.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "hotreload.h"
#include "module_builder.h"
#include "sent.h"
#include "run/status.h"
#include "store/record.h"
#include "stored.h"

#define SIZE SENT_SIZE

static hotreload_answer_t answer;

/* ---- Refused by the body ---- */

/** Sends `upload` and expects that it is refused. */
static void expect_refused(const sent_t *upload, int status, const char *part)
{
    sent_upload(upload, 512, &answer);
    sent_expect_refused(&answer, status, part);
}

static void a_body_with_any_damage_is_refused(void **state)
{
    for (size_t at = 0; at < SIZE; at += 97) {
        sent.body[at] ^= 1;
        expect_refused(&sent, 400, "damaged in transfer");
        sent.body[at] ^= 1;
    }
}

static void a_wrong_sha256_is_refused(void **state)
{
    sent.sha256_hex[63] = sent.sha256_hex[63] == '0' ? '1' : '0';
    expect_refused(&sent, 400, "damaged in transfer");
}

static void an_upload_of_a_stranger_is_refused(void **state)
{
    uint8_t key[HOTRELOAD_SECRET_SIZE];
    memcpy(key, hotreload_secret, sizeof key);
    key[31] ^= 1;
    sent_hmac(key, sent.body, SIZE, sent.hmac_hex);
    expect_refused(&sent, 403, "not authentic");
}

static void every_bit_of_the_hmac_counts(void **state)
{
    for (size_t i = 0; i < 64; i++) {
        char digit = sent.hmac_hex[i];
        sent.hmac_hex[i] = digit == '0' ? '8' : '0';
        assert_int_equal(sent_upload(&sent, 600, &answer), 403);
        sent.hmac_hex[i] = digit;
    }
    sent_expect_refused(&answer, 403, "not authentic");
}

static void a_body_of_another_length_is_refused(void **state)
{
    sent.size = SIZE - 1; /* less than its Content-Length */
    expect_refused(&sent, 400, "only 4999 of the announced 5000 bytes");
    sent.size = SIZE;
    sent.head.content_length = SIZE - 1;
    expect_refused(&sent, 400, "more than the announced 4999 bytes");
}

static void an_upload_that_does_not_end_is_dropped(void **state)
{
    static const struct {
        hotreload_upload_end_t why;
        int status;
        const char *part;
    } ends[] = {
        {HOTRELOAD_UPLOAD_CUT_SHORT, 400, "connection ended"},
        {HOTRELOAD_UPLOAD_TIMED_OUT, 408, "timed out"},
        {HOTRELOAD_UPLOAD_STOPPED, 503, "stopped receiving"},
    };
    for (size_t i = 0; i < COUNT(ends); i++) {
        assert_true(hotreload_request_upload_begin(&sent.head, &answer));
        assert_true(hotreload_request_upload_write(sent.body, 4500, &answer));
        hotreload_request_upload_cancel(ends[i].why, &answer);
        sent_expect_refused(&answer, ends[i].status, ends[i].part);
    }
}

/** Describes `body` as its owner does, expects that it is refused as a module, and frees it. */
static void expect_body_refused(uint8_t *body, size_t size, int status, const char *part)
{
    sent_t authentic;
    sent_describe(&authentic, body, size);
    expect_refused(&authentic, status, part);
    sent_free(&authentic);
}

static void a_record_inside_an_upload_is_refused(void **state)
{
    const uint32_t magic = HOTRELOAD_RECORD_MAGIC;
    uint8_t *body = module_build_sized(SIZE, 2);
    memcpy(body + FAKE_FLASH_SECTOR - HOTRELOAD_RECORD_DATA, &magic, sizeof magic);
    expect_body_refused(body, SIZE, 422, "looks like a record of the store");
}

/* ---- Refused as a module ---- */

static void a_module_cut_anywhere_is_refused(void **state)
{
    uint8_t *whole = module_build_sized(600, 2);
    for (size_t size = 1; size < 600; size++) {
        uint8_t *body = malloc(size);
        assert_non_null(body);
        memcpy(body, whole, size);
        expect_body_refused(body, size, 422, "");
    }
    free(whole);
}

static void bad_modules_are_refused(void **state)
{
    for (size_t i = 0; i < BAD_FILES; i++) {
        const bad_module_t *bad = &bad_modules[i];
        size_t size;
        uint8_t *body = bad_module_build(bad, &size);
        int status = bad->error == ESP_ERR_INVALID_VERSION ? 409 : 422;
        expect_body_refused(body, size, status, bad->words);
    }
}

/* ---- The device fails ---- */

/** Lets the n-th operation fail for every n that an upload reaches. @return how many */
static unsigned fail_every(unsigned *count, const char *part)
{
    for (unsigned n = 1;; n++) {
        *count = n;
        int status = sent_upload(&sent, 1000, &answer);
        bool reached = *count == 0;
        *count = 0;
        if (reached) {
            sent_expect_refused(&answer, 500, part);
        } else {
            assert_int_equal(status, 200);
            sent_tear_down(NULL);
            sent_set_up(NULL);
            return n - 1;
        }
    }
}

static void flash_that_fails_refuses_an_upload(void **state)
{
    assert_int_equal(fail_every(&fake_flash.fail_erase, "could not be erased"), 2);
    assert_int_equal(fail_every(&fake_flash.fail_write, "could not be written"), 10);
    assert_int_equal(fail_every(&fake_flash.fail_map, "could not be mapped"), 1);
    assert_true(fail_every(&fake_flash.fail_read, "check the flash") > 1);
}

static void allocations_and_hashes_that_fail_refuse_an_upload(void **state)
{
    assert_int_equal(fail_every(&fake_port.fail_allocation, ""), 4);
    assert_int_equal(fail_every(&fake_port.fail_hash_update, "no hash could be computed"),
                     2 * 5 + 1);
}

static void flash_that_changes_what_was_written_is_told(void **state)
{
    assert_true(hotreload_request_upload_begin(&sent.head, &answer));
    assert_true(hotreload_request_upload_write(sent.body, SIZE, &answer));
    fake_flash.data[FAKE_FLASH_SECTOR + 1000] ^= 1;
    hotreload_request_upload_finish(&answer);
    sent_expect_refused(&answer, 500, "damaged");
}

static void nothing_goes_on_after_an_error(void **state)
{
    sent.head.content_length = 10;
    sent_upload(&sent, SIZE, &answer);
    assert_int_equal(answer.status, 400);
    assert_false(hotreload_request_upload_write(sent.body, 1, &answer));
    assert_int_equal(answer.status, 503);
    hotreload_request_upload_finish(&answer);
    sent_expect_refused(&answer, 503, "no upload is under way");
}

/* ---- Secrets ---- */

static void no_digest_and_no_secret_is_told(void **state)
{
    char right[65], secret[65];
    memcpy(right, sent.hmac_hex, sizeof right);
    for (size_t i = 0; i < HOTRELOAD_SECRET_SIZE; i++) {
        snprintf(secret + 2 * i, 3, "%02x", hotreload_secret[i]);
    }
    sent.hmac_hex[0] = sent.hmac_hex[0] == '0' ? '1' : '0';
    assert_int_equal(sent_upload(&sent, SIZE, &answer), 403);
    for (size_t i = 0; i + 8 <= 64; i++) {
        char part[9] = {0};
        memcpy(part, right + i, 8);
        assert_null(strstr(answer.body, part));
        assert_null(strstr(fake_port.log, part));
        memcpy(part, secret + i, 8);
        assert_null(strstr(answer.body, part));
        assert_null(strstr(fake_port.log, part));
    }
}

#define UPLOAD_TEST(test)                                                                          \
    cmocka_unit_test_setup_teardown(test, sent_set_up_upload, sent_tear_down_upload)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UPLOAD_TEST(a_body_with_any_damage_is_refused),
        UPLOAD_TEST(a_wrong_sha256_is_refused),
        UPLOAD_TEST(an_upload_of_a_stranger_is_refused),
        UPLOAD_TEST(every_bit_of_the_hmac_counts),
        UPLOAD_TEST(a_body_of_another_length_is_refused),
        UPLOAD_TEST(an_upload_that_does_not_end_is_dropped),
        UPLOAD_TEST(a_record_inside_an_upload_is_refused),
        UPLOAD_TEST(a_module_cut_anywhere_is_refused),
        UPLOAD_TEST(bad_modules_are_refused),
        UPLOAD_TEST(flash_that_fails_refuses_an_upload),
        UPLOAD_TEST(allocations_and_hashes_that_fail_refuse_an_upload),
        UPLOAD_TEST(flash_that_changes_what_was_written_is_told),
        UPLOAD_TEST(nothing_goes_on_after_an_error),
        UPLOAD_TEST(no_digest_and_no_secret_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
