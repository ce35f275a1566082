/*
 * What happened to modules since the boot, for `GET /status`: others set it, and anyone may copy
 * it.
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
    uint32_t sequence; /**< of the loaded module's record; 0: it came from memory */
    uint32_t reloads;  /**< modules loaded since boot */
    uint32_t text_run; /**< run address and size in bytes of the loaded segments */
    uint32_t text_size;
    uint32_t data_run;
    uint32_t data_size;
    hotreload_reason_t rollback;   /**< which module crashed, and which runs instead; or empty */
    hotreload_reason_t last_error; /**< why the last load, reload or upload failed; or empty */
} hotreload_status_t;

/** Notes which module runs, with the sequence of its record; NULL: none runs. Any task. */
void hotreload_status_set_module(const hotreload_module_t *module, uint32_t sequence);

/** Notes which module crashed and which one runs instead; `text` empty: none crashed. Any task. */
void hotreload_status_set_rollback(const hotreload_reason_t *rollback);

/** Copies the status. Any task. */
void hotreload_status_get(hotreload_status_t *status);

/** Notes why something failed; `text` empty: the last call succeeded. Any task. */
void hotreload_status_set_error(const hotreload_reason_t *reason);

#endif
