/* SPDX-License-Identifier: MIT */
#include "store/state.h"

#include <string.h>

#include "hash.h"

hotreload_store_state_t hotreload_store_state;
atomic_uint hotreload_store_untried;

static hotreload_store_state_t *const store = &hotreload_store_state;

void hotreload_store_lock(void)
{
    hotreload_port_lock(HOTRELOAD_LOCK_STORE);
}

esp_err_t hotreload_store_unlock(esp_err_t error)
{
    hotreload_port_unlock(HOTRELOAD_LOCK_STORE);
    return error;
}

static void update_untried(void)
{
    atomic_store(&hotreload_store_untried, store->newest != 0 && store->newest != store->tried);
}

void hotreload_store_set_newest(uint32_t sequence)
{
    store->newest = sequence;
    update_untried();
}

void hotreload_store_note_tried(uint32_t sequence)
{
    store->tried = sequence;
    update_untried();
}

hotreload_span_t hotreload_store_writer_span(void)
{
    return store->writing ? store->writer.span : (hotreload_span_t){0};
}

esp_err_t hotreload_store_map_flash(uint32_t offset, size_t size, hotreload_flash_view_t *view,
                                    hotreload_reason_t *reason)
{
    esp_err_t error = hotreload_port_flash_map(&store->flash, offset, size, view);
    if (error != ESP_OK) {
        return hotreload_fail(reason, error, "%u bytes of partition \"%s\" could not be mapped",
                              (unsigned)size, store->label);
    }
    return ESP_OK;
}

esp_err_t hotreload_store_hash(const void *data, size_t size, uint8_t digest[HOTRELOAD_HASH_SIZE],
                               hotreload_reason_t *reason)
{
    esp_err_t error = hotreload_hash_compute(NULL, 0, data, size, digest);
    if (error != ESP_OK) {
        return hotreload_hash_fail(reason, error);
    }
    return ESP_OK;
}

esp_err_t hotreload_store_check_hash(const void *data, size_t size, const uint8_t *sha256,
                                     hotreload_reason_t *reason)
{
    uint8_t digest[HOTRELOAD_HASH_SIZE];
    esp_err_t error = hotreload_store_hash(data, size, digest, reason);
    if (error == ESP_OK && memcmp(digest, sha256, sizeof digest) != 0) {
        error = hotreload_fail(reason, ESP_ERR_INVALID_CRC,
                               "the module in partition \"%s\" is damaged: upload it again",
                               store->label);
    }
    return error;
}

esp_err_t hotreload_store_fail_read(const char *label, hotreload_reason_t *reason)
{
    return hotreload_record_fail_flash(label, "read", reason);
}

esp_err_t hotreload_store_fail_not_open(hotreload_reason_t *reason)
{
    return hotreload_fail(reason, ESP_ERR_INVALID_STATE, "no partition is open");
}
