/* SPDX-License-Identifier: MIT */
#include "receive/auth.h"
#include "sent.h"

#include "testing.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "module_builder.h"
#include "run/status.h"
#include "stored.h"
#include "store/state.h"

sent_t sent;

int sent_set_up(void **state)
{
    hotreload_reason_t reason;
    stored_set_up(state);
    hotreload_status_clear_error();
    uint8_t *old = module_build_sized(SENT_OLD_SIZE, SENT_OLD_SEED);
    assert_int_equal(stored_write(old, SENT_OLD_SIZE, SENT_OLD_SIZE, &reason), ESP_OK);
    free(old);
    return 0;
}

int sent_tear_down(void **state)
{
    return stored_tear_down(state);
}

int sent_set_up_upload(void **state)
{
    sent_set_up(state);
    sent_module(&sent, 2, SENT_SIZE);
    return 0;
}

int sent_tear_down_upload(void **state)
{
    sent_free(&sent);
    return sent_tear_down(state);
}

static void to_hex(const uint8_t digest[HOTRELOAD_HASH_SIZE], char hex[65])
{
    for (size_t i = 0; i < HOTRELOAD_HASH_SIZE; i++) {
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    }
}

void sent_hmac(const uint8_t *key, const void *data, size_t size, char hex[65])
{
    hotreload_hash_t *hash;
    uint8_t digest[HOTRELOAD_HASH_SIZE];
    assert_int_equal(hotreload_port_hash_begin(key, HOTRELOAD_SECRET_SIZE, &hash), ESP_OK);
    assert_int_equal(hotreload_port_hash_update(hash, data, size), ESP_OK);
    assert_int_equal(hotreload_port_hash_end(hash, digest), ESP_OK);
    to_hex(digest, hex);
}

void sent_describe(sent_t *sent, uint8_t *body, size_t size)
{
    uint8_t sha256[HOTRELOAD_HASH_SIZE];
    sent->body = body;
    sent->size = size;
    stored_sha256(body, size, sha256);
    to_hex(sha256, sent->sha256_hex);
    sent_hmac(hotreload_secret, body, size, sent->hmac_hex);
    sent->head = (hotreload_upload_request_t){
        .partition_label = FAKE_FLASH_LABEL,
        .max_size = 128 * 1024,
        .content_length = (int64_t)size,
        .sha256_hex = sent->sha256_hex,
        .hmac_hex = sent->hmac_hex,
        .accept_replayed = true,
    };
}

void sent_module(sent_t *sent, uint32_t seed, size_t size)
{
    sent_describe(sent, module_build_sized(size, seed), size);
}

void sent_ask_nonce(uint8_t nonce[16])
{
    hotreload_answer_t answer;
    hotreload_request_nonce(&answer);
    assert_int_equal(answer.status, 200);
    assert_int_equal(strlen(answer.body), strlen("{\"nonce\":\"\"}") + 32);
    assert_memory_equal(answer.body, "{\"nonce\":\"", 10);
    assert_string_equal(answer.body + 42, "\"}");
    for (size_t i = 0; i < 16; i++) {
        unsigned byte;
        assert_int_equal(sscanf(answer.body + 10 + 2 * i, "%2x", &byte), 1);
        nonce[i] = (uint8_t)byte;
    }
}

void sent_auth(const uint8_t *key, const uint8_t nonce[16], uint32_t length, const char *sha256_hex,
               char hex[65])
{
    uint8_t message[17 + 16 + 4 + 32];
    memcpy(message, "hotreload-upload", 17);
    memcpy(message + 17, nonce, 16);
    for (unsigned i = 0; i < 4; i++) {
        message[33 + i] = (uint8_t)(length >> 8 * i);
    }
    for (size_t i = 0; i < 32; i++) {
        unsigned byte;
        assert_int_equal(sscanf(sha256_hex + 2 * i, "%2x", &byte), 1);
        message[37 + i] = (uint8_t)byte;
    }
    sent_hmac(key, message, sizeof message, hex);
}

void sent_prove(sent_t *sent)
{
    uint8_t nonce[16];
    sent_ask_nonce(nonce);
    sent_auth(hotreload_secret, nonce, (uint32_t)sent->size, sent->sha256_hex, sent->auth_hex);
    sent->head.hmac_hex = NULL;
    sent->head.auth_hex = sent->auth_hex;
}

void sent_free(sent_t *sent)
{
    free(sent->body);
    sent->body = NULL;
}

int sent_upload(const sent_t *sent, size_t piece, hotreload_answer_t *answer)
{
    memset(answer, 0xee, sizeof *answer);
    if (!hotreload_request_upload_begin(&sent->head, answer)) {
        return answer->status;
    }
    for (size_t at = 0; at < sent->size; at += piece) {
        size_t part = sent->size - at < piece ? sent->size - at : piece;
        if (!hotreload_request_upload_write(sent->body + at, part, answer)) {
            return answer->status;
        }
    }
    hotreload_request_upload_finish(answer);
    return answer->status;
}

void sent_expect_stored(const sent_t *sent)
{
    hotreload_reason_t reason;
    hotreload_flash_view_t view;
    hotreload_record_t record = stored_newest();
    assert_int_equal(hotreload_store_map(&record, &view, &reason), ESP_OK);
    assert_int_equal(view.size, sent->size);
    assert_memory_equal(view.data, sent->body, sent->size);
    hotreload_store_unmap(&view);
}

static void expect_old(void)
{
    sent_t old;
    sent_module(&old, SENT_OLD_SEED, SENT_OLD_SIZE);
    sent_expect_stored(&old);
    assert_int_equal(hotreload_store_state.newest, 1);
    sent_free(&old);
}

void sent_expect_refused(const hotreload_answer_t *answer, int status, const char *part)
{
    hotreload_answer_t next;
    hotreload_status_t device;
    if (answer->status != status || strstr(answer->body, part) == NULL) {
        fail_msg("%d %s instead of %d with \"%s\"", answer->status, answer->body, status, part);
    }
    static const char begin[] = "{\"status\":\"error\",\"error\":\"";
    assert_memory_equal(answer->body, begin, sizeof begin - 1);
    hotreload_status_get(&device);
    assert_non_null(strstr(device.last_error.text, part));
    assert_non_null(strstr(fake_port.log, part));

    fake_port_expect_idle();
    expect_old();
    stored_boot();
    expect_old();
    sent_t good;
    sent_module(&good, 77, 3000);
    assert_int_equal(sent_upload(&good, 500, &next), 200);
    sent_expect_stored(&good);
    sent_free(&good);
    sent_tear_down(NULL);
    sent_set_up(NULL);
}

void sent_expect_head_refused(const sent_t *sent, int status, const char *part)
{
    hotreload_answer_t answer;
    unsigned erases = fake_flash.erases, writes = fake_flash.writes;
    assert_false(hotreload_request_upload_begin(&sent->head, &answer));
    assert_int_equal(fake_flash.erases, erases);
    assert_int_equal(fake_flash.writes, writes);
    sent_expect_refused(&answer, status, part);
}
