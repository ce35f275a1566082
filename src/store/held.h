/*
 * The record that is held in RAM. It is received there instead of in the flash. From its commit on
 * it is the newest record. hotreload_store_settle() writes it to the flash.
 *
 * All calls come with HOTRELOAD_LOCK_STORE held.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_HELD_H
#define HOTRELOAD_HELD_H

#include "store/record.h"
#include "store/store.h"

typedef enum {
    HOTRELOAD_HELD_NONE,      /**< the memory may still be there: a reload reads it */
    HOTRELOAD_HELD_RECEIVING, /**< not a record yet */
    HOTRELOAD_HELD_WAITING,   /**< the newest record; the flash does not have it yet */
    HOTRELOAD_HELD_LOST,      /**< a record that the flash did not take */
} hotreload_held_state_t;

/** All zero: none. */
typedef struct {
    hotreload_held_state_t state;
    hotreload_record_t record;
    hotreload_marks_t marks; /**< that the record has, or will have in the flash */
    uint8_t *memory;         /**< the module; NULL: freed, or never there */
    bool mapped;             /**< someone reads the memory */
    bool was_tried;          /**< a reload has loaded it, or given it up */
} hotreload_held_t;

/**
 * Takes memory for a record with this sequence, place in the flash and length.
 *
 * @return false: there is not enough, or a reload still reads the one before
 */
bool hotreload_held_allocate(hotreload_held_t *held, uint32_t sequence, uint32_t offset,
                             uint32_t length);

/** Tells whether a record is the one that is held, and not in the flash. */
bool hotreload_held_is_record(const hotreload_held_t *held, const hotreload_record_t *record);

/** Tells whether the held record is of this kind, older than `below`, and still in memory. */
bool hotreload_held_can_load(const hotreload_held_t *held, hotreload_record_kind_t kind,
                             uint32_t below);

/** Changes the state, and frees the memory if the new state does not need it. */
void hotreload_held_set_state(hotreload_held_t *held, hotreload_held_state_t state);

/** Notes whether a reload reads the memory; frees it once nobody needs it. */
void hotreload_held_set_mapped(hotreload_held_t *held, bool mapped);

/** Notes that a reload has loaded it, or given it up; frees the memory once nobody needs it. */
void hotreload_held_set_tried(hotreload_held_t *held);

#endif
