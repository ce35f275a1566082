/* SPDX-License-Identifier: MIT */
#include "store/held.h"

#include <string.h>

bool hotreload_held_allocate(hotreload_held_t *held, uint32_t sequence, uint32_t offset,
                             uint32_t length)
{
    uint8_t *memory = held->memory == NULL ? hotreload_port_buffer_alloc(length) : NULL;
    if (memory == NULL) {
        return false;
    }
    *held = (hotreload_held_t){.state = HOTRELOAD_HELD_RECEIVING, .memory = memory};
    held->record.sequence = sequence;
    held->record.offset = offset;
    held->record.length = length;
    return true;
}

bool hotreload_held_is_record(const hotreload_held_t *held, const hotreload_record_t *record)
{
    return (held->state == HOTRELOAD_HELD_WAITING || held->state == HOTRELOAD_HELD_LOST) &&
           hotreload_record_is_same(&held->record, record);
}

bool hotreload_held_can_load(const hotreload_held_t *held, hotreload_record_kind_t kind,
                             uint32_t below)
{
    return (held->state == HOTRELOAD_HELD_WAITING || held->state == HOTRELOAD_HELD_LOST) &&
           held->memory != NULL && held->record.sequence < below &&
           hotreload_marks_are_of_kind(held->marks, kind);
}

/** A record that the flash did not take stays until one reload has loaded it or given it up. */
static bool is_needed(const hotreload_held_t *held)
{
    return held->mapped || held->state == HOTRELOAD_HELD_RECEIVING ||
           held->state == HOTRELOAD_HELD_WAITING ||
           (held->state == HOTRELOAD_HELD_LOST && !held->was_tried);
}

static void free_unneeded(hotreload_held_t *held)
{
    if (held->memory != NULL && !is_needed(held)) {
        hotreload_port_buffer_free(held->memory, held->record.length);
        held->memory = NULL;
    }
}

void hotreload_held_set_state(hotreload_held_t *held, hotreload_held_state_t state)
{
    held->state = state;
    free_unneeded(held);
}

void hotreload_held_set_mapped(hotreload_held_t *held, bool mapped)
{
    held->mapped = mapped;
    free_unneeded(held);
}

void hotreload_held_set_tried(hotreload_held_t *held)
{
    held->was_tried = true;
    free_unneeded(held);
}
