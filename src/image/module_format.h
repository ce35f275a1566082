/*
 * The packed module as the host tools write it: numbers that both sides must agree on.
 * docs/spec.md explains the format; tools/hotreload/module/module_format.py has the same numbers.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_MODULE_FORMAT_H
#define HOTRELOAD_MODULE_FORMAT_H

#include <stdint.h>

#define HOTRELOAD_FORMAT_VERSION 2u

/** Segment that holds the relocations (an array of Elf32_Rela, sorted by place); not loaded. */
#define HOTRELOAD_PT_RELA 0x68720001u

/** Symbol indexes of a relocation: the format has no symbol table, only these. */
typedef enum {
    HOTRELOAD_SYM_NONE = 0,      /**< value 0: the addend is a firmware address */
    HOTRELOAD_SYM_TEXT = 1,      /**< start of the text segment */
    HOTRELOAD_SYM_DATA = 2,      /**< start of the data segment */
    HOTRELOAD_SYM_BASE_TEXT = 3, /**< start of the base's text; in a patch only */
    HOTRELOAD_SYM_BASE_DATA = 4, /**< start of the base's data; in a patch only */
    HOTRELOAD_SYM_COUNT,
    HOTRELOAD_SYM_KEPT = 16, /**< and up: start of kept variable number 0, 1, ... */
} hotreload_symbol_t;

/** Owner of the notes, with its NUL; and their types, in the ascending order of the file. */
#define HOTRELOAD_NOTE_NAME "HRL"
/** A note with this bit in its type may be ignored by a loader that does not know it. */
#define HOTRELOAD_NOTE_OPTIONAL 0x80000000u
#define HOTRELOAD_NOTE_MODULE   1u /**< hotreload_note_module_t, then the firmware's identity */
#define HOTRELOAD_NOTE_EXPORTS  2u /**< count, addresses, then names, NUL after each, sorted */
#define HOTRELOAD_NOTE_INIT     3u /**< hotreload_note_init_t; absent without constructors */
#define HOTRELOAD_NOTE_INTERNAL 4u /**< empty; must be in RAM inside the chip, not in external */
#define HOTRELOAD_NOTE_BASE     5u /**< SHA-256 of the base: the module is a patch of it */
#define HOTRELOAD_NOTE_JUMPS    6u /**< count, hotreload_jump_t; sorted by `from`; patches only */
#define HOTRELOAD_NOTE_SWAPS    7u /**< count, hotreload_swap_t; patches only */
#define HOTRELOAD_NOTE_KEPT     8u /**< count, hotreload_kept_t; sorted by key */
/** count, offsets in the base's text: the veneer of each jump; without it, none has one */
#define HOTRELOAD_NOTE_VENEERS (HOTRELOAD_NOTE_OPTIONAL | 9u)
/** empty; the first constructor only copies: it may run while nothing else does */
#define HOTRELOAD_NOTE_FILL (HOTRELOAD_NOTE_OPTIONAL | 10u)

typedef struct {
    uint16_t format;           /**< HOTRELOAD_FORMAT_VERSION */
    uint16_t chip;             /**< hotreload_chip_t */
    uint16_t abi;              /**< hotreload_abi_t */
    uint16_t firmware_id_size; /**< bytes that follow, padded to a multiple of 4 */
} hotreload_note_module_t;

/** Link addresses and numbers of the function pointers run after loading and before freeing. */
typedef struct {
    uint32_t init_address, init_count;
    uint32_t fini_address, fini_count;
} hotreload_note_init_t;

/** What the first instruction of an old function becomes: a jump to the new function. */
typedef struct {
    uint32_t from; /**< offset in the base's text */
    uint32_t to;   /**< link address in the patch's text */
    uint32_t busy; /**< bytes from `from` in which no task may be while the jump is written */
} hotreload_jump_t;

/** Of a jump without a veneer. */
#define HOTRELOAD_NO_VENEER UINT32_MAX

/** Bytes that change places at commit: those at symbol + addend, and those in the patch's data. */
typedef struct {
    uint32_t symbol; /**< HOTRELOAD_SYM_NONE or HOTRELOAD_SYM_BASE_DATA */
    uint32_t addend;
    uint32_t source; /**< link address in the part of the patch's data that the file has */
    uint32_t size;   /**< bytes */
} hotreload_swap_t;

/** A variable that lives outside the module and is found again by its key. */
typedef struct {
    uint32_t key[2];  /**< tells component, file, function, name and type */
    uint32_t initial; /**< link address of its initial value in the file's data; 0: zeros */
    uint32_t size;    /**< bytes */
} hotreload_kept_t;

/** Espressif's chip numbers (esp_chip_id_t) and one of our own. */
typedef enum {
    HOTRELOAD_CHIP_EMULATOR = 0xff00,
} hotreload_chip_t;

/** How functions pass arguments: part of what makes two objects link. */
typedef enum {
    HOTRELOAD_ABI_RISCV_ILP32 = 1,
    HOTRELOAD_ABI_RISCV_ILP32F = 2,
    HOTRELOAD_ABI_XTENSA_WINDOWED = 3,
    HOTRELOAD_ABI_XTENSA_CALL0 = 4,
} hotreload_abi_t;

#endif
