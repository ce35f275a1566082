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

/** Which records run. */
typedef struct {
    uint32_t base; /**< sequence of the module's record; 0: none, or it came from memory */
    uint8_t base_sha256[HOTRELOAD_HASH_SIZE];
    uint32_t patch;           /**< sequence of the patch's record; 0: no patch is applied */
    uint32_t patch_functions; /**< functions of the base that the patch replaces */
    uint32_t patch_text_run, patch_text_size, patch_data_run, patch_data_size;
} hotreload_running_t;

typedef struct {
    bool loaded;
    uint32_t sequence; /**< of the record that runs, the patch's if there is one; 0: from memory */
    uint32_t reloads;  /**< modules and patches loaded since boot */
    uint32_t since_ms; /**< hotreload_port_now_ms() at the last of them */
    uint32_t text_run; /**< run address and size in bytes of the module's segments */
    uint32_t text_size;
    uint32_t data_run;
    uint32_t data_size;
    hotreload_running_t running;
    hotreload_reason_t rollback;   /**< which module crashed, and which runs instead; or empty */
    hotreload_reason_t last_error; /**< why something failed last; or empty */
} hotreload_status_t;

/** Notes which module runs, and from which records; NULL: none runs. Any task. */
void hotreload_status_set_module(const hotreload_module_t *module,
                                 const hotreload_running_t *running);

/** Notes which module crashed and which one runs instead; `text` empty: none crashed. Any task. */
void hotreload_status_set_rollback(const hotreload_reason_t *rollback);

/** Copies the status. Any task. */
void hotreload_status_get(hotreload_status_t *status);

/** Notes what there is to say of the last call, which succeeded: `last_error`. Any task. */
void hotreload_status_set_warning(const hotreload_reason_t *warning);

/** Forgets what went wrong before. Any task. */
void hotreload_status_clear_error(void);

/** Notes why something failed, and posts the event. Any task. */
void hotreload_status_set_error(const hotreload_reason_t *reason);

#endif
