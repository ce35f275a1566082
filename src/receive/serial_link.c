/* SPDX-License-Identifier: MIT */
#include "receive/serial_link.h"

#include <string.h>

#include "port.h"
#include "receive/json.h"

static void send_answer(hotreload_serial_link_t *link, uint8_t type)
{
    const uint8_t status[] = {(uint8_t)link->answer.status, (uint8_t)(link->answer.status >> 8)};
    hotreload_frame_writer_t writer;
    hotreload_frame_begin(&writer, link->line, type | HOTRELOAD_FRAME_ANSWER, link->number);
    hotreload_frame_put(&writer, status, sizeof status);
    hotreload_frame_put(&writer, link->answer.body, strlen(link->answer.body));
    link->settings.send(link->line, hotreload_frame_end(&writer));
}

static void answer_ok(hotreload_answer_t *answer)
{
    answer->status = 200;
    hotreload_json_t json = hotreload_json_begin(answer->body, sizeof answer->body);
    hotreload_json_format(&json, "{\"status\":\"ok\"}");
}

/** @param answer  NULL: keeps the last answer, for a request that comes again */
static void cancel_upload(hotreload_serial_link_t *link, hotreload_upload_end_t why,
                          hotreload_answer_t *answer)
{
    if (link->uploading) {
        link->uploading = false;
        hotreload_request_upload_cancel(why, answer);
    }
}

/* ---- Uploads ---- */

/** Takes the text up to the next NUL. @return NULL: there is none, or it is empty */
static const char *take_text(const uint8_t **next, const uint8_t *end)
{
    const uint8_t *text = *next;
    const uint8_t *nul = memchr(text, '\0', (size_t)(end - text));
    *next = nul != NULL ? nul + 1 : end;
    return nul != NULL && nul != text ? (const char *)text : NULL;
}

/** A line has one sender. If it begins an upload, it has given up the one before. */
static void begin_upload(hotreload_serial_link_t *link, const uint8_t *payload, size_t size)
{
    cancel_upload(link, HOTRELOAD_UPLOAD_CUT_SHORT, &link->answer);
    if (size < 4) {
        hotreload_request_refuse(400, "the request has no length", &link->answer);
        return;
    }
    const uint8_t *next = payload + 4;
    const uint8_t *end = payload + size;
    hotreload_upload_request_t upload = {
        .partition_label = link->settings.partition_label,
        .max_size = link->settings.max_size,
        .content_length = hotreload_frame_u32(payload),
        .accept_replayed = link->settings.accept_replayed,
        .run_from_ram_first = link->settings.run_from_ram_first,
    };
    upload.sha256_hex = take_text(&next, end);
    upload.hmac_hex = take_text(&next, end);
    upload.auth_hex = take_text(&next, end);
    link->uploading = hotreload_request_upload_begin(&upload, &link->answer);
    link->received = 0;
    if (link->uploading) {
        answer_ok(&link->answer);
    }
}

static void write_piece(hotreload_serial_link_t *link, const uint8_t *payload, size_t size)
{
    if (size < 4 || hotreload_frame_u32(payload) != link->received) {
        cancel_upload(link, HOTRELOAD_UPLOAD_CUT_SHORT, &link->answer);
        hotreload_request_refuse(400, "a piece of the module is missing: send it again",
                                 &link->answer);
        return;
    }
    link->uploading = hotreload_request_upload_write(payload + 4, size - 4, &link->answer);
    link->received += (uint32_t)size - 4;
    if (link->uploading) {
        answer_ok(&link->answer);
    }
}

/** Requests of an upload. After a restart or a time-out there is no upload any more. */
static void continue_upload(hotreload_serial_link_t *link, uint8_t type, const uint8_t *payload,
                            size_t size)
{
    if (!link->uploading) {
        hotreload_request_refuse(410, "no upload is under way here", &link->answer);
    } else if (type == HOTRELOAD_FRAME_WRITE) {
        write_piece(link, payload, size);
    } else if (type == HOTRELOAD_FRAME_FINISH) {
        link->uploading = false;
        hotreload_request_upload_finish(&link->answer);
        link->has_finished = link->settings.run_from_ram_first && link->answer.status == 200;
    } else {
        cancel_upload(link, HOTRELOAD_UPLOAD_CUT_SHORT, &link->answer);
    }
}

/* ---- Requests ---- */

/** Does what a request asks for, and sets the answer. */
static void serve_request(hotreload_serial_link_t *link, uint8_t type)
{
    size_t size;
    const uint8_t *payload = hotreload_frame_payload(&link->reader, &size);
    switch (type) {
    case HOTRELOAD_FRAME_STATUS:
        hotreload_request_status(&link->answer);
        break;
    case HOTRELOAD_FRAME_PENDING:
        hotreload_request_pending(&link->answer);
        break;
    case HOTRELOAD_FRAME_NONCE:
        hotreload_request_nonce(&link->answer);
        break;
    case HOTRELOAD_FRAME_BEGIN:
        begin_upload(link, payload, size);
        break;
    case HOTRELOAD_FRAME_WRITE:
    case HOTRELOAD_FRAME_FINISH:
    case HOTRELOAD_FRAME_CANCEL:
        continue_upload(link, type, payload, size);
        break;
    default:
        hotreload_request_refuse(404, "no such request: use the tools of this version",
                                 &link->answer);
        break;
    }
}

static void take_frame(hotreload_serial_link_t *link)
{
    uint8_t type = hotreload_frame_type(&link->reader);
    uint32_t number = hotreload_frame_number(&link->reader);
    uint32_t crc = hotreload_frame_crc(&link->reader);
    if (type & HOTRELOAD_FRAME_ANSWER) {
        return; /* our own answer: the line echoes */
    }
    link->heard_ms = hotreload_port_now_ms();
    if (!link->answered || link->number != number || link->crc != crc) {
        link->number = number;
        link->crc = crc;
        link->answered = true;
        serve_request(link, type);
    }
    send_answer(link, type);
    if (link->has_finished) {
        link->has_finished = false;
        link->settings.finished();
    }
}

static void pass_on_input(hotreload_serial_link_t *link, const void *data, size_t size)
{
    if (size > 0 && link->settings.input != NULL) {
        link->settings.input(data, size, link->settings.input_context);
    }
}

void hotreload_serial_receive(hotreload_serial_link_t *link, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    size_t begin = 0; /* of what is not passed on yet */
    for (size_t i = 0; i < size; i++) {
        hotreload_frame_event_t event = hotreload_frame_take(&link->reader, bytes[i]);
        pass_on_input(link, HOTRELOAD_FRAME_MARK, link->reader.released);
        if (event == HOTRELOAD_FRAME_OUTSIDE) {
            continue;
        }
        pass_on_input(link, bytes + begin, i - begin);
        begin = i + 1;
        if (event == HOTRELOAD_FRAME_COMPLETE) {
            take_frame(link);
        }
    }
    pass_on_input(link, bytes + begin, size - begin);
}

void hotreload_serial_check_idle(hotreload_serial_link_t *link)
{
    if (link->uploading &&
        hotreload_port_now_ms() - link->heard_ms >= link->settings.idle_timeout_ms) {
        cancel_upload(link, HOTRELOAD_UPLOAD_TIMED_OUT, NULL);
    }
}

void hotreload_serial_open(hotreload_serial_link_t *link,
                           const hotreload_serial_settings_t *settings)
{
    memset(link, 0, sizeof *link);
    link->settings = *settings;
}

void hotreload_serial_close(hotreload_serial_link_t *link)
{
    cancel_upload(link, HOTRELOAD_UPLOAD_STOPPED, &link->answer);
}
