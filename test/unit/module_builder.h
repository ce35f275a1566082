/*
 * Builds packed modules (src/image/module_format.h) for tests. Start with module_spec_default(),
 * change fields, build; or build and then corrupt single bytes with the help of the layout.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MODULE_BUILDER_H
#define MODULE_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/module_format.h"

typedef struct {
    const char *name;
    uint32_t address; /**< link address */
} module_export_t;

/** An Elf32_Rela: `place` is a link address. */
typedef struct {
    uint32_t place;
    uint8_t type;    /**< R_RISCV_* and so on */
    uint32_t symbol; /**< hotreload_symbol_t */
    int32_t addend;
} module_relocation_t;

/** What the module is to be. Arrays are only read while building. */
typedef struct {
    uint16_t machine, chip, abi, format;
    const uint8_t *firmware_id;
    size_t firmware_id_size;

    uint32_t text_address, data_address; /**< link addresses */
    size_t text_size;                    /**< bytes in file and memory */
    size_t data_file_size;               /**< bytes in the file */
    size_t data_size;                    /**< bytes in memory: the rest is .bss */
    uint32_t text_align, data_align;
    const uint8_t *text, *data; /**< content; NULL: a pattern that depends on `seed` */
    uint32_t seed;

    const module_relocation_t *relocations;
    size_t relocation_count;
    const module_export_t *exports;
    size_t export_count;
    hotreload_note_init_t init; /**< all zero: no such note */
    bool fills_first;           /**< has the note that says so */

    const uint8_t *base_sha256; /**< makes it a patch, with the next two notes; NULL: a module */
    const hotreload_jump_t *jumps;
    size_t jump_count;
    const hotreload_swap_t *swaps;
    size_t swap_count;
    const hotreload_kept_t *kept; /**< NULL: no such note */
    size_t kept_count;
    const uint32_t *veneers; /**< of the jumps; NULL: no such note */
    size_t veneer_count;
} module_spec_t;

/** File offsets of the parts of a built module, and its length, in bytes. */
typedef struct {
    size_t program_headers; /**< in this order: text, data, notes, relocations */
    /** Of the note headers; 0: absent. */
    size_t notes, module_note, exports_note, init_note;
    size_t base_note, jumps_note, swaps_note, kept_note, veneers_note, fill_note;
    size_t text, data, relocations;
    size_t size;
} module_layout_t;

/**
 * A valid module for fake_port's firmware and the fake table: 64 bytes of text, 16 of data and 8 of
 * .bss, exports alpha, beta, gamma, no relocations.
 */
module_spec_t module_spec_default(void);

/**
 * Builds a module.
 *
 * @param spec    what it is to be; not checked
 * @param layout  gets where the parts are; may be NULL
 * @param size    gets the length in bytes
 * @return memory of exactly that length, to be freed with free()
 */
uint8_t *module_build(const module_spec_t *spec, module_layout_t *layout, size_t *size);

/**
 * A valid patch of a module with this SHA-256: like module_spec_default(), at other link addresses,
 * without exports.
 */
module_spec_t module_spec_patch(const uint8_t *base_sha256);

/** Builds a valid module of exactly `size` bytes (a multiple of 4, at least 512), by its text. */
uint8_t *module_build_sized(size_t size, uint32_t seed);

/** Little-endian fields of a module at any alignment. */
void module_put16(uint8_t *at, uint32_t value);
void module_put32(uint8_t *at, uint32_t value);
uint32_t module_get32(const uint8_t *at);

#endif
