/* SPDX-License-Identifier: MIT */
#include "operations.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hotreload.h"
#include "thread_flash.h"
#include "thread_port.h"
#include "receive/auth.h"

#define MAX_UPLOAD 65536u
/** A sender who finds the device busy tries again. */
#define ATTEMPTS 3u

/** A server that stops tells its upload, which ends by itself. Relaxed: it is to order nothing. */
static atomic_bool server_stops;

/* ---- Doing ---- */

static void wait_a_little(void)
{
    for (unsigned i = 0; i < 20; i++) {
        thread_port_point();
    }
}

static uint32_t number_after(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    if (at == NULL) {
        thread_port_fail("no %s in the answer %s", key, text);
    }
    return (uint32_t)strtoul(at + strlen(key), NULL, 10);
}

/** @return false: the upload is over */
static bool send_piece(const operation_t *operation, size_t at, hotreload_answer_t *answer)
{
    const candidate_t *candidate = operation->candidate;
    size_t size = candidate->size - at < operation->piece ? candidate->size - at : operation->piece;
    uint8_t piece[1024];
    memcpy(piece, candidate->file + at, size);
    if (operation->fate == UPLOAD_DAMAGED && at == 0) {
        piece[size - 1] ^= 1;
    }
    if (operation->fate == UPLOAD_LEFT && at > 0) {
        hotreload_request_upload_cancel(operation->end, answer);
        return false;
    }
    if (atomic_load_explicit(&server_stops, memory_order_relaxed)) {
        hotreload_request_upload_cancel(HOTRELOAD_UPLOAD_STOPPED, answer);
        return false;
    }
    return hotreload_request_upload_write(piece, size, answer);
}

/** The header of a sender who has asked for a nonce, which another may use up meanwhile. */
static void prove(const candidate_t *candidate, char auth_hex[65])
{
    static const char domain[] = "hotreload-upload";
    struct {
        char domain[sizeof domain];
        uint8_t nonce[HOTRELOAD_NONCE_SIZE], length[4], sha256[HOTRELOAD_HASH_SIZE];
    } message;
    memcpy(message.domain, domain, sizeof domain);
    hotreload_auth_get_nonce(message.nonce);
    for (unsigned i = 0; i < 4; i++) {
        message.length[i] = (uint8_t)(candidate->size >> (8 * i));
    }
    memcpy(message.sha256, candidate->sha256.bytes, sizeof message.sha256);
    candidate_to_hex(
        thread_port_digest(hotreload_secret, sizeof hotreload_secret, &message, sizeof message),
        auth_hex);
}

static void send(const operation_t *operation, hotreload_answer_t *answer)
{
    const candidate_t *candidate = operation->candidate;
    const candidate_t *other = candidate == candidates ? candidate + 1 : candidate - 1;
    char auth_hex[65];
    hotreload_upload_request_t head = {
        .partition_label = THREAD_FLASH_LABEL,
        .max_size = MAX_UPLOAD,
        .content_length = (int64_t)candidate->size,
        .sha256_hex = candidate->sha256_hex,
        .hmac_hex = operation->fate == UPLOAD_FORGED ? other->hmac_hex : candidate->hmac_hex,
        .accept_replayed = true,
        .run_from_ram_first = operation->ram_first,
    };
    if (operation->proves_itself) {
        prove(candidate, auth_hex);
        head.auth_hex = auth_hex;
        head.hmac_hex = NULL;
    }
    if (!hotreload_request_upload_begin(&head, answer)) {
        return;
    }
    for (size_t at = 0; at < candidate->size; at += operation->piece) {
        if (!send_piece(operation, at, answer)) {
            return;
        }
    }
    hotreload_request_upload_finish(answer);
}

static void settle(void)
{
    do {
        wait_a_little();
    } while (hotreload_request_upload_settle());
}

static void upload(operation_t *operation)
{
    hotreload_answer_t answer;
    send(operation, &answer);
    for (unsigned attempts = 1; answer.status == 503 && attempts < ATTEMPTS; attempts++) {
        wait_a_little();
        send(operation, &answer);
    }
    operation->status = answer.status;
    if (operation->ram_first && !operation->leaves_it) {
        settle();
    }
    if (answer.status == 200) {
        operation->sequence = number_after(answer.body, "\"sequence\":");
    }
}

