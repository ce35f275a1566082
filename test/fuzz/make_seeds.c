/*
 * Writes the seed corpus: make_seeds DIRECTORY, which has to have one directory per target. Beside
 * each of these a file TARGET.list names the seeds, as libFuzzer's -seed_inputs=@FILE reads it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bad_modules.h"
#include "fake_port.h"
#include "image/module_format.h"
#include "module_source.h"
#include "sender.h"

#define MODULES   32u
#define DECISIONS 200u

static const char *directory;
static const char *target;
static FILE *list;

static FILE *create(const char *path)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    return file;
}

static void end(FILE *file)
{
    if (ferror(file) != 0 || fclose(file) != 0) {
        perror(directory);
        exit(1);
    }
}

/** The seeds that follow are for this target. */
static void begin_target(const char *name)
{
    char path[1024];
    target = name;
    snprintf(path, sizeof path, "%s/%s.list", directory, target);
    list = create(path);
}

static void end_target(void)
{
    end(list);
    list = NULL;
}

static void write_seed(const char *name, const void *data, size_t size)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s/%s", directory, target, name);
    FILE *file = create(path);
    fwrite(data, 1, size, file);
    end(file);
    fprintf(list, "%s%s", ftell(list) > 0 ? "," : "", path);
}

static void choose_architecture(unsigned number)
{
    fake_port_reset();
    if (number % 2 == 1) {
        fake_port.arch = &hotreload_arch_xtensa;
        fake_port.abi = HOTRELOAD_ABI_XTENSA_WINDOWED;
    }
}

static void fill(uint8_t *bytes, size_t size, uint32_t random)
{
    for (size_t i = 0; i < size; i++) {
        random = random * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(random >> 24);
    }
}

static void write_modules(void)
{
    begin_target("loader");
    char name[64];
    uint8_t decisions[DECISIONS];
    size_t size;
    for (unsigned i = 0; i < MODULES; i++) {
        choose_architecture(i);
        fill(decisions, sizeof decisions, i);
        input_t input = {decisions, i < 2 ? 0 : sizeof decisions};
        uint8_t *module = module_source_build(&input, &size);
        snprintf(name, sizeof name, "module_%u", i);
        write_seed(name, module, size);
        free(module);
    }
    choose_architecture(0);
    for (unsigned i = 0; i < BAD_MODULES; i++) {
        uint8_t *module = bad_module_build(&bad_modules[i], &size);
        write_seed(bad_modules[i].name, module, size);
        free(module);
    }
    end_target();
}

/** Targets whose input is nothing but decisions. */
static void write_decisions(const char *decided)
{
    begin_target(decided);
    char name[16];
    uint8_t decisions[DECISIONS];
    for (unsigned i = 0; i < MODULES; i++) {
        fill(decisions, sizeof decisions, ~i);
        snprintf(name, sizeof name, "%u", i);
        write_seed(name, decisions, sizeof decisions);
    }
    end_target();
}

/** An upload with right digests, between two requests on the same connection. */
static void write_upload(const char *name, const char *headers, const void *body, size_t size)
{
    static const char first[] = "\1\1GET /nonce HTTP/1.1\r\n\r\n";
    static const char last[] = "GET /status HTTP/1.1\r\nConnection: close\r\n\r\n";
    char sha256[SENDER_HEX_SIZE], hmac[SENDER_HEX_SIZE];
    char text[4096];
    sender_sha256(body, size, sha256);
    sender_hmac(body, size, hmac);
    size_t used = (size_t)snprintf(text, sizeof text,
                                   "%sPOST /upload HTTP/1.1\r\nContent-Length: %zu\r\n%s"
                                   "X-Hotreload-SHA256: %s\r\nX-Hotreload-HMAC: %s\r\n\r\n",
                                   first, size, headers, sha256, hmac);
    memcpy(text + used, body, size);
    used += size;
    memcpy(text + used, last, sizeof last - 1);
    write_seed(name, text, used + sizeof last - 1);
}

static void write_uploads(void)
{
    input_t none = {NULL, 0};
    size_t size;
    char records[1200];
    choose_architecture(0);
    uint8_t *module = module_source_build(&none, &size);
    write_upload("upload", "", module, size);
    write_upload("upload_continue", "Expect: 100-continue\r\nConnection: keep-alive\r\n", module,
                 size);
    free(module);
    memset(records, 'x', sizeof records);
    write_upload("upload_no_module", "", records, sizeof records);
    for (size_t i = 0; i < sizeof records; i++) {
        records[i] = "HRR1"[i % 4];
    }
    write_upload("upload_of_records", "", records, sizeof records);
}

static void write_requests(void)
{
    static const char *const requests[] = {
        "\1\1GET /status HTTP/1.1\r\n\r\nGET /pending HTTP/1.0\r\n\r\n",
        "\2\2GET /nonce?x HTTP/1.1\r\nHost: board\r\nConnection: close, x\r\n\r\n",
        "\1\1PUT /upload HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
        "\1\1POST /upload HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello",
        "\3\3DELETE /status HTTP/1.1\r\n\r\n",
        "\1\1GET / HTTP/1.1\r\n\r\n",
        "\1\1GET /other HTTP/1.1\r\n\r\n",
        "\1\1GET /status HTTP/1.1\r\nX-Hotreload-Auth: 0\r\nHo",
        "\1\1GET /status HTTP/1.1\r\nX-Hotreload-HMAC: 0\r\nX-Hotreload-HMAC: 0\r\n\r\n",
        "\1\363GET /status HTTP/1.1\r\nConnection: a , close \t,b\r\n\r\nGET /nonce",
    };
    begin_target("http");
    char name[16];
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        snprintf(name, sizeof name, "request_%zu", i);
        write_seed(name, requests[i], strlen(requests[i]));
    }
    write_uploads();
    end_target();
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: make_seeds DIRECTORY\n");
        return 2;
    }
    directory = argv[1];
    write_modules();
    write_decisions("store");
    write_decisions("upload");
    write_decisions("serial");
    write_requests();
    return 0;
}
