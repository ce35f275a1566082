/*
 * What the device says about itself: the source of `GET /status`.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_STATUS_H
#define HOTRELOAD_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "loader/loader.h"
#include "reason.h"

typedef struct {
    bool loaded;
    uint32_t sequence; /**< of the loaded module's record; 0: bare ELF or from memory */
    uint32_t reloads;  /**< modules loaded since boot */
    uint32_t text_run; /**< run address and size in bytes of the loaded segments */
    uint32_t text_size;
    uint32_t data_run;
    uint32_t data_size;
    bool pending;                /**< hotreload_update_available() */
    bool trial;                  /**< the loaded module is on trial */
    bool stored;                 /**< the partition has the loaded module: it survives a restart */
    hotreload_reason_t rollback; /**< which module crashed, and which runs instead; or empty */
    hotreload_reason_t last_error; /**< why the last load, reload or upload failed; or empty */
} hotreload_status_t;

/** Notes which module runs (its record's sequence), or that none does: NULL. Any task. */
void hotreload_status_set_module(const hotreload_module_t *module, uint32_t sequence);

/** Notes what became of a module that crashed; `text` empty: none has. Any task. */
void hotreload_status_set_rollback(const hotreload_reason_t *rollback);

/** Copies the present state. Any task. */
void hotreload_status_get(hotreload_status_t *status);

/** Records why something failed; `text` empty: nothing is wrong any more. Any task. */
void hotreload_status_set_error(const hotreload_reason_t *reason);

#endif
