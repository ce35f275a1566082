/*
 * What the running firmware is: its GNU build-id, which the linker computes over its content.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "port.h"

#define NT_GNU_BUILD_ID 3u

/* An ELF note, around which board.ld puts these symbols. */
typedef struct {
    uint32_t name_size;
    uint32_t id_size;
    uint32_t type;
    char name[4];
    uint8_t id[];
} build_id_note_t;

extern const build_id_note_t board_build_id_start[], board_build_id_end[];

const uint8_t *hotreload_port_firmware_id(size_t *size)
{
    const build_id_note_t *note = board_build_id_start;
    size_t room = (uintptr_t)board_build_id_end - (uintptr_t)board_build_id_start;
    if (room < sizeof *note || note->type != NT_GNU_BUILD_ID ||
        memcmp(note->name, "GNU", sizeof note->name) != 0 || note->id_size > room - sizeof *note) {
        hotreload_port_panic("the firmware was linked without --build-id");
    }
    *size = note->id_size;
    return note->id;
}

const char *hotreload_port_project(void)
{
    return BOARD_PROJECT;
}

const char *hotreload_port_chip_name(void)
{
    return "emulator";
}

const hotreload_arch_t *hotreload_port_arch(void)
{
    return &BOARD_RELOCATIONS;
}

uint16_t hotreload_port_chip(void)
{
    return HOTRELOAD_CHIP_EMULATOR;
}

uint16_t hotreload_port_abi(void)
{
    return BOARD_ABI;
}
