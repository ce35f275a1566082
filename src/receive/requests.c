/* SPDX-License-Identifier: MIT */
#include "receive/requests.h"

#include "loader/table.h"
#include "port.h"
#include "run/settle.h"
#include "run/status.h"
#include "run/trial.h"
#include "store/store.h"
#include "receive/auth.h"
#include "receive/digest.h"
#include "receive/json.h"
#include "receive/upload.h"

static hotreload_json_t begin_answer(hotreload_answer_t *answer, int status)
{
    answer->status = status;
    return hotreload_json_begin(answer->body, sizeof answer->body);
}

static void append_bool(hotreload_json_t *json, bool value)
{
    hotreload_json_raw(json, value ? "true" : "false");
}

static void append_reason(hotreload_json_t *json, const hotreload_reason_t *reason)
{
    if (reason->text[0] == '\0') {
        hotreload_json_raw(json, "null");
    } else {
        hotreload_json_string(json, reason->text);
    }
}

void hotreload_request_refuse(int status, const char *reason, hotreload_answer_t *answer)
{
    hotreload_json_t json = begin_answer(answer, status);
    hotreload_json_raw(&json, "{\"status\":\"error\",\"error\":");
    hotreload_json_string(&json, reason);
    hotreload_json_raw(&json, "}");
}

esp_err_t hotreload_requests_start(const char *receiver, const char *partition_label)
{
    hotreload_reason_t reason = {0};
    esp_err_t error = hotreload_store_open(partition_label, &reason);
    if (error != ESP_OK) {
        hotreload_port_log(HOTRELOAD_LOG_ERROR, "%s not started: %s", receiver, reason.text);
    }
    hotreload_auth_forget_nonce();
    return error;
}

/* ---- GET ---- */

void hotreload_request_nonce(hotreload_answer_t *answer)
{
    uint8_t nonce[HOTRELOAD_NONCE_SIZE];
    hotreload_auth_get_nonce(nonce);
    hotreload_json_t json = begin_answer(answer, 200);
    hotreload_json_raw(&json, "{\"nonce\":\"");
    hotreload_json_hex(&json, nonce, sizeof nonce);
    hotreload_json_raw(&json, "\"}");
}

void hotreload_request_pending(hotreload_answer_t *answer)
{
    hotreload_json_t json = begin_answer(answer, 200);
    hotreload_json_raw(&json, "{\"pending\":");
    append_bool(&json, hotreload_update_available());
    hotreload_json_raw(&json, "}");
}

static void append_segment(hotreload_json_t *json, uint32_t run, uint32_t size)
{
    const uint8_t address[] = {(uint8_t)(run >> 24), (uint8_t)(run >> 16), (uint8_t)(run >> 8),
                               (uint8_t)run};
    hotreload_json_raw(json, "{\"address\":\"0x");
    hotreload_json_hex(json, address, sizeof address);
    hotreload_json_raw(json, "\",\"size\":");
    hotreload_json_number(json, size);
    hotreload_json_raw(json, "}");
}

static void append_room(hotreload_json_t *json)
{
    hotreload_json_raw(json, "{\"text\":");
    hotreload_json_number(json, hotreload_port_text_room());
    hotreload_json_raw(json, ",\"data\":");
    hotreload_json_number(json, hotreload_port_data_room());
    hotreload_json_raw(json, "}");
}

/** The module that was stored last. A sender that lost the answer sees whether it is its own. */
static void append_newest(hotreload_json_t *json)
{
    hotreload_record_t newest;
    hotreload_reason_t reason;
    if (hotreload_store_find(HOTRELOAD_RECORD_ANY, NULL, &newest, &reason) != ESP_OK) {
        hotreload_json_raw(json, "null");
        return;
    }
    hotreload_json_raw(json, "{\"sequence\":");
    hotreload_json_number(json, newest.sequence);
    hotreload_json_raw(json, ",\"sha256\":\"");
    hotreload_json_hex(json, newest.sha256, sizeof newest.sha256);
    hotreload_json_raw(json, "\"}");
}

/** The module that a patch may be made for. */
static void append_base(hotreload_json_t *json, const hotreload_running_t *running)
{
    if (running->base == 0) {
        hotreload_json_raw(json, "null");
        return;
    }
    hotreload_json_raw(json, "{\"sequence\":");
    hotreload_json_number(json, running->base);
    hotreload_json_raw(json, ",\"sha256\":\"");
    hotreload_json_hex(json, running->base_sha256, sizeof running->base_sha256);
    hotreload_json_raw(json, "\"}");
}

