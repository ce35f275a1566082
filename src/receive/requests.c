/* SPDX-License-Identifier: MIT */
#include "receive/requests.h"

#include "loader/table.h"
#include "port.h"
#include "run/change.h"
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

static const char *bool_text(bool value)
{
    return value ? "true" : "false";
}

static void append_reason(hotreload_json_t *json, const hotreload_reason_t *reason)
{
    if (reason->text[0] == '\0') {
        hotreload_json_format(json, "null");
    } else {
        hotreload_json_string(json, reason->text);
    }
}

void hotreload_request_refuse(int status, const char *reason, hotreload_answer_t *answer)
{
    hotreload_json_t json = begin_answer(answer, status);
    hotreload_json_format(&json, "{\"status\":\"error\",\"error\":");
    hotreload_json_string(&json, reason);
    hotreload_json_format(&json, "}");
}

esp_err_t hotreload_requests_start(const char *receiver, const char *partition_label)
{
    hotreload_reason_t reason;
    hotreload_reason_clear(&reason);
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
    hotreload_json_format(&json, "{\"nonce\":\"");
    hotreload_json_hex(&json, nonce, sizeof nonce);
    hotreload_json_format(&json, "\"}");
}

/** In this order: a reload is under way before it takes what waits. */
static bool is_pending(void)
{
    return hotreload_update_available() || hotreload_is_changing();
}

void hotreload_request_pending(hotreload_answer_t *answer)
{
    hotreload_json_t json = begin_answer(answer, 200);
    hotreload_json_format(&json, "{\"pending\":%s}", bool_text(is_pending()));
}

/** @param sequence  0: there is no such module */
static void append_record(hotreload_json_t *json, uint32_t sequence, const uint8_t *sha256)
{
    if (sequence == 0) {
        hotreload_json_format(json, "null");
        return;
    }
    hotreload_json_format(json, "{\"sequence\":%u,\"sha256\":\"", (unsigned)sequence);
    hotreload_json_hex(json, sha256, HOTRELOAD_HASH_SIZE);
    hotreload_json_format(json, "\"}");
}

static void append_patch(hotreload_json_t *json, const hotreload_running_t *running)
{
    if (running->patch == 0) {
        hotreload_json_format(json, "null");
        return;
    }
    hotreload_json_format(json,
                          "{\"sequence\":%u,\"functions\":%u,"
                          "\"text\":{\"address\":\"0x%08x\",\"size\":%u},"
                          "\"data\":{\"address\":\"0x%08x\",\"size\":%u}}",
                          (unsigned)running->patch, (unsigned)running->patch_functions,
                          (unsigned)running->patch_text_run, (unsigned)running->patch_text_size,
                          (unsigned)running->patch_data_run, (unsigned)running->patch_data_size);
}

