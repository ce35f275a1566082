/* SPDX-License-Identifier: MIT */
#include "stored.h"

#include "testing.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "sha256.h"
#include "store_reset.h"
#include "store/state.h"

int stored_set_up(void **state)
{
    fake_port_reset();
    stored_flash(8, FAKE_FLASH_SECTOR);
    return 0;
}

int stored_tear_down(void **state)
{
    store_reset();
    fake_flash_destroy();
    fake_port_expect_idle();
    return 0;
}

void stored_flash(uint32_t sectors, uint32_t sector)
{
    hotreload_reason_t reason;
    store_reset();
    fake_flash_create(sectors, sector);
    assert_int_equal(hotreload_store_open(FAKE_FLASH_LABEL, &reason), ESP_OK);
}

uint8_t *stored_bytes(uint32_t seed, size_t size)
{
    uint8_t *bytes = malloc(size);
    assert_non_null(bytes);
    uint32_t random = seed * 2654435761u + 1;
    for (size_t i = 0; i < size; i++) {
        random = random * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(random >> 24);
    }
    return bytes;
}

void stored_sha256(const void *data, size_t size, uint8_t digest[HOTRELOAD_HASH_SIZE])
{
    /* Without the port: the failures that a test plans are for the code under test. */
    sha256_t hash;
    sha256_begin(&hash);
    sha256_update(&hash, data, size);
    sha256_end(&hash, digest);
}

esp_err_t stored_write(const void *data, size_t size, size_t piece, hotreload_reason_t *reason)
{
    uint8_t sha256[HOTRELOAD_HASH_SIZE];
    stored_sha256(data, size, sha256);
    esp_err_t error = hotreload_store_begin(size, reason);
    for (size_t at = 0; at < size && error == ESP_OK; at += piece) {
        size_t part = size - at < piece ? size - at : piece;
        error = hotreload_store_write((const uint8_t *)data + at, part, reason);
    }
    return error == ESP_OK ? hotreload_store_commit(sha256, NULL, reason) : error;
}

esp_err_t stored_module(uint32_t seed, size_t size)
{
    hotreload_reason_t reason;
    uint8_t *bytes = stored_bytes(seed, size);
    esp_err_t error = stored_write(bytes, size, size, &reason);
    free(bytes);
    return error;
}

void stored_expect_ok(uint32_t seed, size_t size)
{
    assert_int_equal(stored_module(seed, size), ESP_OK);
}

void stored_boot(void)
{
    hotreload_reason_t reason;
    store_reset();
    fake_flash_power_on();
    assert_int_equal(hotreload_store_open(FAKE_FLASH_LABEL, &reason), ESP_OK);
}

bool stored_holds(const hotreload_record_t *record, uint32_t seed, size_t size)
{
    hotreload_reason_t reason;
    hotreload_flash_view_t view;
    if (record->length != size || hotreload_store_map(record, &view, &reason) != ESP_OK) {
        return false;
    }
    uint8_t *bytes = stored_bytes(seed, size);
    assert_int_equal(view.size, size);
    bool same = memcmp(view.data, bytes, size) == 0;
    free(bytes);
    hotreload_store_unmap(&view);
    return same;
}

bool stored_has_module(void)
{
    hotreload_reason_t reason;
    hotreload_record_t record;
    return hotreload_store_find(HOTRELOAD_RECORD_ANY, NULL, &record, &reason) == ESP_OK;
}

hotreload_record_t stored_newest(void)
{
    hotreload_reason_t reason;
    hotreload_record_t record;
    assert_int_equal(hotreload_store_find(HOTRELOAD_RECORD_ANY, NULL, &record, &reason), ESP_OK);
    return record;
}

void stored_expect_newest(uint32_t seed, size_t size)
{
    hotreload_record_t record = stored_newest();
    assert_true(stored_holds(&record, seed, size));
    assert_int_equal(hotreload_store_state.newest, record.sequence);
}