static void ask(operation_t *operation)
{
    hotreload_answer_t answer;
    hotreload_request_pending(&answer);
    operation->status = answer.status;
    hotreload_request_status(&answer);
    if (answer.status != 200 || answer.body[strlen(answer.body) - 1] != '}') {
        operation->status = answer.status;
    }
    operation->loaded = strstr(answer.body, "\"loaded\":true") != NULL;
    operation->sequence = number_after(answer.body, "\"sequence\":");
    const char *text = strstr(answer.body, "\"text\":");
    operation->text_size = number_after(text != NULL ? text : "", "\"size\":");
}

static void stop_server(void)
{
    atomic_store_explicit(&server_stops, true, memory_order_relaxed);
    wait_a_little();
    atomic_store_explicit(&server_stops, false, memory_order_relaxed);
}

void operation_do(operation_t *operation)
{
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    config.allow_unload_first = operation->unload_first;
    const candidate_t *candidate = operation->candidate;
    switch (operation->kind) {
    case OPERATION_UPLOAD:
        upload(operation);
        break;
    case OPERATION_UPDATE:
        operation->error =
            hotreload_update_partition(THREAD_FLASH_LABEL, candidate->file, candidate->size);
        break;
    case OPERATION_RELOAD:
        (void)hotreload_update_available();
        operation->error = hotreload_reload(&config);
        break;
    case OPERATION_LOAD:
        operation->error = hotreload_load(&config);
        break;
    case OPERATION_UNLOAD:
        operation->error = hotreload_unload();
        break;
    case OPERATION_BUFFER:
        operation->error = hotreload_load_from_buffer(candidate->file, candidate->size);
        break;
    case OPERATION_STATUS:
        ask(operation);
        break;
    case OPERATION_TIMER:
        thread_port_let_timer_expire();
        break;
    case OPERATION_SETTLE:
        settle();
        break;
    case OPERATION_STOP:
        stop_server();
        break;
    }
}

/* ---- Checking ---- */

/** 503: another one is under way, or the server stops. 403: another one has used the nonce up. */
static bool upload_is_right(const operation_t *operation, const circumstances_t *circumstances)
{
    static const int ends[] = {
        [HOTRELOAD_UPLOAD_CUT_SHORT] = 400,
        [HOTRELOAD_UPLOAD_TIMED_OUT] = 408,
        [HOTRELOAD_UPLOAD_STOPPED] = 503,
    };
    static const int statuses[] = {
        [UPLOAD_GOOD] = 200, [UPLOAD_FORGED] = 403, [UPLOAD_DAMAGED] = 400};
    const int status = operation->status;
    const int wanted =
        operation->fate == UPLOAD_LEFT ? ends[operation->end] : statuses[operation->fate];
    return status == wanted || status == 503 || (status == 413 && circumstances->small_flash) ||
           (status == 403 && operation->proves_itself) || (status == 500 && circumstances->faults);
}

static bool error_is_right(const operation_t *operation, const circumstances_t *circumstances)
{
    const bool writes = operation->kind == OPERATION_UPDATE;
    switch (operation->error) {
    case ESP_OK:
        return true;
    case ESP_ERR_INVALID_STATE: /* another upload; overwritten meanwhile; loaded already */
        return operation->kind != OPERATION_BUFFER;
    case ESP_ERR_HOTRELOAD_NOT_LOADED:
        return operation->kind == OPERATION_UNLOAD;
    case ESP_ERR_INVALID_SIZE:
        return writes && circumstances->small_flash;
    case ESP_ERR_NO_MEM:
        return circumstances->faults || (!writes && circumstances->small_ram);
    case ESP_ERR_FLASH_OP_FAIL:
    case ESP_FAIL:
        return circumstances->faults;
    default:
        return false;
    }
}

static bool status_is_right(const operation_t *operation)
{
    return operation->status == 200 && operation->loaded == (operation->text_size != 0) &&
           (operation->loaded || operation->sequence == 0);
}

void operation_check(const operation_t *operation, const circumstances_t *circumstances)
{
    bool right;
    if (operation->kind == OPERATION_UPLOAD) {
        right = upload_is_right(operation, circumstances);
    } else if (operation->kind == OPERATION_STATUS) {
        right = status_is_right(operation);
    } else {
        right = error_is_right(operation, circumstances);
    }
    if (!right) {
        thread_port_fail("operation %d (fate %d) ended with status %d, %s", (int)operation->kind,
                         (int)operation->fate, operation->status,
                         esp_err_to_name(operation->error));
    }
}
