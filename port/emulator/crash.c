/*
 * Prints where the program faulted, as a chip's panic handler does. Then the signal ends the
 * program, as it would without a handler.
 *
 * SPDX-License-Identifier: MIT
 */
#include "crash.h"

#include <stdio.h>
#include <string.h>

#include "hotreload.h"
#include "linux.h"
#include "syscall.h"

static void say(const char *words)
{
    linux_write_all(1, words, strlen(words));
}

static void say_address(const char *name, uint32_t address)
{
    char line[32], words[128];
    snprintf(line, sizeof line, "%s 0x%08x", name, (unsigned)address);
    say(line);
    if (hotreload_describe_address(address, words, sizeof words) != NULL) {
        say(": ");
        say(words);
    }
    say("\n");
}

static void on_fault(int signal, const void *info, const void *context)
{
    (void)info;
    uint32_t pc;
    memcpy(&pc, (const char *)context + SYSCALL_CONTEXT_PC, sizeof pc);
    fflush(stdout);
    say("\npanic: the program faulted\n");
    say_address("PC", pc);
    linux_end_by_signal(signal);
}

void board_crash_init(void)
{
    linux_on_fault(on_fault);
}
