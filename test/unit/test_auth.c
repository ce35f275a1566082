/*
 * X-Hotreload-Auth and its nonce: who is let in, and that nothing of the others' reaches the flash.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "receive/auth.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "sent.h"
#include "store/store.h"
#include "receive/digest.h"
#include "store/state.h"

#define SIZE SENT_SIZE

static hotreload_answer_t answer;

/* ---- Comparisons, as the linker (--wrap) leads them through here ---- */

static struct {
    unsigned count;
    uint8_t last[HOTRELOAD_HASH_SIZE]; /**< first argument */
} compared;

bool __real_hotreload_digest_equal(const uint8_t *a, const uint8_t *b);
bool __wrap_hotreload_digest_equal(const uint8_t *a, const uint8_t *b);

bool __wrap_hotreload_digest_equal(const uint8_t *a, const uint8_t *b)
{
    compared.count++;
    memcpy(compared.last, a, sizeof compared.last);
    return __real_hotreload_digest_equal(a, b);
}

static bool is_nonce(const uint8_t nonce[16])
{
    uint8_t present[16];
    sent_ask_nonce(present);
    return memcmp(present, nonce, sizeof present) == 0;
}

/* ---- The nonce ---- */

static void a_nonce_stays_until_it_is_used(void **state)
{
    uint8_t first[16];
    sent_ask_nonce(first);
    assert_true(is_nonce(first));
    sent_prove(&sent);
    assert_true(is_nonce(first));
    assert_int_equal(sent_upload(&sent, 512, &answer), 200);
    sent_expect_stored(&sent);
    assert_false(is_nonce(first));
}

static void a_server_that_starts_has_another_nonce(void **state)
{
    uint8_t before[16];
    sent_prove(&sent);
    sent_ask_nonce(before);
    assert_int_equal(hotreload_requests_start("server", FAKE_FLASH_LABEL), ESP_OK);
    sent_expect_head_refused(&sent, 403, "a nonce that is used up");
    assert_false(is_nonce(before));
}

static void nobody_guesses_a_nonce_that_was_never_asked_for(void **state)
{
    static const uint8_t zero[16];
    uint8_t forgotten[16];
    sent_prove(&sent);
    sent_ask_nonce(forgotten);
    const uint8_t *const guesses[] = {zero, forgotten};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(hotreload_requests_start("server", FAKE_FLASH_LABEL), ESP_OK);
        sent_auth(hotreload_secret, guesses[i], SIZE, sent.sha256_hex, sent.auth_hex);
        sent_expect_head_refused(&sent, 403, "not authentic");
    }
}

static void strangers_do_not_take_the_nonce(void **state)
{
    uint8_t nonce[16];
    sent_t owner, stranger;
    sent_module(&owner, 2, SIZE);
    sent_prove(&owner);
    sent_ask_nonce(nonce);
    sent_module(&stranger, 3, SIZE);
    assert_int_equal(sent_upload(&stranger, SIZE, &answer), 200); /* the owner's, of the old kind */
    static const uint8_t key[HOTRELOAD_SECRET_SIZE];
    sent_auth(key, nonce, SIZE, stranger.sha256_hex, stranger.auth_hex);
    stranger.head.auth_hex = stranger.auth_hex;
    assert_int_equal(sent_upload(&stranger, SIZE, &answer), 403);
    stranger.head.auth_hex = "short";
    assert_int_equal(sent_upload(&stranger, SIZE, &answer), 400);
    stranger.head.auth_hex = owner.auth_hex; /* seen on the network */
    assert_int_equal(sent_upload(&stranger, SIZE, &answer), 403);
    stranger.head.auth_hex = NULL;
    stranger.head.hmac_hex = stranger.sha256_hex;
    assert_int_equal(sent_upload(&stranger, SIZE, &answer), 403);
    assert_true(is_nonce(nonce));
    assert_int_equal(sent_upload(&owner, 512, &answer), 200);
    sent_expect_stored(&owner);
    sent_free(&stranger);
    sent_free(&owner);
}

/* ---- Which proofs are enough ---- */

typedef enum { ABSENT, RIGHT, WRONG, MALFORMED } proof_t;

static const char *proof_text(proof_t proof, char right[65])
{
    if (proof == WRONG) {
        right[63] = right[63] == '0' ? '1' : '0';
    }
    return proof == ABSENT ? NULL : proof == MALFORMED ? "no digest" : right;
}

static int expected_status(proof_t hmac, proof_t auth, bool accept_replayed)
{
    if (auth == ABSENT && !accept_replayed) {
        return 403;
    }
    if (hmac == MALFORMED || auth == MALFORMED || (hmac == ABSENT && auth == ABSENT)) {
        return 400;
    }
    return hmac == WRONG || auth == WRONG ? 403 : 200;
}

