/* SPDX-License-Identifier: MIT */
#include "store/held.h"

#include <string.h>

bool hotreload_held_begin(hotreload_held_t *held, const hotreload_record_t *record)
{
    if (held->memory != NULL) {
        return false;
    }
    uint8_t *memory = hotreload_port_buffer_alloc(record->length);
    if (memory == NULL) {
        return false;
    }
    *held = (hotreload_held_t){.state = HOTRELOAD_HELD_RECEIVING,
                               .record = *record,
                               .memory = memory,
                               .size = record->length};
    return true;
}

bool hotreload_held_append(hotreload_held_t *held, const void *data, size_t size)
{
    if (size > held->record.length - held->received) {
        return false;
    }
    memcpy(held->memory + held->received, data, size);
    held->received += (uint32_t)size;
    return true;
}

bool hotreload_held_is(const hotreload_held_t *held, const hotreload_record_t *record)
{
    return (held->state == HOTRELOAD_HELD_WAITING || held->state == HOTRELOAD_HELD_LOST) &&
           held->record.sequence == record->sequence &&
           memcmp(held->record.sha256, record->sha256, sizeof record->sha256) == 0;
}

bool hotreload_held_offers(const hotreload_held_t *held, hotreload_record_kind_t kind,
                           uint32_t below)
{
    return (held->state == HOTRELOAD_HELD_WAITING || held->state == HOTRELOAD_HELD_LOST) &&
           held->memory != NULL && held->record.sequence < below &&
           hotreload_marks_make(held->marks, kind);
}

/** What could not be written is kept for the reload that it was announced for. */
static bool is_needed(const hotreload_held_t *held)
{
    return held->mapped || held->state == HOTRELOAD_HELD_RECEIVING ||
           held->state == HOTRELOAD_HELD_WAITING ||
           (held->state == HOTRELOAD_HELD_LOST && !held->was_mapped);
}

static void free_unneeded(hotreload_held_t *held)
{
    if (held->memory != NULL && !is_needed(held)) {
        hotreload_port_buffer_free(held->memory, held->size);
        held->memory = NULL;
    }
}

void hotreload_held_become(hotreload_held_t *held, hotreload_held_state_t state)
{
    held->state = state;
    free_unneeded(held);
}

void hotreload_held_map(hotreload_held_t *held, bool mapped)
{
    held->mapped = mapped;
    held->was_mapped = true;
    free_unneeded(held);
}
