/* SPDX-License-Identifier: MIT */
#include "module_builder.h"

#include <stdlib.h>
#include <string.h>

#include "fake_port.h"

#define ELF_HEADER_SIZE     52u
#define PROGRAM_HEADER_SIZE 32u
#define NOTE_HEADER_SIZE    16u /* with the owner's name */
#define RELA_SIZE           12u
#define SEGMENT_COUNT       4u

enum { TYPE_EXEC = 2, PT_LOAD = 1, PT_NOTE = 4, PF_X = 1, PF_W = 2, PF_R = 4 };

typedef struct {
    uint32_t type, offset, address, file_size, memory_size, flags, align;
} program_header_t;

void module_put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

void module_put32(uint8_t *at, uint32_t value)
{
    module_put16(at, value);
    module_put16(at + 2, value >> 16);
}

uint32_t module_get32(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static size_t round4(size_t size)
{
    return (size + 3) & ~(size_t)3;
}

module_spec_t module_spec_default(void)
{
    static const module_export_t exports[] = {
        {"alpha", 0xa0000000u}, {"beta", 0xa0000010u}, {"gamma", 0xa0000020u}};
    return (module_spec_t){
        .machine = fake_port.arch->machine,
        .chip = fake_port.chip,
        .abi = fake_port.abi,
        .format = HOTRELOAD_FORMAT_VERSION,
        .firmware_id = fake_port.firmware_id,
        .firmware_id_size = fake_port.firmware_id_size,
        .text_address = 0xa0000000u,
        .data_address = 0xb0000000u,
        .text_size = 64,
        .data_file_size = 16,
        .data_size = 24,
        .text_align = 4,
        .data_align = 8,
        .exports = exports,
        .export_count = 3,
    };
}

module_spec_t module_spec_patch(const uint8_t *base_sha256)
{
    module_spec_t spec = module_spec_default();
    spec.text_address = 0xc0000000u;
    spec.data_address = 0xd0000000u;
    spec.export_count = 0;
    spec.base_sha256 = base_sha256;
    return spec;
}

static bool has_init(const module_spec_t *spec)
{
    return spec->init.init_count != 0 || spec->init.fini_count != 0 ||
           spec->init.init_address != 0 || spec->init.fini_address != 0;
}

static size_t exports_size(const module_spec_t *spec)
{
    size_t size = 4 + 4 * spec->export_count;
    for (size_t i = 0; i < spec->export_count; i++) {
        size += strlen(spec->exports[i].name) + 1;
    }
    return size;
}

static module_layout_t lay_out(const module_spec_t *spec)
{
    module_layout_t layout = {.program_headers = ELF_HEADER_SIZE};
    size_t at = ELF_HEADER_SIZE + SEGMENT_COUNT * PROGRAM_HEADER_SIZE;
    layout.notes = layout.module_note = at;
    at += NOTE_HEADER_SIZE + sizeof(hotreload_note_module_t) + round4(spec->firmware_id_size);
    layout.exports_note = at;
    at += NOTE_HEADER_SIZE + round4(exports_size(spec));
    if (has_init(spec)) {
        layout.init_note = at;
        at += NOTE_HEADER_SIZE + sizeof(hotreload_note_init_t);
    }
    if (spec->base_sha256 != NULL) {
        layout.base_note = at;
        layout.jumps_note = layout.base_note + NOTE_HEADER_SIZE + 32;
        layout.swaps_note =
            layout.jumps_note + NOTE_HEADER_SIZE + 4 + spec->jump_count * sizeof *spec->jumps;
        at = layout.swaps_note + NOTE_HEADER_SIZE + 4 + spec->swap_count * sizeof *spec->swaps;
    }
    if (spec->kept != NULL) {
        layout.kept_note = at;
        at += NOTE_HEADER_SIZE + 4 + spec->kept_count * sizeof *spec->kept;
    }
    if (spec->veneers != NULL) {
        layout.veneers_note = at;
        at += NOTE_HEADER_SIZE + 4 + spec->veneer_count * sizeof *spec->veneers;
    }
    if (spec->fills_first) {
        layout.fill_note = at;
        at += NOTE_HEADER_SIZE;
    }
    layout.text = at;
    layout.data = layout.text + round4(spec->text_size);
    layout.relocations = layout.data + round4(spec->data_file_size);
    layout.size = layout.relocations + spec->relocation_count * RELA_SIZE;
    return layout;
}

static void put_elf_header(uint8_t *file, const module_spec_t *spec, const module_layout_t *layout)
{
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 1, 1, 1};
    memcpy(file, ident, sizeof ident);
    module_put16(file + 16, TYPE_EXEC);
    module_put16(file + 18, spec->machine);
    module_put32(file + 20, 1);
    module_put32(file + 28, (uint32_t)layout->program_headers);
    module_put16(file + 40, ELF_HEADER_SIZE);
    module_put16(file + 42, PROGRAM_HEADER_SIZE);
    module_put16(file + 44, SEGMENT_COUNT);
}

