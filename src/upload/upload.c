/* SPDX-License-Identifier: MIT */
#include "upload/upload.h"

#include <stdbool.h>
#include <string.h>

#include "loader/loader.h"
#include "store/store.h"
#include "upload/digest.h"
#include "upload/erase_limit.h"
#include "upload/http_api.h"

/** Belongs to whoever began to write a record; only its task touches this. */
static struct {
    bool active;
    hotreload_upload_t announced;
    uint32_t received; /**< bytes */
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
    upload.active = false;
    return sha256_error != ESP_OK ? sha256_error : hmac_error;
}

static esp_err_t begin_hashes(hotreload_reason_t *reason)
{
    esp_err_t error = hotreload_port_hash_begin(NULL, 0, &upload.sha256);
    if (error == ESP_OK && upload.announced.has_hmac) {
        error = hotreload_port_hash_begin(hotreload_secret, sizeof hotreload_secret, &upload.hmac);
    }
    if (error != ESP_OK) {
        return hotreload_fail(reason, error, "no memory to check the upload with");
    }
    return ESP_OK;
}

static esp_err_t count_erases(const hotreload_upload_t *announced, hotreload_reason_t *reason)
{
    if (announced->is_proven) {
        return ESP_OK;
    }
    return hotreload_erase_limit_take(hotreload_store_sectors(announced->length),
                                      announced->erase_limit, reason);
}

esp_err_t hotreload_upload_begin(const hotreload_upload_t *announced, hotreload_reason_t *reason)
{
    esp_err_t error = hotreload_store_open(announced->partition_label, reason);
    if (error == ESP_OK) {
        error = hotreload_store_begin(announced->length, reason);
    }
    if (error != ESP_OK) {
        return error;
    }
    /* From here on the store keeps others out until this upload is over. */
    memset(&upload, 0, sizeof upload);
    upload.active = true;
    upload.announced = *announced;
    error = begin_hashes(reason);
    if (error == ESP_OK) {
        error = count_erases(announced, reason);
    }
    if (error != ESP_OK) {
        hotreload_upload_abort();
    }
    return error;
}

static esp_err_t take(const void *data, size_t size, hotreload_reason_t *reason)
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
        return hotreload_fail(reason, error, "the hash of the upload could not be computed");
    }
    return hotreload_store_write(data, size, reason);
}

esp_err_t hotreload_upload_write(const void *data, size_t size, hotreload_reason_t *reason)
{
    if (!upload.active) {
        return hotreload_fail(reason, ESP_ERR_INVALID_STATE, "no upload is under way");
    }
    esp_err_t error = take(data, size, reason);
    if (error != ESP_OK) {
        hotreload_upload_abort();
    }
    return error;
}

/** Damage comes first: it changes both, and then the sender need not look at the secret. */
static esp_err_t check_digests(hotreload_reason_t *reason)
{
    uint8_t sha256[HOTRELOAD_HASH_SIZE];
    uint8_t hmac[HOTRELOAD_HASH_SIZE] = {0}; /* left as it is where there is none to check */
    esp_err_t error = end_hashes(sha256, hmac);
    if (error != ESP_OK) {
        return hotreload_fail(reason, error, "the hash of the upload could not be computed");
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
    /* Once the record is over, another upload may use `upload`. */
    const hotreload_upload_t announced = upload.announced;
    esp_err_t error = check_digests(reason);
    if (error != ESP_OK) {
        hotreload_store_abort();
        return error;
    }
    error = hotreload_store_commit(announced.sha256, hotreload_loader_verify, reason);
    *stored = (hotreload_stored_t){hotreload_store_newest_sequence(), announced.length};
    /* The sender's bytes were right, so it is the flash that changed them. */
    return error == ESP_ERR_INVALID_CRC ? ESP_ERR_FLASH_OP_FAIL : error;
}

void hotreload_upload_abort(void)
{
    if (upload.active) {
        (void)end_hashes(NULL, NULL);
        hotreload_store_abort();
    }
}
