/*
 * Fuzz target: uploads, from the head of a request to the record in the flash. The input plays the
 * clients: heads right and wrong, bodies in pieces, ends in any order, requests and reloads in
 * between, failures.
 *
 * Always: the newest module is one whose sender knew the secret, byte for byte as sent; without
 * failures an upload is stored if, and only if, all of it is right; a proof is good for one upload;
 * unless recordings are accepted, the flash is untouched by those who lack it; every answer is
 * documented JSON.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "answer_check.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "flash_contents.h"
#include "hotreload.h"
#include "module_builder.h"
#include "module_source.h"
#include "must.h"
#include "sender.h"
#include "sha256.h"
#include "run/upload_check.h"
#include "store/store.h"
#include "receive/auth.h"
#include "receive/requests.h"
#include "store_reset.h"

#define MAX_STEPS 32u
#define SECTOR    512u
#define SECTORS   8u

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** The upload under way, or being prepared. */
typedef struct {
    uint8_t *body;
    size_t size;     /**< of the body, bytes */
    size_t received; /**< accepted by the device */
    char sha256[SENDER_HEX_SIZE + 1], hmac[SENDER_HEX_SIZE + 1], auth[SENDER_HEX_SIZE + 1];
    hotreload_upload_request_t head; /**< points to the digests */
    bool is_right;                   /**< as far as the sender can see to it */
    bool is_authentic;               /**< shows that its sender knows the secret */
} upload_t;

static struct {
    upload_t upload;
    bool active;
    uint8_t *newest; /**< what the newest record has to hold */
    size_t newest_size;
    uint8_t *waiting; /**< accepted, and not in the flash yet; NULL: none */
    size_t waiting_size;
    char used_auth[SENDER_HEX_SIZE + 1]; /**< accepted before */
    bool accept_replayed;
    bool ram_first;
    unsigned faults;
} model;

static hotreload_answer_t answer;

static void forget_upload(upload_t *upload)
{
    free(upload->body);
    *upload = (upload_t){0};
}

/* ---- The newest module ---- */

static void set_newest(const uint8_t *bytes, size_t size)
{
    free(model.newest);
    model.newest = malloc(size);
    memcpy(model.newest, bytes, size);
    model.newest_size = size;
}

static bool newest_is(const uint8_t *bytes, size_t size)
{
    hotreload_record_t record;
    must(flash_contents_newest(HOTRELOAD_RECORD_ANY, UINT32_MAX, &record));
    return record.length == size && memcmp(fake_flash.data + record.offset, bytes, size) == 0;
}

static void drop_waiting(void)
{
    free(model.waiting);
    model.waiting = NULL;
}

/** Any step may have written what waited. */
static void look_at_waiting(void)
{
    if (model.waiting != NULL && newest_is(model.waiting, model.waiting_size)) {
        set_newest(model.waiting, model.waiting_size);
        drop_waiting();
    }
}

/* ---- Heads ---- */

static void spoil_digest(input_t *input, char *hex, const char **header, const char *replayed)
{
    switch (input_below(input, 6)) {
    case 0:
        *header = NULL;
        break;
    case 1:
        hex[input_below(input, 64)] ^= (char)(1 + input_below(input, 255));
        break;
    case 2:
        hex[input_below(input, 64)] = '\0';
        break;
    case 3:
        strcat(hex, "0");
        break;
    case 4:
        *header = replayed;
        break;
    default:
        hex[0] = (char)(hex[0] >= 'a' ? hex[0] - 'a' + 'A' : hex[0]); /* means the same */
        break;
    }
}

static void spoil_length(input_t *input, hotreload_upload_request_t *head)
{
    static const int64_t lengths[] = {-1, -2, 0, 1, UINT32_MAX, INT64_MAX, INT64_MIN, 3000, 4000};
    uint32_t choice = input_below(input, 16);
    if (choice < sizeof lengths / sizeof lengths[0]) {
        head->content_length = lengths[choice];
    } else {
        head->content_length += (int64_t)choice - 12;
    }
}

