/*
 * SHA-256 and HMAC-SHA256 by the PSA Crypto API, for ESP-IDF 6.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "port.h"
#include "psa/crypto.h"

struct hotreload_hash {
    bool keyed;
    psa_key_id_t key;
    psa_mac_operation_t mac;
    psa_hash_operation_t hash;
};

static psa_status_t start_mac(hotreload_hash_t *hash, const void *key, size_t key_size)
{
    psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
    psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_SIGN_MESSAGE);
    psa_set_key_algorithm(&attributes, PSA_ALG_HMAC(PSA_ALG_SHA_256));
    psa_set_key_type(&attributes, PSA_KEY_TYPE_HMAC);
    psa_status_t status = psa_import_key(&attributes, key, key_size, &hash->key);
    if (status != PSA_SUCCESS) {
        return status;
    }
    return psa_mac_sign_setup(&hash->mac, hash->key, PSA_ALG_HMAC(PSA_ALG_SHA_256));
}

static psa_status_t start_hash(hotreload_hash_t *hash, const void *key, size_t key_size)
{
    psa_status_t status = psa_crypto_init(); /* does nothing after the first time */
    if (status != PSA_SUCCESS) {
        return status;
    }
    return hash->keyed ? start_mac(hash, key, key_size)
                       : psa_hash_setup(&hash->hash, PSA_ALG_SHA_256);
}

esp_err_t hotreload_port_hash_begin(const void *key, size_t key_size, hotreload_hash_t **hash)
{
    *hash = NULL;
    hotreload_hash_t *begun = calloc(1, sizeof *begun);
    if (begun == NULL) {
        return ESP_ERR_NO_MEM;
    }
    begun->keyed = key != NULL;
    begun->mac = psa_mac_operation_init();
    begun->hash = psa_hash_operation_init();
    psa_status_t status = start_hash(begun, key, key_size);
    if (status != PSA_SUCCESS) {
        hotreload_port_log(HOTRELOAD_LOG_ERROR, "PSA Crypto cannot begin a hash: error %d",
                           (int)status);
        (void)hotreload_port_hash_end(begun, NULL);
        return ESP_ERR_NO_MEM;
    }
    *hash = begun;
    return ESP_OK;
}

esp_err_t hotreload_port_hash_update(hotreload_hash_t *hash, const void *data, size_t size)
{
    psa_status_t status = hash->keyed ? psa_mac_update(&hash->mac, data, size)
                                      : psa_hash_update(&hash->hash, data, size);
    return status == PSA_SUCCESS ? ESP_OK : ESP_FAIL;
}

static psa_status_t finish_hash(hotreload_hash_t *hash, uint8_t *digest)
{
    size_t length;
    return hash->keyed ? psa_mac_sign_finish(&hash->mac, digest, HOTRELOAD_HASH_SIZE, &length)
                       : psa_hash_finish(&hash->hash, digest, HOTRELOAD_HASH_SIZE, &length);
}

esp_err_t hotreload_port_hash_end(hotreload_hash_t *hash, uint8_t digest[HOTRELOAD_HASH_SIZE])
{
    if (hash == NULL) {
        return ESP_OK;
    }
    psa_status_t status = digest != NULL ? finish_hash(hash, digest) : PSA_SUCCESS;
    (void)psa_mac_abort(&hash->mac);
    (void)psa_hash_abort(&hash->hash);
    (void)psa_destroy_key(hash->key); /* of 0: does nothing */
    free(hash);
    return status == PSA_SUCCESS ? ESP_OK : ESP_FAIL;
}
