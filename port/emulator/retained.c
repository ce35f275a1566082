/*
 * RAM that a restart does not clear: a file beside the flash file. It is created when the first
 * number is kept.
 *
 * SPDX-License-Identifier: MIT
 */
#include "retained.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "linux.h"
#include "options.h"
#include "port.h"

static uint32_t *word;       /* NULL: there is no file */
static uint32_t kept_before; /* by the last run, if it crashed */

static void open_word(bool create)
{
    char path[512];
    if (word != NULL || strlen(board_options()->flash_path) + sizeof ".ram" > sizeof path) {
        return;
    }
    snprintf(path, sizeof path, "%s.ram", board_options()->flash_path);
    int file = linux_open(path, create);
    if (file < 0) {
        return;
    }
    if (linux_file_size(file) >= (int32_t)sizeof *word ||
        linux_file_fill(file, 0, sizeof *word) >= 0) {
        word = linux_map(0, false, sizeof *word, LINUX_READ | LINUX_WRITE, file, 0);
    }
    linux_close(file);
}

void board_retained_init(void)
{
    open_word(false);
    if (word != NULL) {
        kept_before = board_options()->reset_reason != BOARD_RESET_POWER_ON ? *word : 0;
        *word = 0;
    }
}

void hotreload_port_retain(uint32_t sequence)
{
    open_word(sequence != 0);
    if (word != NULL) {
        *word = sequence;
    }
}

uint32_t hotreload_port_take_crashed(void)
{
    const uint32_t sequence = kept_before;
    kept_before = 0;
    return sequence;
}