static void append_patch(hotreload_json_t *json, const hotreload_running_t *running)
{
    if (running->patch == 0) {
        hotreload_json_raw(json, "null");
        return;
    }
    hotreload_json_raw(json, "{\"sequence\":");
    hotreload_json_number(json, running->patch);
    hotreload_json_raw(json, ",\"functions\":");
    hotreload_json_number(json, running->patch_functions);
    hotreload_json_raw(json, ",\"text\":");
    append_segment(json, running->patch_text_run, running->patch_text_size);
    hotreload_json_raw(json, ",\"data\":");
    append_segment(json, running->patch_data_run, running->patch_data_size);
    hotreload_json_raw(json, "}");
}

void hotreload_request_status(hotreload_answer_t *answer)
{
    hotreload_status_t status;
    hotreload_status_get(&status);
    size_t id_size;
    const uint8_t *id = hotreload_port_firmware_id(&id_size);

    hotreload_json_t json = begin_answer(answer, 200);
    hotreload_json_raw(&json, "{\"status\":\"ok\",\"firmware\":\"");
    hotreload_json_hex(&json, id, id_size);
    hotreload_json_raw(&json, "\",\"loaded\":");
    append_bool(&json, status.loaded);
    hotreload_json_raw(&json, ",\"sequence\":");
    hotreload_json_number(&json, status.sequence);
    hotreload_json_raw(&json, ",\"reloads\":");
    hotreload_json_number(&json, status.reloads);
    hotreload_json_raw(&json, ",\"text\":");
    append_segment(&json, status.text_run, status.text_size);
    hotreload_json_raw(&json, ",\"data\":");
    append_segment(&json, status.data_run, status.data_size);
    hotreload_json_raw(&json, ",\"base\":");
    append_base(&json, &status.running);
    hotreload_json_raw(&json, ",\"patch\":");
    append_patch(&json, &status.running);
    hotreload_json_raw(&json, ",\"exports\":");
    hotreload_json_number(&json, hotreload_firmware_table.count);
    hotreload_json_raw(&json, ",\"free\":");
    append_room(&json);
    hotreload_json_raw(&json, ",\"pending\":");
    append_bool(&json, hotreload_update_available());
    hotreload_json_raw(&json, ",\"newest\":");
    append_newest(&json);
    hotreload_json_raw(&json, ",\"trial\":");
    append_bool(&json, hotreload_trial_is_running());
    hotreload_json_raw(&json, ",\"stored\":");
    append_bool(&json, status.loaded && hotreload_store_has_running());
    hotreload_json_raw(&json, ",\"rollback\":");
    append_reason(&json, &status.rollback);
    hotreload_json_raw(&json, ",\"last_error\":");
    append_reason(&json, &status.last_error);
    hotreload_json_raw(&json, "}");
}

/* ---- POST /upload ---- */

/** For errors that mean the same in every step of an upload. */
static int http_status_of(esp_err_t error)
{
    switch (error) {
    case ESP_ERR_INVALID_ARG:
    case ESP_ERR_INVALID_CRC:
    case ESP_ERR_NOT_FINISHED:
        return 400;
    case ESP_ERR_INVALID_MAC:
        return 403;
    case ESP_ERR_INVALID_VERSION:
        return 409;
    case ESP_ERR_INVALID_RESPONSE:
    case ESP_ERR_INVALID_SIZE:
    case ESP_ERR_NOT_FOUND:
    case ESP_ERR_NOT_SUPPORTED:
        return 422;
    case ESP_ERR_INVALID_STATE:
        return 503;
    default:
        return 500;
    }
}

/** Before the first byte, these errors are about the partition and not about the module. */
static int http_status_of_begin(esp_err_t error)
{
    switch (error) {
    case ESP_ERR_INVALID_SIZE:
        return 413;
    case ESP_ERR_NOT_FOUND:
        return 500;
    default:
        return http_status_of(error);
    }
}

/** Answers a failed upload and keeps the reason for `GET /status`. @return false */
static bool refuse_upload(int status, const hotreload_reason_t *reason, hotreload_answer_t *answer)
{
    hotreload_status_set_error(reason);
    hotreload_port_log(HOTRELOAD_LOG_ERROR, "upload refused (%d): %s", status, reason->text);
    if (answer != NULL) {
        hotreload_request_refuse(status, reason->text, answer);
    }
    return false;
}

/** @return the status to refuse with, or 0 */
static int check_length(const hotreload_upload_request_t *head, hotreload_reason_t *reason)
{
    if (head->content_length == -1) {
        hotreload_reason_set(reason, "no Content-Length: send the length of the body");
        return 411;
    }
    if (head->content_length <= 0) {
        hotreload_reason_set(reason, "the body is empty, or its Content-Length is malformed");
        return 400;
    }
    if ((uint64_t)head->content_length > head->max_size ||
        (uint64_t)head->content_length > UINT32_MAX) {
        hotreload_reason_set(reason,
                             "longer than max_elf_size, %u bytes: raise it or shrink the module",
                             (unsigned)head->max_size);
        return 413;
    }
    return 0;
}

