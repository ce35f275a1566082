/* SPDX-License-Identifier: MIT */
#include "hash.h"

esp_err_t hotreload_hash_compute(const void *key, size_t key_size, const void *data,
                                 size_t data_size, uint8_t digest[HOTRELOAD_HASH_SIZE])
{
    hotreload_hash_t *hash;
    esp_err_t error = hotreload_port_hash_begin(key, key_size, &hash);
    if (error == ESP_OK) {
        error = hotreload_port_hash_update(hash, data, data_size);
        esp_err_t end_error = hotreload_port_hash_end(hash, error == ESP_OK ? digest : NULL);
        error = error == ESP_OK ? end_error : error;
    }
    return error;
}

esp_err_t hotreload_hash_fail(hotreload_reason_t *reason, esp_err_t error)
{
    return hotreload_fail(reason, error, "no hash could be computed: is there enough memory?");
}
