/*
 * Uploads that go wrong after their head. Whatever is refused, the module in the store stays and
 * the next upload is taken: sent_expect_refused() sees to that.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "receive/auth.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "hotreload.h"
#include "module_builder.h"
#include "sent.h"
#include "run/status.h"
#include "store/record.h"
#include "stored.h"

#define SIZE 5000u

static hotreload_answer_t answer;

/* ---- Refused by the body ---- */

static void a_body_with_any_damage_is_refused(void **state)
{
    for (size_t at = 0; at < SIZE; at += 97) {
        sent_t sent;
        sent_module(&sent, 2, SIZE);
        sent.body[at] ^= 1;
        sent_upload(&sent, 512, &answer);
        sent_expect_refused(&answer, 400, "damaged in transfer");
        sent_free(&sent);
    }
}

static void a_wrong_sha256_is_refused(void **state)
{
    sent_t sent;
    sent_module(&sent, 2, SIZE);
    sent.sha256_hex[63] = sent.sha256_hex[63] == '0' ? '1' : '0';
    sent_upload(&sent, 512, &answer);
    sent_expect_refused(&answer, 400, "damaged in transfer");
    sent_free(&sent);
}

static void an_upload_of_a_stranger_is_refused(void **state)
{
    uint8_t key[HOTRELOAD_SECRET_SIZE];
    memcpy(key, hotreload_secret, sizeof key);
    key[31] ^= 1;
    sent_t sent;
    sent_module(&sent, 2, SIZE);
    sent_hmac(key, sent.body, SIZE, sent.hmac_hex);
    sent_upload(&sent, 512, &answer);
    sent_expect_refused(&answer, 403, "not authentic");
    sent_free(&sent);
}

static void every_bit_of_the_hmac_counts(void **state)
{
    sent_t sent;
    sent_module(&sent, 2, 600);
    for (size_t i = 0; i < 64; i++) {
        char digit = sent.hmac_hex[i];
        sent.hmac_hex[i] = digit == '0' ? '8' : '0';
        assert_int_equal(sent_upload(&sent, 600, &answer), 403);
        sent.hmac_hex[i] = digit;
    }
    sent_expect_refused(&answer, 403, "not authentic");
    sent_free(&sent);
}

static void a_body_that_ends_early_is_refused(void **state)
{
    sent_t sent;
    sent_module(&sent, 2, SIZE);
    sent.size = SIZE - 1; /* less than its Content-Length */
    sent_upload(&sent, 512, &answer);
    sent_expect_refused(&answer, 400, "only 4999 of the announced 5000 bytes");
    sent_free(&sent);
}

static void a_body_that_goes_on_is_refused(void **state)
{
    sent_t sent;
    sent_module(&sent, 2, SIZE);
    sent.head.content_length = SIZE - 1;
    sent_upload(&sent, 512, &answer);
    sent_expect_refused(&answer, 400, "more than the announced 4999 bytes");
    sent_free(&sent);
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
        {HOTRELOAD_UPLOAD_STOPPED, 503, "server stops"},
    };
    for (size_t i = 0; i < COUNT(ends); i++) {
        sent_t sent;
        sent_module(&sent, 2, SIZE);
        assert_true(hotreload_request_upload_begin(&sent.head, &answer));
        assert_true(hotreload_request_upload_write(sent.body, 4500, &answer));
        hotreload_request_upload_cancel(ends[i].why, &answer);
        sent_expect_refused(&answer, ends[i].status, ends[i].part);
        sent_free(&sent);
    }
}

static void a_record_inside_an_upload_is_refused(void **state)
{
    const uint32_t magic = HOTRELOAD_RECORD_MAGIC;
    sent_t sent;
    uint8_t *body = module_build_sized(SIZE, 2);
    memcpy(body + FAKE_FLASH_SECTOR - HOTRELOAD_RECORD_DATA, &magic, sizeof magic);
    sent_describe(&sent, body, SIZE);
    sent_upload(&sent, 512, &answer);
    sent_expect_refused(&answer, 422, "looks like a record of the store");
    sent_free(&sent);
}

/* ---- Refused as a module ---- */

static void authentic_bodies_that_are_no_modules_are_refused(void **state)
{
    static const char text[] = "This is no ELF file, but it is long enough to be taken for one.";
    sent_t sent;
    uint8_t *body = malloc(sizeof text);
    assert_non_null(body);
    memcpy(body, text, sizeof text);
    sent_describe(&sent, body, sizeof text);
    sent_upload(&sent, 512, &answer);
    sent_expect_refused(&answer, 422, "not an ELF file");
    sent_free(&sent);
}

static void a_module_cut_anywhere_is_refused(void **state)
{
    for (size_t size = 1; size < 600; size++) {
        sent_t sent;
        uint8_t *whole = module_build_sized(600, 2);
        uint8_t *body = malloc(size);
        assert_non_null(body);
        memcpy(body, whole, size);
        free(whole);
        sent_describe(&sent, body, size);
        sent_upload(&sent, 512, &answer);
        sent_expect_refused(&answer, 422, "");
        sent_free(&sent);
    }
}