/** Makes nothing wrong, one thing, or any number of six. */
static void spoil_head(input_t *input, upload_t *upload)
{
    uint8_t choice = input_byte(input);
    unsigned wrong = choice < 96 ? 0 : choice < 192 ? 1u << choice % 6 : choice % 64;
    if (wrong & 1) {
        spoil_length(input, &upload->head);
    }
    if (wrong & 2) {
        spoil_digest(input, upload->sha256, &upload->head.sha256_hex, upload->hmac);
    }
    if (wrong & 4) {
        spoil_digest(input, upload->hmac, &upload->head.hmac_hex, upload->sha256);
    }
    if (wrong & 8) {
        spoil_digest(input, upload->auth, &upload->head.auth_hex, model.used_auth);
    }
    if (wrong & 16) {
        upload->head.partition_label = "other";
    }
    if (wrong & 32) {
        upload->head.max_size = input_below(input, 1024);
    }
}

static bool equals(const char *header, const char *hex)
{
    return header != NULL && strcasecmp(header, hex) == 0;
}

/** Judges what came out of it: what is said against what is true. */
static void judge(upload_t *upload)
{
    const hotreload_upload_request_t *head = &upload->head;
    char sha256[SENDER_HEX_SIZE], hmac[SENDER_HEX_SIZE], auth[SENDER_HEX_SIZE];
    hotreload_reason_t reason;
    sender_sha256(upload->body, upload->size, sha256);
    sender_hmac(upload->body, upload->size, hmac);
    sender_auth(upload->body, upload->size, auth);
    uint32_t base;
    bool proven = equals(head->auth_hex, auth) && head->content_length == (int64_t)upload->size;
    bool has_hmac = equals(head->hmac_hex, hmac);
    upload->is_authentic =
        equals(head->sha256_hex, sha256) && (proven || has_hmac) &&
        (head->auth_hex == NULL || proven) && (head->hmac_hex == NULL || has_hmac) &&
        (proven || head->accept_replayed) && head->content_length == (int64_t)upload->size;
    upload->is_right = upload->is_authentic && upload->size <= head->max_size &&
                       strcmp(head->partition_label, FAKE_FLASH_LABEL) == 0 &&
                       hotreload_check_upload(upload->body, upload->size, &base, &reason) == ESP_OK;
}

static uint8_t *choose_body(input_t *input, size_t *size)
{
    const uint8_t *bytes;
    uint32_t choice = input_below(input, 8);
    if (choice < 4) { /* nothing is wrong with it */
        *size = 512 + 4 * input_below(input, 128);
        return module_build_sized(*size, input_byte(input));
    }
    if (choice < 7) {
        return module_source_build(input, size);
    }
    *size = input_bytes(input, 1 + input_below(input, 64), &bytes);
    uint8_t *body = malloc(*size + 1);
    memcpy(body, *size > 0 ? bytes : (const uint8_t *)"", *size);
    return body;
}

/** Fills in what a sender says who wants the body stored; then perhaps spoils it. */
static void prepare(input_t *input, upload_t *upload)
{
    *upload = (upload_t){0};
    upload->body = choose_body(input, &upload->size);
    sender_sha256(upload->body, upload->size, upload->sha256);
    sender_hmac(upload->body, upload->size, upload->hmac);
    sender_auth(upload->body, upload->size, upload->auth);
    uint32_t proofs = input_below(input, 3);
    upload->head = (hotreload_upload_request_t){
        .partition_label = FAKE_FLASH_LABEL,
        .max_size = 128 * 1024,
        .content_length = (int64_t)upload->size,
        .sha256_hex = upload->sha256,
        .hmac_hex = proofs == 2 ? NULL : upload->hmac,
        .auth_hex = proofs == 1 ? NULL : upload->auth,
        .accept_replayed = model.accept_replayed,
        .run_from_ram_first = model.ram_first,
    };
    spoil_head(input, upload);
    judge(upload);
}

/* ---- Steps ---- */

