/*
 * A run of sectors of the partition: what a record occupies.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_SPAN_H
#define HOTRELOAD_SPAN_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

/** Offsets in bytes, multiples of a sector; start == end: nothing. */
typedef struct {
    uint32_t start;
    uint32_t end;
} hotreload_span_t;

/** Bytes of whole sectors that hold `size` bytes; `size` is at most the partition's. */
uint32_t hotreload_span_round(const hotreload_flash_t *flash, uint32_t size);

/** What a record occupies: from its header (a bare ELF has none) to the end of its last sector. */
hotreload_span_t hotreload_span_of(const hotreload_flash_t *flash,
                                   const hotreload_record_t *record);

/** True when both share a sector. */
bool hotreload_spans_overlap(hotreload_span_t a, hotreload_span_t b);

/** Bytes of `count` spans together; those that overlap are the same record and count once. */
uint32_t hotreload_spans_bytes(const hotreload_span_t *spans, unsigned count);

/**
 * Finds room for a record: right after `newest`, so that the ring of records wears the sectors
 * evenly and keeps the history, else the lowest place that is free.
 *
 * @param size       bytes of the partition
 * @param length     bytes needed, whole sectors
 * @param newest     the newest record; empty: none
 * @param taken      what must not be touched, `newest` among it
 * @param count      number of `taken`
 * @param place      gets the room
 * @return false: there is none
 */
bool hotreload_span_find_room(uint32_t size, uint32_t length, hotreload_span_t newest,
                              const hotreload_span_t *taken, unsigned count,
                              hotreload_span_t *place);

#endif
