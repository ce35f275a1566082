/*
 * What the files of the store share about the open partition: store.c opens, reads and marks;
 * record_writing.c writes.
 *
 * HOTRELOAD_LOCK_STORE guards all of it. Callers of these functions hold the lock.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_STORE_STATE_H
#define HOTRELOAD_STORE_STATE_H

#include <stdatomic.h>

#include "store/held.h"
#include "store/layout.h"
#include "store/store.h"
#include "store/writer.h"

/** The longest label that a partition table can hold. */
#define HOTRELOAD_STORE_LABEL_SIZE 16u

typedef struct {
    bool open;
    char label[HOTRELOAD_STORE_LABEL_SIZE + 1];
    hotreload_flash_t flash;
    bool has_module;
    uint32_t newest;                /**< sequence of the newest record; 0: none */
    uint32_t tried;                 /**< `newest` when a record was last tried; 0: none was */
    hotreload_span_t mapped;        /**< what a reload reads; empty: nothing */
    unsigned readers;               /**< calls of hotreload_store_begin_reading() */
    hotreload_flash_view_t reading; /**< the whole partition for them, or empty */
    bool is_running;                /**< the next one is known */
    hotreload_record_t running;
    /** Records from this sequence on turned out to be damaged: they need no protection. */
    uint32_t intact_below;
    bool writing;      /**< also while the record waits in RAM: its place is taken */
    uint32_t sequence; /**< of the record being written */
    hotreload_writer_t writer;
    hotreload_held_t held;
} hotreload_store_state_t;

extern hotreload_store_state_t hotreload_store_state;

/** Apart, so that it can be read without the lock: a record has come that was not tried. */
extern atomic_uint hotreload_store_untried;

/** Sets the sequence of the newest record. */
void hotreload_store_set_newest(uint32_t sequence);

/** Notes that all records up to this sequence were tried. */
void hotreload_store_note_tried(uint32_t sequence);

/** Takes HOTRELOAD_LOCK_STORE. */
void hotreload_store_lock(void);

/** Releases it; returns `error`. */
esp_err_t hotreload_store_unlock(esp_err_t error);

/** Where the record being written goes; empty: none is. */
hotreload_span_t hotreload_store_writer_span(void);

/** Finds the record with a sequence, held ones included; fails with a reason. */
esp_err_t hotreload_store_find_record(uint32_t sequence, hotreload_record_t *record,
                                      hotreload_reason_t *reason);

/** Fails with a reason unless the base of a record is there; HOTRELOAD_NO_BASE: it needs none. */
esp_err_t hotreload_store_check_base(uint32_t base, hotreload_reason_t *reason);

/** Maps a part of the partition; fails with a reason. */
esp_err_t hotreload_store_map_flash(uint32_t offset, size_t size, hotreload_flash_view_t *view,
                                    hotreload_reason_t *reason);

/** Fails with ESP_ERR_INVALID_CRC when bytes have another hash. */
esp_err_t hotreload_store_check_hash(const void *data, size_t size, const uint8_t *sha256,
                                     hotreload_reason_t *reason);

/** Reasons of errors that several files give. */
esp_err_t hotreload_store_fail_read(const char *label, hotreload_reason_t *reason);
esp_err_t hotreload_store_fail_not_open(hotreload_reason_t *reason);

#endif
