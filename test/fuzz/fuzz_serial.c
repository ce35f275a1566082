/*
 * Fuzz target: a serial line, from the bytes that come in to the answers. The input types requests,
 * whole, damaged, cut off and repeated, noise between them, and lets time pass.
 *
 * Always: what is sent is one whole frame at a time; an intact request is answered once, with
 * documented JSON, and a repeated one by the same bytes; nothing else is answered; nobody without
 * the secret gets a module stored; and nothing of noise is lost on its way to the application.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "answer_check.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "hotreload.h"
#include "input.h"
#include "must.h"
#include "sender.h"
#include "receive/serial_link.h"
#include "run/status.h"
#include "store/store.h"
#include "store_reset.h"

#define LINE      HOTRELOAD_FRAME_LINE(HOTRELOAD_FRAME_PAYLOAD)
#define MAX_STEPS 64u

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static hotreload_serial_link_t serial;

/** What the device did last. */
static struct {
    unsigned answers;
    uint8_t type;
    uint32_t number;
    int status;
    char line[sizeof serial.line];
    size_t length;
    size_t passed_on; /**< bytes that were no frame */
} seen;

/** The request typed last. */
static struct {
    char line[LINE];
    size_t length;
    uint8_t type;
    uint32_t number;
} request;

/* ---- The host's side ---- */

/** A reader of its own: answers are longer than what the device's takes. */
static size_t decode(const char *line, size_t size, uint8_t *body)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    unsigned count = 0;
    size_t used = 0;
    for (size_t i = HOTRELOAD_FRAME_MARK_SIZE; i + 1 < size; i++) {
        const char *digit = strchr(digits, line[i]);
        must(line[i] != '\0' && digit != NULL);
        bits = bits << 6 | (uint32_t)(digit - digits);
        count += 6;
        if (count >= 8) {
            count -= 8;
            body[used++] = (uint8_t)(bits >> count);
        }
    }
    return used;
}

static void take_answer(const char *line, size_t size)
{
    static uint8_t body[sizeof serial.line];
    char json[sizeof((hotreload_answer_t *)0)->body];
    must(size <= sizeof seen.line && line[size - 1] == '\n');
    must(memcmp(line, HOTRELOAD_FRAME_MARK, HOTRELOAD_FRAME_MARK_SIZE) == 0);
    size_t used = decode(line, size, body);
    must(used >= HOTRELOAD_FRAME_EXTRA + 2 && used - HOTRELOAD_FRAME_EXTRA - 2 < sizeof json);
    memcpy(json, body + 7, used - HOTRELOAD_FRAME_EXTRA - 2);
    json[used - HOTRELOAD_FRAME_EXTRA - 2] = '\0';
    seen.answers++;
    seen.type = body[0];
    seen.number = hotreload_frame_u32(body + 1);
    seen.status = body[5] | body[6] << 8;
    seen.length = size;
    memcpy(seen.line, line, size);
    answer_check(seen.status, json);
}

static void count_input(const void *data, size_t size, void *context)
{
    (void)context;
    (void)data;
    must(size > 0);
    seen.passed_on += size;
}

static void finished(void)
{
    must(false); /* needs an upload that was accepted */
}

/* ---- Steps ---- */

/** The payload of a request that begins an upload; its proofs are another's or none. */
static size_t choose_begin(input_t *input, uint8_t *payload)
{
    static char hex[SENDER_HEX_SIZE];
    size_t used = 4;
    memset(payload, 0, 4);
    payload[0] = input_byte(input);
    payload[1] = input_byte(input) & 7;
    sender_sha256(payload, 4, hex);
    for (unsigned i = 0; i < 3; i++) {
        if (i == 0 || input_byte(input) & 1) {
            memcpy(payload + used, hex, SENDER_HEX_SIZE - 1);
            used += SENDER_HEX_SIZE - 1;
        }
        payload[used++] = '\0';
    }
    return used;
}

static void make_request(input_t *input)
{
    uint8_t payload[HOTRELOAD_FRAME_PAYLOAD];
    const uint8_t *bytes;
    size_t size;
    request.type = input_byte(input) % 9;
    request.number += input_below(input, 3);
    if (request.type == HOTRELOAD_FRAME_BEGIN && input_byte(input) < 200) {
        size = choose_begin(input, payload);
    } else {
        size = input_bytes(input, input_below(input, sizeof payload + 1), &bytes);
        memcpy(payload, bytes, size);
        if (request.type == HOTRELOAD_FRAME_WRITE && size >= 4 && input_byte(input) < 200) {
            memcpy(payload, &serial.received, 4); /* the host is little-endian, too */
        }
    }
    hotreload_frame_writer_t writer;
    hotreload_frame_begin(&writer, request.line, request.type, request.number);
    hotreload_frame_put(&writer, payload, size);
    request.length = hotreload_frame_end(&writer);
}

