/* SPDX-License-Identifier: MIT */
#include "store/layout.h"

#include <string.h>

uint32_t hotreload_span_round(const hotreload_flash_t *flash, uint32_t size)
{
    return (size + flash->erase_size - 1) & ~(flash->erase_size - 1);
}

hotreload_span_t hotreload_span_of(const hotreload_flash_t *flash, const hotreload_record_t *record)
{
    return (hotreload_span_t){
        .start = record->offset - HOTRELOAD_RECORD_DATA,
        .end = hotreload_span_round(flash, record->offset + record->length),
    };
}

bool hotreload_spans_overlap(hotreload_span_t a, hotreload_span_t b)
{
    return a.start < b.end && b.start < a.end;
}

/* ---- Room ---- */

static bool is_free(const hotreload_span_t *taken, unsigned count, hotreload_span_t place)
{
    while (count != 0 && !hotreload_spans_overlap(place, *taken)) {
        taken++;
        count--;
    }
    return count == 0;
}

/** Bytes of the largest run of sectors that none of these spans is in. */
static uint32_t largest_gap(const hotreload_span_t *taken, unsigned count)
{
    uint32_t largest = 0;
    for (unsigned i = 0; i < count; i++) {
        uint32_t gap = UINT32_MAX;
        for (unsigned j = 0; j < count; j++) {
            /* Unsigned: what begins before this end counts as very far. */
            const uint32_t distance = taken[j].start - taken[i].end;
            if (taken[j].start != taken[j].end && distance < gap) {
                gap = distance;
            }
        }
        largest = gap > largest ? gap : largest;
    }
    return largest;
}

bool hotreload_span_find_room(hotreload_span_t *taken, unsigned count, uint32_t length,
                              uint32_t roomy)
{
    const hotreload_span_t *others = &taken[HOTRELOAD_ROOM_OUTSIDE];
    uint32_t best = 0;
    uint32_t wanted = 0; /* the next one must leave so much in one piece */
    for (unsigned i = HOTRELOAD_ROOM_OUTSIDE; i < count; i++) {
        const uint32_t start = taken[i].end;
        const hotreload_span_t place = {start, start + length};
        if (place.end > others->start || !is_free(others, count - 1, place)) {
            continue;
        }
        taken[HOTRELOAD_ROOM_PLACE] = place;
        const uint32_t gap = largest_gap(taken, count);
        if (i == HOTRELOAD_ROOM_NEWEST && gap >= roomy) {
            return true;
        }
        if (gap >= wanted) {
            wanted = gap + 1;
            best = start;
        }
    }
    taken[HOTRELOAD_ROOM_PLACE] = (hotreload_span_t){best, best + length};
    return wanted != 0;
}

/* ---- Records ---- */

/** What precedes the module in a record. */
typedef struct {
    hotreload_record_header_t header;
    uint8_t marks[HOTRELOAD_MARKS_SIZE];
} head_t;

_Static_assert(sizeof(head_t) == HOTRELOAD_RECORD_DATA, "the module follows the marks");

/**
 * Reads the header at a sector.
 *
 * @param mapped  the sector, mapped; NULL: it is not
 * @return ESP_OK, ESP_ERR_NOT_FOUND: none, ESP_ERR_FLASH_OP_FAIL
 */
static esp_err_t read_record(const hotreload_flash_t *flash, const uint8_t *mapped, uint32_t start,
                             hotreload_record_t *record, hotreload_marks_t *marks)
{
    head_t head;
    if (mapped != NULL) {
        memcpy(&head, mapped, sizeof head);
    } else {
        esp_err_t error = hotreload_port_flash_read(flash, start, &head, sizeof head);
        if (error != ESP_OK) {
            return error;
        }
    }
    if (!hotreload_record_is_valid(&head.header, flash->size - start)) {
        return ESP_ERR_NOT_FOUND;
    }
    record->sequence = head.header.sequence;
    record->offset = start + HOTRELOAD_RECORD_DATA;
    record->length = head.header.length;
    memcpy(record->sha256, head.header.sha256, sizeof record->sha256);
    record->base = head.header.base;
    *marks = hotreload_marks_parse(head.marks);
    return ESP_OK;
}

