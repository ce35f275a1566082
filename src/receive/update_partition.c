/* SPDX-License-Identifier: MIT */
#include "hotreload.h"

#include "port.h"
#include "run/event.h"
#include "run/settle.h"
#include "run/status.h"
#include "run/upload_check.h"
#include "store/store.h"

/**
 * Writes a module that was verified. The store compares the hash of what the flash has then.
 *
 * @param sequence  gets that of the record, if any is begun
 */
static esp_err_t store_module(const char *label, const void *data, size_t size, uint32_t *sequence,
                              hotreload_reason_t *reason)
{
    uint8_t sha256[HOTRELOAD_HASH_SIZE];
    esp_err_t error = hotreload_store_hash(data, size, sha256, reason);
    if (error == ESP_OK) {
        (void)hotreload_settle_all();
        error = hotreload_store_open(label, reason);
    }
    if (error == ESP_OK) {
        error = hotreload_store_begin(size, reason);
    }
    if (error == ESP_OK) {
        *sequence = hotreload_store_begun_sequence();
        error = hotreload_store_write(data, size, reason);
        if (error == ESP_OK) {
            error = hotreload_store_commit(sha256, hotreload_check_upload, reason);
        }
    }
    return error == ESP_ERR_INVALID_CRC ? ESP_ERR_FLASH_OP_FAIL : error;
}

esp_err_t hotreload_update_partition(const char *partition_label, const void *data, size_t size)
{
    if (partition_label == NULL || data == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    hotreload_reason_t reason;
    hotreload_reason_clear(&reason);
    hotreload_status_clear_error(); /* not later: once the module counts, its reload may fail */
    uint32_t sequence = 0;
    uint32_t base = HOTRELOAD_NO_BASE;
    esp_err_t error = hotreload_check_upload(data, size, &base, &reason);
    if (error == ESP_OK) {
        error = store_module(partition_label, data, size, &sequence, &reason);
    }
    if (error == ESP_OK) {
        hotreload_port_log(HOTRELOAD_LOG_INFO, "module %u stored, %u bytes", (unsigned)sequence,
                           (unsigned)size);
        hotreload_announce_upload(sequence);
    } else {
        hotreload_status_set_error(&reason);
        hotreload_port_log(HOTRELOAD_LOG_ERROR, "update failed: %s (%s)", reason.text,
                           esp_err_to_name(error));
    }
    return error;
}
