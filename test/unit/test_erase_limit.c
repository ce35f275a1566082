/*
 * How much flash senders who have not proved who they are may erase, by a clock that the test sets.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_flash.h"
#include "fake_port.h"
#include "sent.h"
#include "store/store.h"
#include "upload/erase_limit.h"

#define MINUTE_MS 60000u
#define SIZE      5000u /* of a module that takes two sectors */

static hotreload_http_answer_t answer;
static hotreload_reason_t reason;

/** Comes to `now_ms` from far away, so that nothing of the last minute is left. */
static void begin_at(uint32_t now_ms)
{
    fake_port.now_ms = now_ms + UINT32_MAX / 2;
    assert_int_equal(hotreload_erase_limit_take(0, UINT32_MAX, &reason), ESP_OK);
    fake_port.now_ms = now_ms;
    assert_int_equal(hotreload_erase_limit_take(0, UINT32_MAX, &reason), ESP_OK);
}

static unsigned seconds_to_wait(void)
{
    unsigned seconds;
    const char *place = strstr(reason.text, "try again in ");
    assert_non_null(place);
    assert_int_equal(sscanf(place, "try again in %u s,", &seconds), 1);
    return seconds;
}

static void the_limit_holds_for_a_minute(void **state)
{
    (void)state;
    begin_at(1000);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(hotreload_erase_limit_take(1, 10, &reason), ESP_OK);
    }
    assert_int_equal(hotreload_erase_limit_take(1, 10, &reason), ESP_ERR_INVALID_STATE);
    assert_non_null(strstr(reason.text, "10 sectors erased within a minute"));
    assert_non_null(strstr(reason.text, "or send X-Hotreload-Auth, as the tools do"));
    fake_port.now_ms += MINUTE_MS - 1;
    assert_int_equal(hotreload_erase_limit_take(1, 10, &reason), ESP_ERR_INVALID_STATE);
    fake_port.now_ms += 5001;
    assert_int_equal(hotreload_erase_limit_take(10, 10, &reason), ESP_OK);
    assert_int_equal(hotreload_erase_limit_take(1, 10, &reason), ESP_ERR_INVALID_STATE);
}

static void refusals_cost_nothing(void **state)
{
    (void)state;
    begin_at(0);
    assert_int_equal(hotreload_erase_limit_take(6, 10, &reason), ESP_OK);
    assert_int_equal(hotreload_erase_limit_take(5, 10, &reason), ESP_ERR_INVALID_STATE);
    assert_int_equal(hotreload_erase_limit_take(11, 10, &reason), ESP_ERR_INVALID_SIZE);
    assert_int_equal(hotreload_erase_limit_take(4, 10, &reason), ESP_OK);
    assert_int_equal(hotreload_erase_limit_take(1, 9, &reason), ESP_ERR_INVALID_STATE);
}

static void the_reason_says_when_to_try_again(void **state)
{
    (void)state;
    begin_at(0);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(hotreload_erase_limit_take(1, 10, &reason), ESP_OK);
        fake_port.now_ms += 3000;
    }
    for (uint32_t sectors = 1; sectors <= 10; sectors++) {
        const uint32_t now_ms = fake_port.now_ms;
        assert_int_equal(hotreload_erase_limit_take(sectors, 10, &reason), ESP_ERR_INVALID_STATE);
        unsigned seconds = seconds_to_wait();
        fake_port.now_ms = now_ms + (seconds - 1) * 1000;
        assert_int_equal(hotreload_erase_limit_take(sectors, 10, &reason), ESP_ERR_INVALID_STATE);
        fake_port.now_ms = now_ms + seconds * 1000;
        assert_int_equal(hotreload_erase_limit_take(sectors, 10, &reason), ESP_OK);
    }
}

/** Takes at random times for an hour, and looks at every minute of it. */
static void takes_at_random(uint32_t start_ms, uint32_t limit)
{
    enum { TAKES = 4000 };
    static struct {
        uint32_t at_ms, sectors;
    } taken[TAKES];
    unsigned count = 0, refused = 0;
    begin_at(start_ms);
    for (unsigned i = 0; i < TAKES; i++) {
        fake_port.now_ms += (uint32_t)rand() % 1800;
        uint32_t sectors = (uint32_t)rand() % (limit / 4) + 1;
        if (hotreload_erase_limit_take(sectors, limit, &reason) != ESP_OK) {
            refused++;
            continue;
        }
        taken[count].at_ms = fake_port.now_ms;
        taken[count++].sectors = sectors;
    }
    assert_true(count > 100 && refused > 100);
    for (unsigned first = 0; first < count; first++) {
        uint32_t sum = 0;
        for (unsigned i = first; i < count; i++) {
            if (taken[i].at_ms - taken[first].at_ms < MINUTE_MS) {
                sum += taken[i].sectors;
            }
        }
        assert_true(sum <= limit);
    }
}

