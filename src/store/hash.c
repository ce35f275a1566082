/* SPDX-License-Identifier: MIT */
#include "store/hash.h"

esp_err_t hotreload_hash_bytes(const void *data, size_t size, uint8_t digest[HOTRELOAD_HASH_SIZE],
                               hotreload_reason_t *reason)
{
    hotreload_hash_t *hash;
    esp_err_t error = hotreload_port_hash_begin(NULL, 0, &hash);
    if (error == ESP_OK) {
        error = hotreload_port_hash_update(hash, data, size);
        esp_err_t end_error = hotreload_port_hash_end(hash, error == ESP_OK ? digest : NULL);
        error = error == ESP_OK ? end_error : error;
    }
    if (error != ESP_OK) {
        return hotreload_fail(reason, error, "the SHA-256 of the module could not be computed");
    }
    return ESP_OK;
}