static bool answered(bool good)
{
    if (!good) {
        answer_check(answer.status, answer.body);
        must(answer.status != 200);
    }
    memset(&answer, 0xee, sizeof answer);
    return good;
}

static void check_accepted(const upload_t *upload)
{
    const hotreload_upload_request_t *head = &upload->head;
    must(head->content_length > 0 && (uint64_t)head->content_length <= head->max_size);
    must(head->auth_hex != NULL || head->accept_replayed);
    if (head->auth_hex != NULL) {
        must(strcasecmp(head->auth_hex, model.used_auth) != 0);
        strcpy(model.used_auth, head->auth_hex);
    }
}

static void begin(input_t *input)
{
    upload_t other;
    upload_t *upload = model.active ? &other : &model.upload;
    if (!model.active) {
        forget_upload(upload);
    }
    prepare(input, upload);
    bool good = hotreload_request_upload_begin(&upload->head, &answer);
    int status = good ? 200 : answer.status;
    answered(good);
    if (good) {
        must(!model.active);
        check_accepted(upload);
        look_at_waiting();
        must(model.waiting == NULL || model.faults > 0);
        drop_waiting();
    } else if (upload->is_right && model.faults == 0) {
        must(status == 503 || status == 413); /* busy, or no room */
    }
    if (model.active) {
        forget_upload(&other);
    }
    model.active = model.active || good;
}

static void write_part(input_t *input)
{
    upload_t *upload = &model.upload;
    size_t left = upload->size - upload->received;
    uint32_t choice = input_byte(input);
    size_t size = choice < 160 ? left : choice < 250 ? input_below(input, 300) : left + 1;
    uint8_t *part = calloc(1, size + 1);
    memcpy(part, left > 0 ? upload->body + upload->received : part, size < left ? size : left);
    bool good = answered(hotreload_request_upload_write(part, size, &answer));
    must(!good || model.active);
    upload->received += good && size <= left ? size : 0;
    upload->is_authentic = upload->is_authentic && size <= left;
    model.active = good;
    free(part);
}

/** Accepted: in the flash, or in RAM if that was wanted and the sender had proved who it is. */
static void check_stored(const upload_t *upload)
{
    must(hotreload_update_available());
    if (newest_is(upload->body, upload->size)) {
        set_newest(upload->body, upload->size);
        return;
    }
    must(upload->head.run_from_ram_first && upload->head.auth_hex != NULL);
    model.waiting = malloc(upload->size);
    memcpy(model.waiting, upload->body, upload->size);
    model.waiting_size = upload->size;
}

static void settle(input_t *input)
{
    bool more = true;
    for (uint32_t pieces = 1 + input_below(input, 4); more && pieces > 0; pieces--) {
        more = hotreload_request_upload_settle();
    }
    look_at_waiting();
    if (!more) {
        must(model.waiting == NULL || model.faults > 0);
        drop_waiting();
    }
}

static void finish(input_t *input)
{
    (void)input;
    upload_t *upload = &model.upload;
    bool complete = upload->received == upload->size && upload->is_authentic;
    hotreload_request_upload_finish(&answer);
    bool good = answer.status == 200;
    answer_check(answer.status, answer.body);
    if (!model.active) {
        must(answer.status == 503);
        return;
    }
    model.active = false;
    if (good) {
        must(complete && upload->is_right);
        check_stored(upload);
    } else {
        must(!complete || !upload->is_right || model.faults > 0);
        /* A header was written, but could neither be read back nor erased. */
        if (model.faults > 1 && complete && newest_is(upload->body, upload->size)) {
            set_newest(upload->body, upload->size);
        }
    }
}

static void send_all(input_t *input)
{
    begin(input);
    if (model.active) {
        write_part(input);
    }
    finish(input);
}

static void cancel(input_t *input)
{
    hotreload_request_upload_cancel((hotreload_upload_end_t)input_below(input, 3), &answer);
    answered(false);
    model.active = false;
}