void hotreload_request_status(hotreload_answer_t *answer)
{
    hotreload_record_t newest;
    hotreload_reason_t reason;
    hotreload_status_t status;
    /* In this order: one that is not pending any more has been loaded, or has failed. */
    if (hotreload_store_find(HOTRELOAD_RECORD_ANY, NULL, &newest, &reason) != ESP_OK) {
        newest.sequence = 0;
    }
    const bool pending = is_pending();
    hotreload_status_get(&status);
    const uint32_t running_ms = status.loaded ? hotreload_port_now_ms() - status.since_ms : 0;
    size_t id_size;
    const uint8_t *id = hotreload_port_firmware_id(&id_size);

    hotreload_json_t json = begin_answer(answer, 200);
    hotreload_json_format(&json, "{\"status\":\"ok\",\"firmware\":\"");
    hotreload_json_hex(&json, id, id_size);
    hotreload_json_format(&json, "\",\"project\":");
    hotreload_json_string(&json, hotreload_port_project());
    hotreload_json_format(&json, ",\"chip\":");
    hotreload_json_string(&json, hotreload_port_chip_name());
    hotreload_json_format(&json,
                          ",\"loaded\":%s,\"sequence\":%u,\"reloads\":%u,\"running_ms\":%u,"
                          "\"text\":{\"address\":\"0x%08x\",\"size\":%u},"
                          "\"data\":{\"address\":\"0x%08x\",\"size\":%u},\"base\":",
                          bool_text(status.loaded), (unsigned)status.sequence,
                          (unsigned)status.reloads, (unsigned)running_ms, (unsigned)status.text_run,
                          (unsigned)status.text_size, (unsigned)status.data_run,
                          (unsigned)status.data_size);
    append_record(&json, status.running.base, status.running.base_sha256);
    hotreload_json_format(&json, ",\"patch\":");
    append_patch(&json, &status.running);
    hotreload_json_format(
        &json, ",\"exports\":%u,\"free\":{\"text\":%u,\"data\":%u},\"pending\":%s,\"newest\":",
        (unsigned)hotreload_firmware_table.count, (unsigned)hotreload_port_text_room(),
        (unsigned)hotreload_port_data_room(), bool_text(pending));
    /* A sender that lost the answer sees whether it is its own. */
    append_record(&json, newest.sequence, newest.sha256);
    hotreload_json_format(
        &json, ",\"trial\":%s,\"stored\":%s,\"rollback\":", bool_text(hotreload_trial_is_running()),
        bool_text(status.loaded && hotreload_store_has_running()));
    append_reason(&json, &status.rollback);
    hotreload_json_format(&json, ",\"last_error\":");
    append_reason(&json, &status.last_error);
    hotreload_json_format(&json, "}");
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
static int check_content_length(const hotreload_upload_request_t *head, hotreload_reason_t *reason)
{
    if (head->content_length == -1) {
        return hotreload_fail(reason, 411, "no Content-Length: send the length of the body");
    }
    if (head->content_length <= 0) {
        return hotreload_fail(reason, 400, "the body is empty, or its Content-Length is malformed");
    }
    if ((uint64_t)head->content_length > head->max_size ||
        (uint64_t)head->content_length > UINT32_MAX) {
        return hotreload_fail(
            reason, 413, "longer than max_upload_size, %u bytes: raise it or shrink the module",
            (unsigned)head->max_size);
    }
    return 0;
}

static int parse_digest(const char *name, const char *hex, uint8_t digest[HOTRELOAD_HASH_SIZE],
                        hotreload_reason_t *reason)
{
    if (!hotreload_digest_parse(hex, digest)) {
        return hotreload_fail(reason, 400, "%s is missing or not 64 hex digits", name);
    }
    return 0;
}

/** Needs X-Hotreload-Auth, or the HMAC where that is enough. Whatever was sent must be right. */
static int check_proofs(const hotreload_upload_request_t *head, hotreload_upload_t *upload,
                        hotreload_reason_t *reason)
{
    int status = 0;
    if (head->auth_hex == NULL && !head->accept_replayed) {
        return hotreload_fail(reason, 403,
                              "X-Hotreload-Auth is required: use the tools of this version, or set "
                              "CONFIG_HOTRELOAD_ACCEPT_REPLAYED_UPLOADS");
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
    int status = check_content_length(head, reason);
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
    hotreload_reason_t reason;
    hotreload_reason_clear(&reason);
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
    hotreload_reason_t reason;
    hotreload_reason_clear(&reason);
    esp_err_t error = hotreload_upload_write(data, size, &reason);
    return error == ESP_OK || refuse_upload(http_status_of(error), &reason, answer);
}

void hotreload_request_upload_finish(hotreload_answer_t *answer)
{
    hotreload_reason_t reason;
    hotreload_reason_clear(&reason);
    hotreload_status_clear_error(); /* not later: once the upload counts, its reload may fail */
    hotreload_stored_t stored;
    esp_err_t error = hotreload_upload_finish(&stored, &reason);
    if (error != ESP_OK) {
        refuse_upload(http_status_of(error), &reason, answer);
        return;
    }
    hotreload_port_log(HOTRELOAD_LOG_INFO, "module %u %s, %u bytes", (unsigned)stored.sequence,
                       stored.is_waiting ? "received into RAM" : "stored", (unsigned)stored.size);
    hotreload_json_t json = begin_answer(answer, 200);
    hotreload_json_format(&json, "{\"status\":\"ok\",\"sequence\":%u,\"size\":%u}",
                          (unsigned)stored.sequence, (unsigned)stored.size);
}

bool hotreload_request_upload_settle(void)
{
    bool more;
    (void)hotreload_settle_piece(&more);
    return more;
}

void hotreload_request_upload_cancel(hotreload_upload_end_t why, hotreload_answer_t *answer)
{
    hotreload_reason_t reason;
    int status;
    hotreload_upload_abort();
    switch (why) {
    case HOTRELOAD_UPLOAD_TIMED_OUT:
        status = hotreload_fail(&reason, 408, "timed out, the sender stopped: send it again");
        break;
    case HOTRELOAD_UPLOAD_STOPPED:
        status = hotreload_fail(&reason, 503, "the application has stopped receiving");
        break;
    default:
        status = hotreload_fail(&reason, 400, "the connection ended before the body did");
    }
    refuse_upload(status, &reason, answer);
}