static void no_minute_has_more_whichever_one_looks_at(void **state)
{
    (void)state;
    srand(1);
    takes_at_random(0, 40);
    takes_at_random(12345, 128);
}

static void the_clock_may_begin_again(void **state)
{
    (void)state;
    srand(2);
    takes_at_random(UINT32_MAX - 10 * MINUTE_MS, 40);
}

static void a_limit_of_zero_is_none(void **state)
{
    (void)state;
    begin_at(0);
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(hotreload_erase_limit_take(1000, 0, &reason), ESP_OK);
    }
}

/* ---- Uploads ---- */

static void uploads_of_strangers_wear_the_flash_no_more_than_allowed(void **state)
{
    (void)state;
    sent_t sent;
    sent_module(&sent, 2, SIZE);
    sent.hmac_hex[0] = sent.hmac_hex[0] == '0' ? '1' : '0';
    sent.head.erase_limit = 7;
    begin_at(0);
    unsigned erases = fake_flash.erases;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(sent_upload(&sent, 512, &answer), 403);
    }
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(sent_upload(&sent, 512, &answer), 503);
    }
    assert_int_equal(fake_flash.erases, erases + 6);
    sent_expect_refused(&answer, 503, "6 sectors erased within a minute: try again in ");
    sent_free(&sent);
}

static void a_proven_sender_is_not_limited_and_takes_nothing(void **state)
{
    (void)state;
    sent_t unproven, proven;
    sent_module(&unproven, 2, SIZE);
    unproven.head.erase_limit = 2;
    begin_at(0);
    for (unsigned i = 0; i < 10; i++) {
        sent_module(&proven, 3 + i, SIZE);
        sent_prove(&proven);
        proven.head.erase_limit = 2;
        assert_int_equal(sent_upload(&proven, 512, &answer), 200);
        sent_free(&proven);
    }
    assert_int_equal(sent_upload(&unproven, 512, &answer), 200);
    unsigned erases = fake_flash.erases;
    assert_int_equal(sent_upload(&unproven, 512, &answer), 503);
    assert_int_equal(fake_flash.erases, erases);
    sent_module(&proven, 20, SIZE);
    sent_prove(&proven);
    proven.head.erase_limit = 2;
    assert_int_equal(sent_upload(&proven, 512, &answer), 200);
    sent_expect_stored(&proven);
    sent_free(&proven);
    sent_free(&unproven);
}

static void uploads_go_on_after_a_minute(void **state)
{
    (void)state;
    sent_t sent;
    sent_module(&sent, 2, SIZE);
    sent.head.erase_limit = 2;
    begin_at(0);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(sent_upload(&sent, 512, &answer), 200);
        assert_int_equal(sent_upload(&sent, 512, &answer), 503);
        fake_port.now_ms += MINUTE_MS + 5000; /* counted in steps of five seconds */
    }
    sent_free(&sent);
}

static void an_upload_of_more_than_the_limit_is_refused(void **state)
{
    (void)state;
    sent_t sent;
    sent_module(&sent, 2, SIZE);
    sent.head.erase_limit = 1;
    unsigned erases = fake_flash.erases;
    begin_at(0);
    assert_int_equal(sent_upload(&sent, 512, &answer), 413);
    assert_int_equal(fake_flash.erases, erases);
    sent_expect_refused(&answer, 413, "2 sectors of flash at once, of 1 a minute");
    sent_prove(&sent);
    assert_int_equal(sent_upload(&sent, 512, &answer), 200);
    sent_free(&sent);
}

static void every_sector_of_a_record_is_counted(void **state)
{
    (void)state;
    /* 128 bytes of a record are its header and its marks. */
    assert_int_equal(hotreload_store_sectors(1), 1);
    assert_int_equal(hotreload_store_sectors(FAKE_FLASH_SECTOR - 128), 1);
    assert_int_equal(hotreload_store_sectors(FAKE_FLASH_SECTOR - 127), 2);
    assert_int_equal(hotreload_store_sectors(2 * FAKE_FLASH_SECTOR), 3);
    hotreload_store_close();
    assert_int_equal(hotreload_store_sectors(1), 0);
}

#define LIMIT_TEST(test) cmocka_unit_test_setup_teardown(test, sent_set_up, sent_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LIMIT_TEST(the_limit_holds_for_a_minute),
        LIMIT_TEST(refusals_cost_nothing),
        LIMIT_TEST(the_reason_says_when_to_try_again),
        LIMIT_TEST(no_minute_has_more_whichever_one_looks_at),
        LIMIT_TEST(the_clock_may_begin_again),
        LIMIT_TEST(a_limit_of_zero_is_none),
        LIMIT_TEST(uploads_of_strangers_wear_the_flash_no_more_than_allowed),
        LIMIT_TEST(a_proven_sender_is_not_limited_and_takes_nothing),
        LIMIT_TEST(uploads_go_on_after_a_minute),
        LIMIT_TEST(an_upload_of_more_than_the_limit_is_refused),
        LIMIT_TEST(every_sector_of_a_record_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