static void one_combination(proof_t hmac, proof_t auth, bool accept_replayed)
{
    uint8_t nonce[16];
    sent_t sent;
    sent_module(&sent, 2, SIZE);
    sent_prove(&sent);
    sent_ask_nonce(nonce);
    sent.head.hmac_hex = proof_text(hmac, sent.hmac_hex);
    sent.head.auth_hex = proof_text(auth, sent.auth_hex);
    sent.head.accept_replayed = accept_replayed;
    unsigned erases = fake_flash.erases;
    int status = sent_upload(&sent, 512, &answer);
    if (status != expected_status(hmac, auth, accept_replayed)) {
        fail_msg("HMAC %d, Auth %d, recordings %d: %d %s", hmac, auth, accept_replayed, status,
                 answer.body);
    }
    /* Only who is known, or may yet turn out to be, gets to the flash. */
    bool let_in = status == 200 || (hmac == WRONG && auth != WRONG && status == 403 &&
                                    (auth == RIGHT || accept_replayed));
    assert_int_equal(fake_flash.erases != erases, let_in);
    assert_int_equal(is_nonce(nonce), !(auth == RIGHT && let_in));
    if (status != 200) {
        sent_expect_refused(&answer, status, "");
    } else {
        sent_expect_stored(&sent);
        sent_tear_down(NULL);
        sent_set_up(NULL);
    }
    sent_free(&sent);
}

static void every_combination_of_headers_is_answered_as_it_should(void **state)
{
    for (proof_t hmac = ABSENT; hmac <= MALFORMED; hmac++) {
        for (proof_t auth = ABSENT; auth <= MALFORMED; auth++) {
            one_combination(hmac, auth, false);
            one_combination(hmac, auth, true);
        }
    }
}

static void reasons_say_what_is_missing(void **state)
{
    sent.head.accept_replayed = false;
    sent_expect_head_refused(&sent, 403,
                             "X-Hotreload-Auth is required: use the tools of this version");
    sent_expect_head_refused(&sent, 403, "or set CONFIG_HOTRELOAD_ACCEPT_REPLAYED_UPLOADS");
    sent.head.auth_hex = "0";
    sent_expect_head_refused(&sent, 400, "X-Hotreload-Auth is missing or not 64 hex digits");
}

/* ---- What a right header covers ---- */

static void every_bit_of_the_header_counts(void **state)
{
    sent_prove(&sent);
    for (size_t i = 0; i < 64; i++) {
        char digit = sent.auth_hex[i];
        sent.auth_hex[i] = digit == '0' ? '8' : '0';
        assert_int_equal(sent_upload(&sent, 600, &answer), 403);
        sent.auth_hex[i] = digit;
    }
    assert_int_equal(sent_upload(&sent, 600, &answer), 200);
}

static void a_header_is_for_one_length_and_one_body(void **state)
{
    sent_t other;
    sent_module(&other, 3, SIZE);
    sent_prove(&sent);
    sent.head.content_length = SIZE - 1;
    sent_expect_head_refused(&sent, 403, "not authentic");
    sent.head.content_length = SIZE;
    sent.head.sha256_hex = other.sha256_hex;
    sent_expect_head_refused(&sent, 403, "not authentic");
    sent_free(&other);
}

static void an_hmac_of_a_body_is_no_header(void **state)
{
    sent_prove(&sent);
    sent.head.auth_hex = sent.hmac_hex;
    sent_expect_head_refused(&sent, 403, "not authentic");
}

static void a_body_other_than_announced_is_refused(void **state)
{
    sent_prove(&sent);
    sent.body[4000] ^= 1;
    sent_upload(&sent, 512, &answer);
    sent_expect_refused(&answer, 400, "damaged in transfer");
}

/* ---- Replay ---- */

static void a_recorded_upload_is_refused(void **state)
{
    sent_prove(&sent);
    assert_int_equal(sent_upload(&sent, 512, &answer), 200);
    unsigned erases = fake_flash.erases;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(sent_upload(&sent, 512, &answer), 403);
        uint8_t nonce[16];
        sent_ask_nonce(nonce); /* asking for a new one changes nothing */
    }
    sent.head.auth_hex = NULL; /* what the tools send is no upload without it */
    assert_int_equal(sent_upload(&sent, 512, &answer), 400);
    assert_int_equal(fake_flash.erases, erases);
    assert_int_equal(hotreload_store_state.newest, 2);
}

static void an_upload_that_fails_uses_its_nonce_up(void **state)
{
    sent_prove(&sent);
    assert_true(hotreload_request_upload_begin(&sent.head, &answer));
    assert_true(hotreload_request_upload_write(sent.body, 1000, &answer));
    hotreload_request_upload_cancel(HOTRELOAD_UPLOAD_CUT_SHORT, &answer);
    assert_int_equal(sent_upload(&sent, 512, &answer), 403);
    sent_prove(&sent);
    assert_int_equal(sent_upload(&sent, 512, &answer), 200);
    sent_expect_stored(&sent);
}

