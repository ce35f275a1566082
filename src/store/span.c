/* SPDX-License-Identifier: MIT */
#include "store/span.h"

#include "store/record.h"

uint32_t hotreload_span_round(const hotreload_flash_t *flash, uint32_t size)
{
    return (size + flash->erase_size - 1) & ~(flash->erase_size - 1);
}

hotreload_span_t hotreload_span_of(const hotreload_flash_t *flash, const hotreload_record_t *record)
{
    uint32_t header = record->sequence == 0 ? 0 : HOTRELOAD_RECORD_DATA;
    return (hotreload_span_t){
        .start = record->offset - header,
        .end = hotreload_span_round(flash, record->offset + record->length),
    };
}

bool hotreload_spans_overlap(hotreload_span_t a, hotreload_span_t b)
{
    return a.start < b.end && b.start < a.end;
}

uint32_t hotreload_spans_bytes(const hotreload_span_t *spans, unsigned count)
{
    uint32_t bytes = 0;
    for (unsigned i = 0; i < count; i++) {
        bool seen = false;
        for (unsigned j = 0; j < i; j++) {
            seen = seen || hotreload_spans_overlap(spans[i], spans[j]);
        }
        bytes += seen ? 0 : spans[i].end - spans[i].start;
    }
    return bytes;
}

static bool is_free(uint32_t size, hotreload_span_t place, const hotreload_span_t *taken,
                    unsigned count)
{
    bool free = place.end <= size;
    for (unsigned i = 0; i < count && free; i++) {
        free = !hotreload_spans_overlap(place, taken[i]);
    }
    return free;
}

bool hotreload_span_find_room(uint32_t size, uint32_t length, hotreload_span_t newest,
                              const hotreload_span_t *taken, unsigned count,
                              hotreload_span_t *place)
{
    *place = (hotreload_span_t){newest.end, newest.end + length};
    if (is_free(size, *place, taken, count)) {
        return true;
    }
    /* The lowest free place begins at 0 or where something taken ends. */
    bool found = false;
    for (unsigned i = 0; i <= count; i++) {
        uint32_t start = i < count ? taken[i].end : 0;
        hotreload_span_t candidate = {start, start + length};
        if (is_free(size, candidate, taken, count) && (!found || start < place->start)) {
            *place = candidate;
            found = true;
        }
    }
    return found;
}
