/*
 * What tasks do to the core, and which outcomes are right.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef OPERATIONS_H
#define OPERATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "candidates.h"
#include "run/status.h"
#include "receive/requests.h"

typedef enum {
    OPERATION_UPLOAD,
    OPERATION_UPDATE, /**< hotreload_update_partition() */
    OPERATION_RELOAD,
    OPERATION_LOAD,
    OPERATION_UNLOAD,
    OPERATION_BUFFER, /**< hotreload_load_from_buffer() */
    OPERATION_STATUS,
    OPERATION_TIMER,  /**< the time of a trial has passed */
    OPERATION_SETTLE, /**< another server goes on with what an upload left in RAM */
    OPERATION_STOP,   /**< the server stops, and starts again */
} operation_kind_t;

/** How an upload goes on its sender's side. */
typedef enum {
    UPLOAD_GOOD,
    UPLOAD_FORGED,  /**< its HMAC is another module's */
    UPLOAD_DAMAGED, /**< a byte of the body is not what was announced */
    UPLOAD_LEFT,    /**< ended after a piece by `end` */
} upload_fate_t;

typedef struct {
    operation_kind_t kind;
    candidate_t *candidate; /**< of an upload, an update, a buffer */
    size_t piece;           /**< bytes that an upload sends at a time */
    upload_fate_t fate;
    hotreload_upload_end_t end;
    bool proves_itself; /**< the upload has X-Hotreload-Auth in place of the HMAC */
    bool ram_first;     /**< the upload may wait in RAM */
    bool leaves_it;     /**< there: its server does not write it */
    bool unload_first;  /**< of a reload */

    /* The outcome. */
    int status;         /**< HTTP */
    esp_err_t error;    /**< of the others */
    uint32_t sequence;  /**< of an upload that was stored, or of what a status told */
    uint32_t text_size; /**< likewise, of a status */
    bool loaded;        /**< likewise */
} operation_t;

/** What the outcomes depend on. */
typedef struct {
    bool faults;    /**< operations of the port fail on purpose */
    bool small_ram; /**< not every module fits beside another */
    bool small_flash;
} circumstances_t;

/** Does it, as a task; the outcome is in it then. */
void operation_do(operation_t *operation);

/** Ends the program if the outcome is none of those that are right. */
void operation_check(const operation_t *operation, const circumstances_t *circumstances);

#endif