static void an_upload_that_meets_another_can_be_sent_again(void **state)
{
    sent_t first, second;
    sent_module(&first, 2, SIZE);
    sent_module(&second, 3, SIZE);
    sent_prove(&first);
    assert_true(hotreload_request_upload_begin(&first.head, &answer));
    sent_prove(&second);
    assert_int_equal(sent_upload(&second, 512, &answer), 503);
    assert_int_equal(sent_upload(&second, 512, &answer), 403);
    assert_true(hotreload_request_upload_write(first.body, SIZE, &answer));
    hotreload_request_upload_finish(&answer);
    assert_int_equal(answer.status, 200);
    sent_expect_stored(&first);
    sent_prove(&second);
    assert_int_equal(sent_upload(&second, 512, &answer), 200);
    sent_expect_stored(&second);
    sent_free(&second);
    sent_free(&first);
}

static void a_device_without_memory_keeps_the_nonce(void **state)
{
    sent_prove(&sent);
    fake_port.fail_allocation = 1;
    assert_int_equal(sent_upload(&sent, 512, &answer), 500);
    fake_port.fail_hash_update = 1;
    assert_int_equal(sent_upload(&sent, 512, &answer), 500);
    fake_port.fail_hash_end = 1;
    assert_int_equal(sent_upload(&sent, 512, &answer), 500);
    assert_non_null(strstr(answer.body, "no hash could be computed"));
    assert_int_equal(sent_upload(&sent, 512, &answer), 200);
}

/* ---- Secrets ---- */

static void a_header_is_compared_as_a_whole_however_wrong_it_is(void **state)
{
    static const size_t places[] = {0, 31, 63};
    sent_prove(&sent);
    for (size_t i = 0; i < 3; i++) {
        char digit = sent.auth_hex[places[i]];
        sent.auth_hex[places[i]] = digit == '0' ? '8' : '0';
        uint8_t expected[HOTRELOAD_HASH_SIZE];
        assert_true(hotreload_digest_parse(sent.auth_hex, expected));
        compared.count = 0;
        assert_int_equal(sent_upload(&sent, 600, &answer), 403);
        assert_int_equal(compared.count, 1);
        assert_memory_equal(compared.last, expected, sizeof expected);
        sent.auth_hex[places[i]] = digit;
    }
    assert_int_equal(hotreload_requests_start("server", FAKE_FLASH_LABEL),
                     ESP_OK); /* without a nonce, as much is computed and compared */
    compared.count = 0;
    assert_int_equal(sent_upload(&sent, 600, &answer), 403);
    assert_int_equal(compared.count, 1);
}

static void expect_hidden(const char digits[65])
{
    for (size_t i = 0; i + 8 <= 64; i++) {
        char part[9] = {0};
        memcpy(part, digits + i, 8);
        assert_null(strstr(answer.body, part));
        assert_null(strstr(fake_port.log, part));
    }
}

static void no_digest_and_no_secret_is_told(void **state)
{
    char right[65], secret[65];
    sent_prove(&sent);
    memcpy(right, sent.auth_hex, sizeof right);
    for (size_t i = 0; i < HOTRELOAD_SECRET_SIZE; i++) {
        snprintf(secret + 2 * i, 3, "%02x", hotreload_secret[i]);
    }
    sent.auth_hex[0] = right[0] == '0' ? '1' : '0';
    assert_int_equal(sent_upload(&sent, SIZE, &answer), 403);
    expect_hidden(right);
    expect_hidden(secret);
    hotreload_request_status(&answer);
    expect_hidden(right);
    expect_hidden(secret);
    memcpy(sent.auth_hex, right, sizeof right);
    assert_int_equal(sent_upload(&sent, SIZE, &answer), 200);
    expect_hidden(right);
    expect_hidden(secret);
    hotreload_request_nonce(&answer);
    expect_hidden(right);
    expect_hidden(secret);
}

#define AUTH_TEST(test)                                                                            \
    cmocka_unit_test_setup_teardown(test, sent_set_up_upload, sent_tear_down_upload)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AUTH_TEST(a_nonce_stays_until_it_is_used),
        AUTH_TEST(a_server_that_starts_has_another_nonce),
        AUTH_TEST(nobody_guesses_a_nonce_that_was_never_asked_for),
        AUTH_TEST(strangers_do_not_take_the_nonce),
        AUTH_TEST(every_combination_of_headers_is_answered_as_it_should),
        AUTH_TEST(reasons_say_what_is_missing),
        AUTH_TEST(every_bit_of_the_header_counts),
        AUTH_TEST(a_header_is_for_one_length_and_one_body),
        AUTH_TEST(an_hmac_of_a_body_is_no_header),
        AUTH_TEST(a_body_other_than_announced_is_refused),
        AUTH_TEST(a_recorded_upload_is_refused),
        AUTH_TEST(an_upload_that_fails_uses_its_nonce_up),
        AUTH_TEST(an_upload_that_meets_another_can_be_sent_again),
        AUTH_TEST(a_device_without_memory_keeps_the_nonce),
        AUTH_TEST(a_header_is_compared_as_a_whole_however_wrong_it_is),
        AUTH_TEST(no_digest_and_no_secret_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