static void get(input_t *input)
{
    static void (*const gets[])(hotreload_answer_t *) = {
        hotreload_request_status, hotreload_request_pending, hotreload_request_nonce};
    gets[input_below(input, 3)](&answer);
    must(answer.status == 200);
    answer_check(answer.status, answer.body);
}

static void use_module(input_t *input)
{
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    config.allow_unload_first = input_below(input, 2) == 1;
    switch (input_below(input, 4)) {
    case 0:
        hotreload_load(&config);
        break;
    case 1:
        hotreload_reload(&config);
        break;
    case 2:
        hotreload_mark_valid();
        break;
    default:
        hotreload_unload();
        break;
    }
}

static void wait(input_t *input)
{
    fake_port.now_ms += 5000u * input_below(input, 12);
}

static void restart_server(input_t *input)
{
    (void)input;
    (void)hotreload_requests_start("server", FAKE_FLASH_LABEL);
}

static void plan_failure(input_t *input)
{
    unsigned *const counters[] = {&fake_flash.fail_read,     &fake_flash.fail_write,
                                  &fake_flash.fail_erase,    &fake_flash.fail_map,
                                  &fake_flash.corrupt_write, &fake_port.fail_allocation,
                                  &fake_port.fail_hash_end,  &fake_port.fail_hash_update};
    uint32_t choice = input_below(input, sizeof counters / sizeof counters[0]);
    *counters[choice] = 1 + input_below(input, 12);
    model.faults++;
}

/* ---- The device ---- */

static void on_call(uint32_t run_address)
{
    (void)run_address;
    fake_port.call_count = 0;
}

static void store_first_module(void)
{
    hotreload_reason_t reason;
    size_t size;
    uint8_t digest[HOTRELOAD_HASH_SIZE];
    input_t none = {NULL, 0};
    sha256_t hash;
    uint8_t *module = module_source_build(&none, &size);
    sha256_begin(&hash);
    sha256_update(&hash, module, size);
    sha256_end(&hash, digest);
    must(hotreload_store_open(FAKE_FLASH_LABEL, &reason) == ESP_OK);
    must(hotreload_store_begin(size, &reason) == ESP_OK);
    must(hotreload_store_write(module, size, &reason) == ESP_OK);
    must(hotreload_store_commit(digest, NULL, &reason) == ESP_OK);
    set_newest(module, size);
    free(module);
}

static void set_up(input_t *input)
{
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    fake_port_reset();
    fake_port.on_call = on_call;
    fake_port.data_limit = fake_port.text_limit = 0x8000;
    fake_flash_create(SECTORS, SECTOR);
    memset(&model, 0, sizeof model);
    uint8_t options = input_byte(input);
    model.accept_replayed = (options & 3) != 3;
    fake_port.ram_limit = options & 16 ? 500 : SIZE_MAX;
    model.ram_first = (options & 32) != 0;
    store_first_module();
    (void)hotreload_requests_start("server", FAKE_FLASH_LABEL);
    must(hotreload_load(&config) == ESP_OK);
}

static void tear_down(void)
{
    fake_port.fail_allocation = 0;
    hotreload_request_upload_cancel(HOTRELOAD_UPLOAD_STOPPED, &answer);
    hotreload_unload();
    store_reset(); /* frees what waits */
    fake_flash_destroy();
    fake_port_expect_idle();
    forget_upload(&model.upload);
    free(model.newest);
    drop_waiting();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return setenv("CMOCKA_TEST_ABORT", "1", 1); /* the fakes' checks then abort() too */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const steps[])(input_t *) = {
        begin,      begin,    write_part,     write_part,   write_part, finish,
        finish,     send_all, send_all,       cancel,       get,        use_module,
        use_module, wait,     restart_server, plan_failure, settle};
    input_t input = {data, size};
    set_up(&input);
    for (uint32_t i = 0; i < MAX_STEPS && input.left > 0; i++) {
        steps[input_byte(&input) % (sizeof steps / sizeof steps[0])](&input);
        look_at_waiting();
        must(newest_is(model.newest, model.newest_size));
    }
    tear_down();
    return 0;
}