static esp_err_t scan_newest(hotreload_record_kind_t kind, const hotreload_flash_t *flash,
                             const uint8_t *whole, hotreload_span_t hidden, uint32_t below,
                             hotreload_record_t *record)
{
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
        const uint8_t *mapped = whole != NULL ? whole + start : NULL;
        esp_err_t error = read_record(flash, mapped, start, &candidate, &marks);
        if (error == ESP_ERR_NOT_FOUND) {
            start = sector.end;
            continue;
        }
        if (error != ESP_OK) {
            return error;
        }
        if (candidate.sequence < below && hotreload_marks_are_of_kind(marks, kind) &&
            (!found || candidate.sequence > record->sequence)) {
            *record = candidate;
            found = true;
        }
        /* Bytes inside a module may look like a header: skip them. */
        start = hotreload_span_of(flash, &candidate).end;
    }
    return found ? ESP_OK : ESP_ERR_NOT_FOUND;
}

/* A read stops the caches of a chip, so a read for each sector would take most of a boot. */
esp_err_t hotreload_scan_newest(hotreload_record_kind_t kind, const hotreload_flash_t *flash,
                                hotreload_span_t hidden, uint32_t below, hotreload_record_t *record)
{
    hotreload_flash_view_t view;
    const bool is_mapped = hotreload_port_flash_map(flash, 0, flash->size, &view) == ESP_OK;
    esp_err_t error = scan_newest(kind, flash, is_mapped ? view.data : NULL, hidden, below, record);
    if (is_mapped) {
        hotreload_port_flash_unmap(&view);
    }
    return error;
}

esp_err_t hotreload_scan_newest_sequence(const hotreload_flash_t *flash, uint32_t *sequence)
{
    hotreload_record_t newest;
    const hotreload_span_t none = {0};
    esp_err_t error = hotreload_scan_newest(HOTRELOAD_RECORD_ANY, flash, none, UINT32_MAX, &newest);
    *sequence = error == ESP_OK ? newest.sequence : 0;
    return error == ESP_ERR_NOT_FOUND ? ESP_OK : error;
}

/** Finds the record with a sequence. */
static esp_err_t scan_sequence(const hotreload_flash_t *flash, uint32_t sequence,
                               hotreload_record_t *record)
{
    const hotreload_span_t none = {0};
    esp_err_t error =
        hotreload_scan_newest(HOTRELOAD_RECORD_ANY, flash, none, sequence + 1, record);
    return error == ESP_OK && record->sequence != sequence ? ESP_ERR_NOT_FOUND : error;
}

esp_err_t hotreload_scan_base(const hotreload_flash_t *flash, const hotreload_record_t *record,
                              hotreload_span_t *span)
{
    hotreload_record_t base;
    *span = (hotreload_span_t){0};
    if (record->base == HOTRELOAD_NO_BASE) {
        return ESP_OK;
    }
    esp_err_t error = scan_sequence(flash, record->base, &base);
    if (error == ESP_OK) {
        *span = hotreload_span_of(flash, &base);
    }
    return error == ESP_ERR_NOT_FOUND ? ESP_OK : error;
}

esp_err_t hotreload_scan_protected(const hotreload_flash_t *flash, uint32_t below,
                                   hotreload_span_t spans[HOTRELOAD_SCAN_PROTECTED])
{
    static const hotreload_record_kind_t kinds[] = {HOTRELOAD_RECORD_USABLE, HOTRELOAD_RECORD_GOOD};
    const hotreload_span_t none = {0};
    for (unsigned i = 0; i < HOTRELOAD_SCAN_PROTECTED; i += 2) {
        hotreload_record_t record;
        spans[i] = spans[i + 1] = none;
        esp_err_t error = hotreload_scan_newest(kinds[i / 2], flash, none, below, &record);
        if (error == ESP_OK) {
            spans[i] = hotreload_span_of(flash, &record);
            error = hotreload_scan_base(flash, &record, &spans[i + 1]);
        }
        if (error != ESP_OK && error != ESP_ERR_NOT_FOUND) {
            return error;
        }
    }
    return ESP_OK;
}

esp_err_t hotreload_scan_find_again(const hotreload_flash_t *flash, const uint8_t *whole,
                                    const hotreload_record_t *record, hotreload_marks_t *marks)
{
    const uint32_t start = record->offset - HOTRELOAD_RECORD_DATA;
    hotreload_record_t present;
    if (start >= flash->size) {
        return ESP_ERR_NOT_FOUND; /* it is of another partition */
    }
    esp_err_t error =
        read_record(flash, whole != NULL ? whole + start : NULL, start, &present, marks);
    if (error != ESP_OK) {
        return error;
    }
    return present.length == record->length && hotreload_record_is_same(&present, record)
               ? ESP_OK
               : ESP_ERR_NOT_FOUND;
}
