/*
 * The requests of receive/requests.h over a serial line. The port reads the line, passes in what
 * comes, and sends the answers. The device only answers. The sender repeats a request whose answer
 * was lost; it gets the same answer, and nothing is done twice.
 *
 * All calls for one link come from one task.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_SERIAL_LINK_H
#define HOTRELOAD_SERIAL_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "receive/serial_frame.h"
#include "receive/requests.h"

/** What does not change while the link is in use. */
typedef struct {
    const char *partition_label;
    size_t max_size;          /**< longest upload accepted, bytes */
    bool accept_replayed;     /**< of hotreload_upload_request_t, as is the next */
    bool run_from_ram_first;  /**< needs `finished` */
    uint32_t idle_timeout_ms; /**< an upload without a piece for so long is given up */
    /** Writes a frame with one call, so that no line of the log lands inside. */
    void (*send)(const char *line, size_t size);
    /** Called after the answer to a finished upload was sent: hotreload_request_upload_settle(). */
    void (*finished)(void);
    /** Gets what comes in and belongs to no frame; NULL: that is dropped. */
    void (*input)(const void *data, size_t size, void *context);
    void *input_context;
} hotreload_serial_settings_t;

/** Bytes of an answer's payload: the status and the JSON without its NUL. */
#define HOTRELOAD_SERIAL_ANSWER (2u + sizeof((hotreload_answer_t *)0)->body - 1u)

typedef struct {
    hotreload_serial_settings_t settings;
    hotreload_frame_reader_t reader;
    bool answered;        /**< the next three are of a request that came */
    uint32_t number, crc; /**< the same in both: the same request */
    hotreload_answer_t answer;
    bool uploading;    /**< the core has an upload of this link */
    uint32_t received; /**< bytes of it */
    bool has_finished; /**< call `finished` once the answer was sent */
    uint32_t heard_ms; /**< when its last request came */
    char line[HOTRELOAD_FRAME_LINE(HOTRELOAD_SERIAL_ANSWER)];
} hotreload_serial_link_t;

/** Prepares a link. Call hotreload_requests_start() before. */
void hotreload_serial_open(hotreload_serial_link_t *link,
                           const hotreload_serial_settings_t *settings);

/** Takes bytes from the line, answers requests, and passes other bytes on. */
void hotreload_serial_receive(hotreload_serial_link_t *link, const void *data, size_t size);

/** Gives an upload up if its sender is silent. Call at least every second. */
void hotreload_serial_check_idle(hotreload_serial_link_t *link);

/** Drops an upload under way. Call when nobody reads the line any more. */
void hotreload_serial_close(hotreload_serial_link_t *link);

#endif