static void send_in_pieces(input_t *input, const char *bytes, size_t size)
{
    size_t piece = 1 + input_below(input, 255);
    for (size_t at = 0; at < size; at += piece) {
        hotreload_serial_receive(&serial, bytes + at, size - at < piece ? size - at : piece);
    }
}

static void send_request(input_t *input)
{
    unsigned before = seen.answers;
    make_request(input);
    send_in_pieces(input, request.line, request.length);
    must(seen.answers == before + 1);
    must(seen.type == (request.type | HOTRELOAD_FRAME_ANSWER) && seen.number == request.number);
}

static void repeat_request(input_t *input)
{
    if (!serial.answered || request.length == 0 || serial.number != request.number ||
        seen.type != (request.type | HOTRELOAD_FRAME_ANSWER)) {
        return;
    }
    char line[sizeof seen.line];
    size_t length = seen.length;
    memcpy(line, seen.line, length);
    send_in_pieces(input, request.line, request.length);
    must(seen.length == length && memcmp(seen.line, line, length) == 0);
}

/** A flipped bit of anything but the last digit and the newline. */
static void send_damaged(input_t *input)
{
    unsigned before = seen.answers;
    make_request(input);
    uint32_t bit = input_below(input, (uint32_t)(request.length - 2) * 8);
    request.line[bit / 8] = (char)(request.line[bit / 8] ^ 1 << bit % 8);
    send_in_pieces(input, request.line, request.length);
    must(seen.answers == before);
    request.length = 0;
}

static void send_cut_off(input_t *input)
{
    unsigned before = seen.answers;
    make_request(input);
    send_in_pieces(input, request.line, input_below(input, (uint32_t)request.length - 1));
    must(seen.answers == before);
    request.length = 0;
    hotreload_serial_receive(&serial, "\n", 1);
}

/** What has no mark all arrives, after what may have been the beginning of one. */
static void send_noise(input_t *input)
{
    const uint8_t *bytes;
    char noise[256];
    size_t size = input_bytes(input, input_below(input, sizeof noise), &bytes);
    for (size_t i = 0; i < size; i++) {
        noise[i] = (char)(bytes[i] == '\x02' ? '\x03' : bytes[i]);
    }
    hotreload_serial_receive(&serial, "\r", 1); /* ends what was cut off */
    size_t before = seen.passed_on;
    send_in_pieces(input, noise, size);
    must(seen.passed_on == before + size);
}

static void send_anything(input_t *input)
{
    const uint8_t *bytes;
    size_t size = input_bytes(input, input_below(input, 256), &bytes);
    send_in_pieces(input, (const char *)bytes, size);
    hotreload_serial_receive(&serial, "\n", 1);
    request.length = 0;
}

static void wait(input_t *input)
{
    fake_port.now_ms += 1000u * input_below(input, 12);
    hotreload_serial_check_idle(&serial);
}

static void set_up(input_t *input)
{
    hotreload_reason_t none = {0};
    fake_port_reset();
    fake_flash_create(8, 512);
    hotreload_status_set_error(&none);
    memset(&seen, 0, sizeof seen);
    memset(&request, 0, sizeof request);
    const hotreload_serial_settings_t settings = {
        .partition_label = FAKE_FLASH_LABEL,
        .max_size = 1500,
        .accept_replayed = input_byte(input) >= 40,
        .run_from_ram_first = true,
        .idle_timeout_ms = 10000,
        .send = take_answer,
        .finished = finished,
        .input = count_input,
    };
    hotreload_serial_open(&serial, &settings);
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
        send_request, send_request, send_request, send_request,  repeat_request,
        send_damaged, send_cut_off, send_noise,   send_anything, wait};
    input_t input = {data, size};
    set_up(&input);
    for (uint32_t i = 0; i < MAX_STEPS && input.left > 0; i++) {
        steps[input_byte(&input) % (sizeof steps / sizeof steps[0])](&input);
        must(!hotreload_update_available());
    }
    hotreload_serial_close(&serial);
    store_reset();
    fake_flash_destroy();
    fake_port_expect_idle();
    return 0;
}
