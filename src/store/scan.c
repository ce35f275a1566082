/* SPDX-License-Identifier: MIT */
#include "store/scan.h"

#include <string.h>

#include "store/bare_elf.h"
#include "store/marks.h"
#include "store/record.h"

/** What precedes the module in a record. */
typedef struct {
    hotreload_record_header_t header;
    uint8_t marks[HOTRELOAD_MARKS_SIZE];
} head_t;

_Static_assert(sizeof(head_t) == HOTRELOAD_RECORD_DATA, "the module follows the marks");

/** Reads the header at a sector. @return ESP_OK, ESP_ERR_NOT_FOUND: none, ESP_ERR_FLASH_OP_FAIL */
static esp_err_t read_record(const hotreload_flash_t *flash, uint32_t start,
                             hotreload_record_t *record, hotreload_marks_t *marks)
{
    head_t head;
    esp_err_t error = hotreload_port_flash_read(flash, start, &head, sizeof head);
    if (error != ESP_OK) {
        return error;
    }
    if (!hotreload_record_is_valid(&head.header, flash->size - start)) {
        return ESP_ERR_NOT_FOUND;
    }
    record->sequence = head.header.sequence;
    record->offset = start + HOTRELOAD_RECORD_DATA;
    record->length = head.header.length;
    memcpy(record->sha256, head.header.sha256, sizeof record->sha256);
    *marks = hotreload_marks_parse(head.marks);
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

esp_err_t hotreload_scan_newest(hotreload_record_kind_t kind, const hotreload_flash_t *flash,
                                hotreload_span_t hidden, uint32_t below, hotreload_record_t *record)
{
    uint32_t first = flash->size; /* start of the first record */
    uint32_t start = 0;
    bool found = false;
    while (start < flash->size) {
        hotreload_span_t sector = {start, start + flash->erase_size};
        hotreload_record_t candidate;
        hotreload_marks_t marks;
        if (hotreload_spans_overlap(sector, hidden)) {
            start = hidden.end;
            continue;
        }
        esp_err_t error = read_record(flash, start, &candidate, &marks);
        if (error == ESP_ERR_NOT_FOUND) {
            start = sector.end;
            continue;
        }
        if (error != ESP_OK) {
            return error;
        }
        if (candidate.sequence < below && hotreload_marks_make(marks, kind) &&
            (!found || candidate.sequence > record->sequence)) {
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
    if (below == 0 || !hotreload_marks_make(HOTRELOAD_MARKS_OF_BARE_ELF, kind)) {
        return ESP_ERR_NOT_FOUND;
    }
    return read_bare_elf(flash, hidden, first, record);
}

esp_err_t hotreload_scan_protected(const hotreload_flash_t *flash, uint32_t below,
                                   hotreload_span_t spans[HOTRELOAD_SCAN_PROTECTED])
{
    static const hotreload_record_kind_t kinds[HOTRELOAD_SCAN_PROTECTED] = {HOTRELOAD_RECORD_USABLE,
                                                                            HOTRELOAD_RECORD_GOOD};
    const hotreload_span_t none = {0};
    for (unsigned i = 0; i < HOTRELOAD_SCAN_PROTECTED; i++) {
        hotreload_record_t record;
        esp_err_t error = hotreload_scan_newest(kinds[i], flash, none, below, &record);
        if (error != ESP_OK && error != ESP_ERR_NOT_FOUND) {
            return error;
        }
        spans[i] = error == ESP_OK ? hotreload_span_of(flash, &record) : none;
    }
    return ESP_OK;
}

esp_err_t hotreload_scan_check(const hotreload_flash_t *flash, const hotreload_record_t *record,
                               hotreload_marks_t *marks)
{
    hotreload_record_t present = {0};
    uint32_t start = hotreload_span_of(flash, record).start;
    *marks = HOTRELOAD_MARKS_OF_BARE_ELF;
    esp_err_t error = record->sequence == 0
                          ? hotreload_bare_elf_length(flash, flash->size, &present.length)
                          : read_record(flash, start, &present, marks);
    if (error != ESP_OK) {
        return error;
    }
    bool same = present.sequence == record->sequence && present.length == record->length &&
                memcmp(present.sha256, record->sha256, sizeof present.sha256) == 0;
    return same ? ESP_OK : ESP_ERR_NOT_FOUND;
}
