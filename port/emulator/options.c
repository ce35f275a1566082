/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static board_options_t options = {
    .flash_path = "flash.bin",
    .flash_size = 512 * 1024,
    .ram_size = 512 * 1024,
    .port = 8080,
    .max_upload = 128 * 1024,
    .idle_timeout_ms = 5000,
    .settle_pause_ms = 10,
    .poll_ms = 1000,
    .trial_ms = 30000,
    .argument = "",
};

typedef enum { OPTION_FLAG, OPTION_TEXT, OPTION_NUMBER, OPTION_FAULT, OPTION_RESET } option_kind_t;

typedef struct {
    const char *name;
    option_kind_t kind;
    size_t offset; /* of the field in board_options_t */
    const char *help;
} option_t;

static const option_t options_known[] = {
    {"--flash", OPTION_TEXT, offsetof(board_options_t, flash_path),
     "FILE     the flash partition; created erased when missing (flash.bin)"},
    {"--flash-size", OPTION_NUMBER, offsetof(board_options_t, flash_size),
     "BYTES    its size when it is created (524288)"},
    {"--ram", OPTION_NUMBER, offsetof(board_options_t, ram_size),
     "BYTES    RAM for modules, text and data together (524288)"},
    {"--port", OPTION_NUMBER, offsetof(board_options_t, port),
     "N        TCP port of the server on 127.0.0.1; 0: a free one (8080)"},
    {"--max-upload", OPTION_NUMBER, offsetof(board_options_t, max_upload),
     "BYTES    longest upload that is accepted (131072)"},
    {"--idle-timeout", OPTION_NUMBER, offsetof(board_options_t, idle_timeout_ms),
     "MS       the server gives up a silent client after so long (5000)"},
    {"--accept-replayed", OPTION_FLAG, offsetof(board_options_t, accept_replayed),
     "         X-Hotreload-HMAC alone is enough: an upload may be a recording"},
    {"--ram-first", OPTION_FLAG, offsetof(board_options_t, ram_first),
     "         uploads run from RAM first and are stored afterwards"},
    {"--settle-pause", OPTION_NUMBER, offsetof(board_options_t, settle_pause_ms),
     "MS       for the application, before each sector that is stored then (10)"},
    {"--poll", OPTION_NUMBER, offsetof(board_options_t, poll_ms),
     "MS       period of the application's loop (1000)"},
    {"--trial", OPTION_NUMBER, offsetof(board_options_t, trial_ms),
     "MS       a new module is good after so long; 0: only by hotreload_mark_valid() (30000)"},
    {"--reset-reason", OPTION_RESET, offsetof(board_options_t, reset_reason),
     "WHY      how the last run ended: power-on, panic or watchdog (power-on)"},
    {"--flash-fault", OPTION_FAULT, offsetof(board_options_t, fault),
     "OP:N     the Nth flash operation OP (read, write, erase) fails"},
    {"--slow-flash", OPTION_FLAG, offsetof(board_options_t, slow_flash),
     "         takes the time of a chip's flash: 45 ms to erase a sector, 0.7 ms to write a page"},
    {"--skip-sync", OPTION_FLAG, offsetof(board_options_t, skip_sync),
     "         new text is not made visible to instruction fetch"},
};

/* Of the heap in board.ld. */
#define BOARD_RAM_MAX (4u * 1024 * 1024)

#define OPTION_COUNT (sizeof options_known / sizeof options_known[0])

static void print_help(void)
{
    printf("Usage: firmware [OPTION]... [ARGUMENT]\n"
           "The emulated board of hotreload; ARGUMENT is for the application.\n\n");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        printf("  %-15s %s\n", options_known[i].name, options_known[i].help);
    }
}

static _Noreturn void fail(const char *name, const char *value, const char *wanted)
{
    printf("%s %s: %s; --help explains the options\n", name, value, wanted);
    exit(BOARD_EXIT_USAGE);
}

static uint32_t parse_number(const char *name, const char *value, const char *digits)
{
    uint64_t number = 0;
    const char *end = digits;
    while (*end >= '0' && *end <= '9' && number <= UINT32_MAX) {
        number = number * 10 + (uint64_t)(*end++ - '0');
    }
    if (end == digits || *end != '\0' || number > UINT32_MAX) {
        fail(name, value, "a decimal number below 4294967296 is wanted");
    }
    return (uint32_t)number;
}

static void parse_fault(const char *name, const char *value, board_flash_fault_t *fault)
{
    const char *colon = strchr(value, ':');
    if (colon != NULL) {
        uint32_t number = parse_number(name, value, colon + 1);
        if (strncmp(value, "read:", 5) == 0) {
            fault->read = number;
            return;
        }
        if (strncmp(value, "write:", 6) == 0) {
            fault->write = number;
            return;
        }
        if (strncmp(value, "erase:", 6) == 0) {
            fault->erase = number;
            return;
        }
    }
    fail(name, value, "read:N, write:N or erase:N is wanted");
}

static board_reset_t parse_reset(const char *name, const char *value)
{
    static const char *const names[] = {[BOARD_RESET_POWER_ON] = "power-on",
                                        [BOARD_RESET_PANIC] = "panic",
                                        [BOARD_RESET_WATCHDOG] = "watchdog"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(value, names[i]) == 0) {
            return (board_reset_t)i;
        }
    }
    fail(name, value, "power-on, panic or watchdog is wanted");
}

static void set_option(const option_t *option, const char *value)
{
    void *field = (char *)&options + option->offset;
    switch (option->kind) {
    case OPTION_FLAG:
        *(bool *)field = true;
        break;
    case OPTION_TEXT:
        *(const char **)field = value;
        break;
    case OPTION_NUMBER:
        *(uint32_t *)field = parse_number(option->name, value, value);
        break;
    case OPTION_FAULT:
        parse_fault(option->name, value, field);
        break;
    case OPTION_RESET:
        *(board_reset_t *)field = parse_reset(option->name, value);
        break;
    }
}

static const option_t *find_option(const char *name)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (strcmp(options_known[i].name, name) == 0) {
            return &options_known[i];
        }
    }
    fail(name, "", "there is no such option");
}

static void check_limits(void)
{
    if (options.port > UINT16_MAX) {
        fail("--port", "", "a number below 65536 is wanted");
    }
    if (options.ram_size > BOARD_RAM_MAX) {
        fail("--ram", "", "the board has at most 4194304 bytes");
    }
    if (options.flash_size == 0 || options.flash_size % 4096 != 0) {
        fail("--flash-size", "", "a multiple of 4096 is wanted");
    }
}

const board_options_t *board_options(void)
{
    return &options;
}

void board_options_parse(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            print_help();
            exit(0);
        }
        if (strncmp(argv[i], "--", 2) != 0) {
            options.argument = argv[i];
            continue;
        }
        const option_t *option = find_option(argv[i]);
        const char *value = "";
        if (option->kind != OPTION_FLAG) {
            if (i + 1 == argc) {
                fail(option->name, "", "a value is wanted");
            }
            value = argv[++i];
        }
        set_option(option, value);
    }
    check_limits();
}
