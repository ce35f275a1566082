/*
 * The part of ELF32 that packed modules use; field names as in the System V ABI, chapter 4 and 5.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_ELF32_H
#define HOTRELOAD_ELF32_H

#include <stdint.h>

typedef struct {
    uint8_t e_ident[16];
    uint16_t e_type;
    uint16_t e_machine;
    uint32_t e_version;
    uint32_t e_entry;
    uint32_t e_phoff;
    uint32_t e_shoff;
    uint32_t e_flags;
    uint16_t e_ehsize;
    uint16_t e_phentsize;
    uint16_t e_phnum;
    uint16_t e_shentsize;
    uint16_t e_shnum;
    uint16_t e_shstrndx;
} elf32_header_t;

typedef struct {
    uint32_t p_type;
    uint32_t p_offset;
    uint32_t p_vaddr;
    uint32_t p_paddr;
    uint32_t p_filesz;
    uint32_t p_memsz;
    uint32_t p_flags;
    uint32_t p_align;
} elf32_program_header_t;

typedef struct {
    uint32_t n_namesz;
    uint32_t n_descsz;
    uint32_t n_type;
} elf32_note_t;

typedef struct {
    uint32_t r_offset;
    uint32_t r_info; /**< symbol << 8 | type */
    uint32_t r_addend;
} elf32_rela_t;

enum {
    ELF32_CLASS = 4, /* indexes of e_ident */
    ELF32_DATA = 5,
    ELF32_CLASS_32 = 1,
    ELF32_LITTLE_ENDIAN = 1,
    ELF32_TYPE_EXEC = 2,
    ELF32_PT_LOAD = 1,
    ELF32_PT_NOTE = 4,
    ELF32_PF_X = 1,
    ELF32_PF_W = 2,
};

#endif
