/* SPDX-License-Identifier: MIT */
#include "fake_http_api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake_freertos.h"
#include "fake_httpd.h"
#include "port.h"

fake_http_api_t fake_http_api;

void fake_http_api_reset(void)
{
    fake_http_api = (fake_http_api_t){.store_result = ESP_OK};
}

static void set(hotreload_answer_t *answer, int status, const char *text)
{
    answer->status = status;
    snprintf(answer->body, sizeof answer->body, "{\"text\":\"%s\"}", text);
}

esp_err_t hotreload_requests_start(const char *receiver, const char *partition_label)
{
    fake_http_api.starts++;
    if (fake_http_api.store_result != ESP_OK) {
        hotreload_port_log(HOTRELOAD_LOG_ERROR, "%s not started: store of %s", receiver,
                           partition_label);
    }
    return fake_http_api.store_result;
}

void hotreload_request_nonce(hotreload_answer_t *answer)
{
    set(answer, 200, "nonce");
}

void hotreload_request_status(hotreload_answer_t *answer)
{
    set(answer, 200, "status");
}

void hotreload_request_pending(hotreload_answer_t *answer)
{
    set(answer, 200, "pending");
}

static void note(char *copy, size_t size, const char *value)
{
    snprintf(copy, size, "%s", value != NULL ? value : "(none)");
}

bool hotreload_request_upload_begin(const hotreload_upload_request_t *upload,
                                    hotreload_answer_t *answer)
{
    fake_http_api.begins++;
    fake_http_api.begun_with = *upload;
    note(fake_http_api.sha256, sizeof fake_http_api.sha256, upload->sha256_hex);
    note(fake_http_api.hmac, sizeof fake_http_api.hmac, upload->hmac_hex);
    note(fake_http_api.auth, sizeof fake_http_api.auth, upload->auth_hex);
    if (fake_http_api.refuse) {
        set(answer, 403, "refused");
    }
    return !fake_http_api.refuse;
}

bool hotreload_request_upload_write(const void *data, size_t size, hotreload_answer_t *answer)
{
    assert_true(fake_http_api.size + size <= sizeof fake_http_api.body);
    memcpy(fake_http_api.body + fake_http_api.size, data, size);
    fake_http_api.size += size;
    if (size > fake_http_api.largest_piece) {
        fake_http_api.largest_piece = size;
    }
    bool failed = fake_http_api.fail_at != 0 && fake_http_api.size >= fake_http_api.fail_at;
    if (failed) {
        set(answer, 500, "flash");
    }
    return !failed;
}

void hotreload_request_upload_finish(hotreload_answer_t *answer)
{
    fake_http_api.finishes++;
    set(answer, 200, "stored");
}

bool hotreload_request_upload_settle(void)
{
    const uint32_t before = fake_http_api.settled_at;
    fake_http_api.settles++;
    fake_http_api.settled_at = fake_ticks;
    fake_http_api.settled_early |= !fake_httpd_has_answered() || fake_ticks == before;
    return fake_http_api.settles <= fake_http_api.to_settle;
}

void hotreload_request_upload_cancel(hotreload_upload_end_t why, hotreload_answer_t *answer)
{
    static const int statuses[] = {
        [HOTRELOAD_UPLOAD_CUT_SHORT] = 400,
        [HOTRELOAD_UPLOAD_TIMED_OUT] = 408,
        [HOTRELOAD_UPLOAD_STOPPED] = 503,
    };
    fake_http_api.cancels++;
    fake_http_api.cancelled_for = why;
    if (answer != NULL) {
        set(answer, statuses[why], "cancelled");
    }
}

void hotreload_request_refuse(int status, const char *reason, hotreload_answer_t *answer)
{
    set(answer, status, reason);
}