static int parse_digest(const char *name, const char *hex, uint8_t digest[HOTRELOAD_HASH_SIZE],
                        hotreload_reason_t *reason)
{
    if (!hotreload_digest_parse(hex, digest)) {
        hotreload_reason_set(reason, "%s is missing or not 64 hex digits", name);
        return 400;
    }
    return 0;
}

/** Needs X-Hotreload-Auth, or the HMAC where that is enough. Whatever was sent must be right. */
static int check_proofs(const hotreload_upload_request_t *head, hotreload_upload_t *upload,
                        hotreload_reason_t *reason)
{
    int status = 0;
    if (head->auth_hex == NULL && !head->accept_replayed) {
        hotreload_reason_set(reason, HOTRELOAD_HEADER_AUTH
                             " is required: use the tools of this version, or set "
                             "CONFIG_HOTRELOAD_ACCEPT_REPLAYED_UPLOADS");
        return 403;
    }
    upload->has_hmac = head->hmac_hex != NULL || head->auth_hex == NULL;
    if (upload->has_hmac) {
        status = parse_digest(HOTRELOAD_HEADER_HMAC, head->hmac_hex, upload->hmac, reason);
    }
    if (status != 0 || head->auth_hex == NULL) {
        return status;
    }
    uint8_t auth[HOTRELOAD_HASH_SIZE];
    status = parse_digest(HOTRELOAD_HEADER_AUTH, head->auth_hex, auth, reason);
    if (status == 0) {
        esp_err_t error = hotreload_auth_check(upload->length, upload->sha256, auth, reason);
        upload->is_proven = error == ESP_OK;
        status = upload->is_proven ? 0 : http_status_of(error);
    }
    return status;
}

/** Checks what can be checked before any byte is taken. @return the status to refuse with, or 0 */
static int check_head(const hotreload_upload_request_t *head, hotreload_upload_t *upload,
                      hotreload_reason_t *reason)
{
    int status = check_length(head, reason);
    if (status == 0) {
        upload->partition_label = head->partition_label;
        upload->length = (uint32_t)head->content_length;
        upload->run_from_ram_first = head->run_from_ram_first;
        status = parse_digest(HOTRELOAD_HEADER_SHA256, head->sha256_hex, upload->sha256, reason);
    }
    return status == 0 ? check_proofs(head, upload, reason) : status;
}

bool hotreload_request_upload_begin(const hotreload_upload_request_t *head,
                                    hotreload_answer_t *answer)
{
    hotreload_reason_t reason = {0};
    hotreload_upload_t upload = {0};
    int status = check_head(head, &upload, &reason);
    if (status == 0) {
        esp_err_t error = hotreload_upload_begin(&upload, &reason);
        status = error == ESP_OK ? 0 : http_status_of_begin(error);
    }
    return status == 0 || refuse_upload(status, &reason, answer);
}

bool hotreload_request_upload_write(const void *data, size_t size, hotreload_answer_t *answer)
{
    hotreload_reason_t reason = {0};
    esp_err_t error = hotreload_upload_write(data, size, &reason);
    return error == ESP_OK || refuse_upload(http_status_of(error), &reason, answer);
}

void hotreload_request_upload_finish(hotreload_answer_t *answer)
{
    hotreload_reason_t reason = {0};
    hotreload_stored_t stored;
    esp_err_t error = hotreload_upload_finish(&stored, &reason);
    if (error != ESP_OK) {
        refuse_upload(http_status_of(error), &reason, answer);
        return;
    }
    hotreload_status_set_error(&reason);
    hotreload_port_log(HOTRELOAD_LOG_INFO, "module %u %s, %u bytes", (unsigned)stored.sequence,
                       stored.is_waiting ? "received into RAM" : "stored", (unsigned)stored.size);
    hotreload_json_t json = begin_answer(answer, 200);
    hotreload_json_raw(&json, "{\"status\":\"ok\",\"sequence\":");
    hotreload_json_number(&json, stored.sequence);
    hotreload_json_raw(&json, ",\"size\":");
    hotreload_json_number(&json, stored.size);
    hotreload_json_raw(&json, "}");
}

bool hotreload_request_upload_settle(void)
{
    bool more;
    (void)hotreload_settle_piece(&more);
    return more;
}

void hotreload_request_upload_cancel(hotreload_upload_end_t why, hotreload_answer_t *answer)
{
    static const struct {
        int status;
        const char *text;
    } ends[] = {
        [HOTRELOAD_UPLOAD_CUT_SHORT] = {400, "the connection ended before the body did"},
        [HOTRELOAD_UPLOAD_TIMED_OUT] = {408, "timed out, the sender stopped: send it again"},
        [HOTRELOAD_UPLOAD_STOPPED] = {503, "the server stops"},
    };
    hotreload_reason_t reason;
    hotreload_upload_abort();
    hotreload_reason_set(&reason, "%s", ends[why].text);
    refuse_upload(ends[why].status, &reason, answer);
}