static uint8_t *put_program_header(uint8_t *at, const program_header_t *header)
{
    const uint32_t fields[8] = {header->type,    header->offset,    header->address,
                                header->address, header->file_size, header->memory_size,
                                header->flags,   header->align};
    for (size_t i = 0; i < 8; i++) {
        module_put32(at + 4 * i, fields[i]);
    }
    return at + PROGRAM_HEADER_SIZE;
}

static void put_program_headers(uint8_t *file, const module_spec_t *spec,
                                const module_layout_t *layout)
{
    const uint32_t text_size = (uint32_t)spec->text_size;
    const uint32_t notes_size = (uint32_t)(layout->text - layout->notes);
    const uint32_t relocations_size = (uint32_t)(spec->relocation_count * RELA_SIZE);
    const program_header_t headers[SEGMENT_COUNT] = {
        {PT_LOAD, (uint32_t)layout->text, spec->text_address, text_size, text_size, PF_R | PF_X,
         spec->text_align},
        {PT_LOAD, (uint32_t)layout->data, spec->data_address, (uint32_t)spec->data_file_size,
         (uint32_t)spec->data_size, PF_R | PF_W, spec->data_align},
        {PT_NOTE, (uint32_t)layout->notes, 0, notes_size, 0, PF_R, 4},
        {HOTRELOAD_PT_RELA, (uint32_t)layout->relocations, 0, relocations_size, 0, PF_R, 4},
    };
    uint8_t *at = file + layout->program_headers;
    for (size_t i = 0; i < SEGMENT_COUNT; i++) {
        at = put_program_header(at, &headers[i]);
    }
}

static uint8_t *put_note_header(uint8_t *at, uint32_t type, size_t size)
{
    module_put32(at, sizeof HOTRELOAD_NOTE_NAME);
    module_put32(at + 4, (uint32_t)size);
    module_put32(at + 8, type);
    memcpy(at + 12, HOTRELOAD_NOTE_NAME, sizeof HOTRELOAD_NOTE_NAME);
    return at + NOTE_HEADER_SIZE;
}

static void put_module_note(uint8_t *at, const module_spec_t *spec)
{
    at = put_note_header(at, HOTRELOAD_NOTE_MODULE,
                         sizeof(hotreload_note_module_t) + spec->firmware_id_size);
    module_put16(at, spec->format);
    module_put16(at + 2, spec->chip);
    module_put16(at + 4, spec->abi);
    module_put16(at + 6, (uint32_t)spec->firmware_id_size);
    memcpy(at + 8, spec->firmware_id, spec->firmware_id_size);
}

static void put_exports_note(uint8_t *at, const module_spec_t *spec)
{
    at = put_note_header(at, HOTRELOAD_NOTE_EXPORTS, exports_size(spec));
    module_put32(at, (uint32_t)spec->export_count);
    char *name = (char *)at + 4 + 4 * spec->export_count;
    for (size_t i = 0; i < spec->export_count; i++) {
        module_put32(at + 4 + 4 * i, spec->exports[i].address);
        size_t length = strlen(spec->exports[i].name) + 1;
        memcpy(name, spec->exports[i].name, length);
        name += length;
    }
}