/** Builds what `spec` says and expects that it is refused. */
static void expect_module_refused(const module_spec_t *spec, int status, const char *part)
{
    sent_t sent;
    size_t size;
    uint8_t *body = module_build(spec, NULL, &size);
    sent_describe(&sent, body, size);
    sent_upload(&sent, 512, &answer);
    sent_expect_refused(&answer, status, part);
    sent_free(&sent);
}

static void a_module_of_another_firmware_is_refused(void **state)
{
    uint8_t id[20] = {1, 2, 3};
    module_spec_t spec = module_spec_default();
    spec.firmware_id = id;
    expect_module_refused(&spec, 409, "another firmware");
}

static void modules_for_another_device_are_refused(void **state)
{
    module_spec_t spec = module_spec_default();
    spec.chip = 5;
    expect_module_refused(&spec, 422, "built for chip 5");
    spec = module_spec_default();
    spec.machine = 94;
    expect_module_refused(&spec, 422, "ELF machine 94");
    spec = module_spec_default();
    spec.export_count = 2;
    expect_module_refused(&spec, 422, "lacks gamma()");
    const module_relocation_t relocation = {.place = spec.data_address, .type = 200, .symbol = 1};
    spec = module_spec_default();
    spec.relocations = &relocation;
    spec.relocation_count = 1;
    expect_module_refused(&spec, 422, "200");
}

/* ---- The device fails ---- */

/** Lets the n-th operation fail for every n that an upload reaches. @return how many */
static unsigned fail_every(unsigned *count, const char *part)
{
    for (unsigned n = 1;; n++) {
        sent_t sent;
        sent_module(&sent, 2, SIZE);
        *count = n;
        int status = sent_upload(&sent, 1000, &answer);
        bool reached = *count == 0;
        *count = 0;
        if (reached) {
            sent_expect_refused(&answer, 500, part);
        } else {
            assert_int_equal(status, 200);
        }
        sent_free(&sent);
        if (!reached) {
            sent_tear_down(NULL);
            sent_set_up(NULL);
            return n - 1;
        }
    }
}

static void flash_that_fails_refuses_an_upload(void **state)
{
    assert_int_equal(fail_every(&fake_flash.fail_erase, "could not be erased"), 2);
    assert_int_equal(fail_every(&fake_flash.fail_write, "could not be written"), 22);
    assert_int_equal(fail_every(&fake_flash.fail_map, "could not be mapped"), 1);
    assert_true(fail_every(&fake_flash.fail_read, "read") > 1);
}

static void allocations_and_hashes_that_fail_refuse_an_upload(void **state)
{
    assert_int_equal(fail_every(&fake_port.fail_allocation, ""), 4);
    assert_int_equal(fail_every(&fake_port.fail_hash_update, "could not be computed"), 2 * 5 + 1);
}

static void flash_that_changes_what_was_written_is_told(void **state)
{
    sent_t sent;
    sent_module(&sent, 2, SIZE);
    assert_true(hotreload_request_upload_begin(&sent.head, &answer));
    assert_true(hotreload_request_upload_write(sent.body, SIZE, &answer));
    fake_flash.data[FAKE_FLASH_SECTOR + 1000] ^= 1;
    hotreload_request_upload_finish(&answer);
    sent_expect_refused(&answer, 500, "damaged");
    sent_free(&sent);
}

static void nothing_goes_on_after_an_error(void **state)
{
    sent_t sent;
    sent_module(&sent, 2, SIZE);
    sent.head.content_length = 10;
    sent_upload(&sent, SIZE, &answer);
    assert_int_equal(answer.status, 400);
    assert_false(hotreload_request_upload_write(sent.body, 1, &answer));
    assert_int_equal(answer.status, 503);
    hotreload_request_upload_finish(&answer);
    sent_expect_refused(&answer, 503, "no upload is under way");
    sent_free(&sent);
}

/* ---- Secrets ---- */

static void no_digest_and_no_secret_is_told(void **state)
{
    char right[65], secret[65];
    sent_t sent;
    sent_module(&sent, 2, SIZE);
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
    sent_free(&sent);
}

#define UPLOAD_TEST(test) cmocka_unit_test_setup_teardown(test, sent_set_up, sent_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UPLOAD_TEST(a_body_with_any_damage_is_refused),
        UPLOAD_TEST(a_wrong_sha256_is_refused),
        UPLOAD_TEST(an_upload_of_a_stranger_is_refused),
        UPLOAD_TEST(every_bit_of_the_hmac_counts),
        UPLOAD_TEST(a_body_that_ends_early_is_refused),
        UPLOAD_TEST(a_body_that_goes_on_is_refused),
        UPLOAD_TEST(an_upload_that_does_not_end_is_dropped),
        UPLOAD_TEST(a_record_inside_an_upload_is_refused),
        UPLOAD_TEST(authentic_bodies_that_are_no_modules_are_refused),
        UPLOAD_TEST(a_module_cut_anywhere_is_refused),
        UPLOAD_TEST(a_module_of_another_firmware_is_refused),
        UPLOAD_TEST(modules_for_another_device_are_refused),
        UPLOAD_TEST(flash_that_fails_refuses_an_upload),
        UPLOAD_TEST(allocations_and_hashes_that_fail_refuse_an_upload),
        UPLOAD_TEST(flash_that_changes_what_was_written_is_told),
        UPLOAD_TEST(nothing_goes_on_after_an_error),
        UPLOAD_TEST(no_digest_and_no_secret_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
