/* SPDX-License-Identifier: MIT */
#include "receive/upload.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "hash.h"
#include "run/event.h"
#include "run/settle.h"
#include "run/upload_check.h"
#include "store/store.h"
#include "receive/auth.h"
#include "receive/digest.h"

/**
 * Whether an upload is under way. Set before anything else of it, and cleared last. A word, because
 * RISC-V has no instruction that exchanges a byte.
 */
static atomic_uint taken;

/** Only the task of the upload that has set `taken` uses this. */
static struct {
    bool active;
    hotreload_upload_t announced;
    uint32_t received; /**< bytes */
    bool held;         /**< received into RAM */
    hotreload_hash_t *sha256;
    hotreload_hash_t *hmac; /**< NULL: the sender sent none */
} upload;

/** Frees the hashes; the digests may be NULL. The record being written stays. */
static esp_err_t end_hashes(uint8_t *sha256, uint8_t *hmac)
{
    esp_err_t sha256_error = hotreload_port_hash_end(upload.sha256, sha256);
    esp_err_t hmac_error = hotreload_port_hash_end(upload.hmac, hmac);
    upload.sha256 = NULL;
    upload.hmac = NULL;
    return sha256_error != ESP_OK ? sha256_error : hmac_error;
}

/** Ends the upload. Its record is already committed or dropped. */
static void release_upload(void)
{
    (void)end_hashes(NULL, NULL);
    upload.active = false;
    atomic_store(&taken, 0);
}

static esp_err_t begin_hashes(hotreload_reason_t *reason)
{
    esp_err_t error = hotreload_port_hash_begin(NULL, 0, &upload.sha256);
    if (error == ESP_OK && upload.announced.has_hmac) {
        error = hotreload_port_hash_begin(hotreload_secret, sizeof hotreload_secret, &upload.hmac);
    }
    if (error != ESP_OK) {
        return hotreload_hash_fail(reason, error);
    }
    return ESP_OK;
}

/** Receives into RAM only what is proven: a stranger must not take so much RAM. */
static void choose_memory(const hotreload_upload_t *announced)
{
    hotreload_reason_t reason;
    if (!announced->run_from_ram_first || !announced->is_proven) {
        return;
    }
    upload.held = hotreload_store_hold_in_ram(&reason) == ESP_OK;
    if (!upload.held) {
        hotreload_port_log(HOTRELOAD_LOG_WARNING, "the upload is stored before it runs: %s",
                           reason.text);
    }
}

esp_err_t hotreload_upload_begin(const hotreload_upload_t *announced, hotreload_reason_t *reason)
{
    if (atomic_exchange(&taken, 1)) {
        return hotreload_fail(reason, ESP_ERR_INVALID_STATE,
                              "another upload is under way: try again when it is over");
    }
    (void)hotreload_settle_all();
    esp_err_t error = hotreload_store_open(announced->partition_label, reason);
    if (error == ESP_OK) {
        error = hotreload_store_begin(announced->length, reason);
    }
    memset(&upload, 0, sizeof upload);
    if (error != ESP_OK) {
        release_upload();
        return error;
    }
    upload.active = true;
    upload.announced = *announced;
    error = begin_hashes(reason);
    if (error != ESP_OK) {
        hotreload_upload_abort();
        return error;
    }
    choose_memory(announced);
    return ESP_OK;
}

static esp_err_t take_into_hashes(const void *data, size_t size, hotreload_reason_t *reason)
{
    if (size > upload.announced.length - upload.received) {
        return hotreload_fail(reason, ESP_ERR_INVALID_ARG, "more than the announced %u bytes",
                              (unsigned)upload.announced.length);
    }
    upload.received += (uint32_t)size;
    esp_err_t error = hotreload_port_hash_update(upload.sha256, data, size);
    if (error == ESP_OK && upload.hmac != NULL) {
        error = hotreload_port_hash_update(upload.hmac, data, size);
    }
    if (error != ESP_OK) {
        return hotreload_hash_fail(reason, error);
    }
    return ESP_OK;
}

esp_err_t hotreload_upload_write(const void *data, size_t size, hotreload_reason_t *reason)
{
    if (!upload.active) {
        return hotreload_fail(reason, ESP_ERR_INVALID_STATE, "no upload is under way");
    }
    esp_err_t error = take_into_hashes(data, size, reason);
    if (error != ESP_OK) {
        hotreload_upload_abort();
        return error;
    }
    error = hotreload_store_write(data, size, reason);
    if (error != ESP_OK) {
        release_upload(); /* the store has dropped the record itself */
    }
    return error;
}

/** Damage changes both digests, so it is reported first: the secret may be right. */
static esp_err_t check_digests(hotreload_reason_t *reason)
{
    uint8_t sha256[HOTRELOAD_HASH_SIZE];
    uint8_t hmac[HOTRELOAD_HASH_SIZE] = {0}; /* left as it is where there is none to check */
    esp_err_t error = end_hashes(sha256, hmac);
    if (error != ESP_OK) {
        return hotreload_hash_fail(reason, error);
    }
    bool intact = hotreload_digest_equal(sha256, upload.announced.sha256);
    bool authentic =
        !upload.announced.has_hmac || hotreload_digest_equal(hmac, upload.announced.hmac);
    if (!intact) {
        return hotreload_fail(reason, ESP_ERR_INVALID_CRC,
                              "damaged in transfer, the SHA-256 differs: send it again");
    }
    if (!authentic) {
        return hotreload_fail(reason, ESP_ERR_INVALID_MAC,
                              "not authentic, the HMAC differs: use the secret of the build that "
                              "was flashed");
    }
    return ESP_OK;
}

esp_err_t hotreload_upload_finish(hotreload_stored_t *stored, hotreload_reason_t *reason)
{
    if (!upload.active) {
        return hotreload_fail(reason, ESP_ERR_INVALID_STATE, "no upload is under way");
    }
    if (upload.received < upload.announced.length) {
        hotreload_fail(reason, ESP_ERR_NOT_FINISHED, "only %u of the announced %u bytes came",
                       (unsigned)upload.received, (unsigned)upload.announced.length);
        hotreload_upload_abort();
        return ESP_ERR_NOT_FINISHED;
    }
    esp_err_t error = check_digests(reason);
    if (error != ESP_OK) {
        hotreload_upload_abort();
        return error;
    }
    *stored = (hotreload_stored_t){.sequence = hotreload_store_begun_sequence(),
                                   .size = upload.announced.length,
                                   .is_waiting = upload.held};
    error = hotreload_store_commit(upload.announced.sha256, hotreload_check_upload, reason);
    release_upload();
    if (error == ESP_OK) {
        hotreload_announce_upload(stored->sequence);
    }
    /* The sender's bytes were right, so the flash has changed them. */
    return error == ESP_ERR_INVALID_CRC ? ESP_ERR_FLASH_OP_FAIL : error;
}

void hotreload_upload_abort(void)
{
    if (upload.active) {
        hotreload_store_abort();
        release_upload();
    }
}