static void put_init_note(uint8_t *at, const hotreload_note_init_t *init)
{
    at = put_note_header(at, HOTRELOAD_NOTE_INIT, sizeof *init);
    module_put32(at, init->init_address);
    module_put32(at + 4, init->init_count);
    module_put32(at + 8, init->fini_address);
    module_put32(at + 12, init->fini_count);
}

static void put_array_note(uint8_t *at, uint32_t type, const void *elements, size_t count,
                           size_t element_size)
{
    at = put_note_header(at, type, 4 + count * element_size);
    module_put32(at, (uint32_t)count);
    if (count > 0) {
        memcpy(at + 4, elements, count * element_size);
    }
}

static void put_patch_notes(uint8_t *file, const module_spec_t *spec, const module_layout_t *layout)
{
    if (layout->base_note != 0) {
        memcpy(put_note_header(file + layout->base_note, HOTRELOAD_NOTE_BASE, 32),
               spec->base_sha256, 32);
        put_array_note(file + layout->jumps_note, HOTRELOAD_NOTE_JUMPS, spec->jumps,
                       spec->jump_count, sizeof *spec->jumps);
        put_array_note(file + layout->swaps_note, HOTRELOAD_NOTE_SWAPS, spec->swaps,
                       spec->swap_count, sizeof *spec->swaps);
    }
    if (layout->kept_note != 0) {
        put_array_note(file + layout->kept_note, HOTRELOAD_NOTE_KEPT, spec->kept, spec->kept_count,
                       sizeof *spec->kept);
    }
    if (layout->veneers_note != 0) {
        put_array_note(file + layout->veneers_note, HOTRELOAD_NOTE_VENEERS, spec->veneers,
                       spec->veneer_count, sizeof *spec->veneers);
    }
}

static void put_content(uint8_t *at, const uint8_t *content, size_t size, uint32_t state)
{
    for (size_t i = 0; i < size; i++) {
        state = state * 1664525u + 1013904223u;
        at[i] = content != NULL ? content[i] : (uint8_t)(state >> 24);
    }
}

static void put_relocations(uint8_t *at, const module_spec_t *spec)
{
    for (size_t i = 0; i < spec->relocation_count; i++, at += RELA_SIZE) {
        const module_relocation_t *relocation = &spec->relocations[i];
        module_put32(at, relocation->place);
        module_put32(at + 4, relocation->symbol << 8 | relocation->type);
        module_put32(at + 8, (uint32_t)relocation->addend);
    }
}

uint8_t *module_build(const module_spec_t *spec, module_layout_t *layout, size_t *size)
{
    module_layout_t parts = lay_out(spec);
    uint8_t *file = calloc(1, parts.size);
    if (file == NULL) {
        abort();
    }
    put_elf_header(file, spec, &parts);
    put_program_headers(file, spec, &parts);
    put_module_note(file + parts.module_note, spec);
    put_exports_note(file + parts.exports_note, spec);
    if (parts.init_note != 0) {
        put_init_note(file + parts.init_note, &spec->init);
    }
    put_patch_notes(file, spec, &parts);
    if (parts.fill_note != 0) {
        put_note_header(file + parts.fill_note, HOTRELOAD_NOTE_FILL, 0);
    }
    put_content(file + parts.text, spec->text, spec->text_size, spec->seed);
    put_content(file + parts.data, spec->data, spec->data_file_size, ~spec->seed);
    put_relocations(file + parts.relocations, spec);
    if (layout != NULL) {
        *layout = parts;
    }
    *size = parts.size;
    return file;
}

uint8_t *module_build_sized(size_t size, uint32_t seed)
{
    module_spec_t spec = module_spec_default();
    spec.seed = seed;
    spec.text_size += size - lay_out(&spec).size;
    return module_build(&spec, NULL, &size);
}
