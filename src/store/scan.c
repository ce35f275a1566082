/* SPDX-License-Identifier: MIT */
#include "store/scan.h"

#include <string.h>

#include "store/bare_elf.h"
#include "store/record.h"

/** Reads the header at a sector. @return ESP_OK, ESP_ERR_NOT_FOUND: none, ESP_ERR_FLASH_OP_FAIL */
static esp_err_t read_record(const hotreload_flash_t *flash, uint32_t start,
                             hotreload_record_t *record)
{
    hotreload_record_header_t header;
    esp_err_t error = hotreload_port_flash_read(flash, start, &header, sizeof header);
    if (error != ESP_OK) {
        return error;
    }
    if (!hotreload_record_is_valid(&header, flash->size - start)) {
        return ESP_ERR_NOT_FOUND;
    }
    record->sequence = header.sequence;
    record->offset = start + HOTRELOAD_RECORD_DATA;
    record->length = header.length;
    memcpy(record->sha256, header.sha256, sizeof record->sha256);
    return ESP_OK;
}

/** A bare ELF counts if it ends before `limit`, the first record: else its end was overwritten. */
static esp_err_t read_bare_elf(const hotreload_flash_t *flash, hotreload_span_t hidden,
                               uint32_t limit, hotreload_record_t *record)
{
    *record = (hotreload_record_t){0};
    esp_err_t error = hotreload_bare_elf_length(flash, limit, &record->length);
    if (error == ESP_OK && hotreload_spans_overlap(hidden, hotreload_span_of(flash, record))) {
        error = ESP_ERR_NOT_FOUND;
    }
    return error;
}

esp_err_t hotreload_scan_newest(const hotreload_flash_t *flash, hotreload_span_t hidden,
                                uint32_t below, hotreload_record_t *record)
{
    uint32_t first = flash->size; /* start of the first record */
    uint32_t start = 0;
    bool found = false;
    while (start < flash->size) {
        hotreload_span_t sector = {start, start + flash->erase_size};
        hotreload_record_t candidate;
        if (hotreload_spans_overlap(sector, hidden)) {
            start = hidden.end;
            continue;
        }
        esp_err_t error = read_record(flash, start, &candidate);
        if (error == ESP_ERR_NOT_FOUND) {
            start = sector.end;
            continue;
        }
        if (error != ESP_OK) {
            return error;
        }
        if (candidate.sequence < below && (!found || candidate.sequence > record->sequence)) {
            *record = candidate;
            found = true;
        }
        first = start < first ? start : first;
        /* Bytes of a module that look like a header are none. */
        start = hotreload_span_of(flash, &candidate).end;
    }
    if (found) {
        return ESP_OK;
    }
    return below == 0 ? ESP_ERR_NOT_FOUND : read_bare_elf(flash, hidden, first, record);
}

esp_err_t hotreload_scan_check(const hotreload_flash_t *flash, const hotreload_record_t *record)
{
    hotreload_record_t present = {0};
    uint32_t start = hotreload_span_of(flash, record).start;
    esp_err_t error = record->sequence == 0
                          ? hotreload_bare_elf_length(flash, flash->size, &present.length)
                          : read_record(flash, start, &present);
    if (error != ESP_OK) {
        return error;
    }
    bool same = present.sequence == record->sequence && present.length == record->length &&
                memcmp(present.sha256, record->sha256, sizeof present.sha256) == 0;
    return same ? ESP_OK : ESP_ERR_NOT_FOUND;
}
