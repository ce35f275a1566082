/*
 * SHA-256 and HMAC-SHA256 by Mbed TLS, for ESP-IDF 5.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "mbedtls/md.h"
#include "port.h"

struct hotreload_hash {
    mbedtls_md_context_t context;
    bool keyed;
};

static int start_hash(hotreload_hash_t *hash, const void *key, size_t key_size)
{
    const mbedtls_md_info_t *sha256 = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
    int error = mbedtls_md_setup(&hash->context, sha256, hash->keyed);
    if (error != 0) {
        return error;
    }
    return hash->keyed ? mbedtls_md_hmac_starts(&hash->context, key, key_size)
                       : mbedtls_md_starts(&hash->context);
}

esp_err_t hotreload_port_hash_begin(const void *key, size_t key_size, hotreload_hash_t **hash)
{
    *hash = NULL;
    hotreload_hash_t *begun = malloc(sizeof *begun);
    if (begun == NULL) {
        return ESP_ERR_NO_MEM;
    }
    mbedtls_md_init(&begun->context);
    begun->keyed = key != NULL;
    int error = start_hash(begun, key, key_size);
    if (error != 0) {
        hotreload_port_log(HOTRELOAD_LOG_ERROR, "Mbed TLS cannot begin a hash: error -0x%x",
                           (unsigned)-error);
        (void)hotreload_port_hash_end(begun, NULL);
        return ESP_ERR_NO_MEM;
    }
    *hash = begun;
    return ESP_OK;
}

esp_err_t hotreload_port_hash_update(hotreload_hash_t *hash, const void *data, size_t size)
{
    int error = hash->keyed ? mbedtls_md_hmac_update(&hash->context, data, size)
                            : mbedtls_md_update(&hash->context, data, size);
    return error == 0 ? ESP_OK : ESP_FAIL;
}

esp_err_t hotreload_port_hash_end(hotreload_hash_t *hash, uint8_t digest[HOTRELOAD_HASH_SIZE])
{
    if (hash == NULL) {
        return ESP_OK;
    }
    int error = 0;
    if (digest != NULL) {
        error = hash->keyed ? mbedtls_md_hmac_finish(&hash->context, digest)
                            : mbedtls_md_finish(&hash->context, digest);
    }
    mbedtls_md_free(&hash->context); /* wipes the key */
    free(hash);
    return error == 0 ? ESP_OK : ESP_FAIL;
}
