/* SPDX-License-Identifier: MIT */
#include "module_source.h"

#include <string.h>

#include "fake_port.h"
#include "image/elf32.h"
#include "module_builder.h"

#define TEXT            0xa0000000u
#define DATA            0xb0000000u
#define MAX_RELOCATIONS 12u
#define MAX_EXPORTS     6u
#define MAX_CHANGES     4u

static const char *const export_names[MAX_EXPORTS] = {"alpha", "beta",  "delta",
                                                      "gamma", "gammb", "zeta"};

/** The parts of a module that have to stay until it is built. */
typedef struct {
    module_relocation_t relocations[MAX_RELOCATIONS];
    module_export_t exports[MAX_EXPORTS];
    hotreload_jump_t jumps[MAX_CHANGES];
    hotreload_swap_t swaps[MAX_CHANGES];
    hotreload_kept_t kept[MAX_CHANGES];
    uint32_t veneers[MAX_CHANGES];
} parts_t;

static bool one_in(input_t *input, uint32_t number)
{
    return input_byte(input) % number == number - 1;
}

static void choose_segments(input_t *input, module_spec_t *spec)
{
    spec->text_size = 64 + 4 * input_below(input, 64);
    spec->data_file_size = 16 + input_below(input, 64);
    spec->data_size = spec->data_file_size + input_below(input, 64);
    spec->text_align = 4u << input_below(input, 4);
    spec->data_align = 1u << input_below(input, 6);
    if (one_in(input, 16)) {
        spec->data_size = spec->data_file_size = 0;
    }
    if (one_in(input, 32)) {
        spec->text_size++;
    }
    if (one_in(input, 32)) {
        spec->data_size = fake_port.data_limit + input_below(input, 8);
    }
}

static void choose_relocations(input_t *input, module_spec_t *spec, parts_t *parts)
{
    static const uint8_t riscv_types[] = {1, 19, 26, 27, 28};
    spec->relocation_count = input_below(input, MAX_RELOCATIONS + 1);
    for (size_t i = 0; i < spec->relocation_count; i++) {
        bool in_text = one_in(input, 2);
        uint32_t room = (uint32_t)(in_text ? spec->text_size : spec->data_file_size);
        module_relocation_t *relocation = &parts->relocations[i];
        relocation->place = (in_text ? TEXT : DATA) + input_below(input, room + room / 8);
        relocation->type = riscv_types[input_below(input, sizeof riscv_types)];
        if (fake_port.arch == &hotreload_arch_xtensa) {
            relocation->type = 1;
        }
        if (one_in(input, 64)) {
            relocation->type = input_byte(input);
        }
        relocation->symbol = input_below(input, 33) % 6;
        if (one_in(input, 8)) {
            relocation->symbol = HOTRELOAD_SYM_KEPT + input_below(input, MAX_CHANGES);
        }
        relocation->addend = (int32_t)input_below(input, UINT32_MAX);
    }
    spec->relocations = parts->relocations;
}

static void choose_exports(input_t *input, module_spec_t *spec, parts_t *parts)
{
    uint8_t left_out = input_byte(input);
    spec->export_count = 0;
    for (size_t i = 0; i < MAX_EXPORTS; i++) {
        bool needed = i == 0 || i == 1 || i == 3;
        bool rare = left_out >= 0xf0 && left_out % MAX_EXPORTS == i;
        if ((needed && !rare) || (!needed && left_out & 1u << i)) {
            uint32_t address = TEXT + input_below(input, 64);
            parts->exports[spec->export_count] = (module_export_t){export_names[i], address};
            spec->export_count++;
        }
    }
    spec->exports = parts->exports;
}

static void choose_constructors(input_t *input, module_spec_t *spec)
{
    if (one_in(input, 4)) {
        spec->fills_first = one_in(input, 4);
        spec->init = (hotreload_note_init_t){
            .init_address = DATA + 4 * input_below(input, 5),
            .init_count = input_below(input, 4),
            .fini_address = DATA + 4 * input_below(input, 5),
            .fini_count = input_below(input, 4),
        };
    }
}

static void choose_kept(input_t *input, module_spec_t *spec, parts_t *parts)
{
    if (!one_in(input, 4)) {
        return;
    }
    spec->kept_count = input_below(input, MAX_CHANGES + 1);
    spec->kept = parts->kept;
    for (uint32_t i = 0; i < spec->kept_count; i++) {
        parts->kept[i] = (hotreload_kept_t){
            .key = {input_byte(input), i},
            .initial = one_in(input, 2) ? 0 : DATA + input_below(input, 20),
            .size = input_below(input, 24),
        };
    }
}

/** A patch of what module_spec_default() builds. */
static void choose_changes(input_t *input, module_spec_t *spec, parts_t *parts)
{
    static const uint8_t base[32];
    if (!one_in(input, 2)) {
        return;
    }
    spec->base_sha256 = base;
    if (!one_in(input, 8)) { /* a patch has no constructors */
        spec->init = (hotreload_note_init_t){0};
    }
    spec->jumps = parts->jumps;
    spec->swaps = parts->swaps;
    spec->jump_count = input_below(input, MAX_CHANGES + 1);
    spec->swap_count = input_below(input, MAX_CHANGES + 1);
    for (uint32_t i = 0; i < MAX_CHANGES; i++) {
        parts->jumps[i] = (hotreload_jump_t){
            .from = i * 16 + input_below(input, 17),
            .to = TEXT + input_below(input, 72),
            .busy = 3 + input_below(input, 12),
        };
        parts->swaps[i] = (hotreload_swap_t){
            .symbol = one_in(input, 3) ? HOTRELOAD_SYM_NONE : HOTRELOAD_SYM_BASE_DATA,
            .addend = input_below(input, 26),
            .source = DATA + input_below(input, 20),
            .size = one_in(input, 2) ? 4 : input_below(input, 12),
        };
    }
}

static void choose_veneers(input_t *input, module_spec_t *spec, parts_t *parts)
{
    if (spec->base_sha256 == NULL || !one_in(input, 2)) {
        return;
    }
    spec->veneers = parts->veneers;
    spec->veneer_count = one_in(input, 8) ? input_below(input, MAX_CHANGES + 1) : spec->jump_count;
    for (uint32_t i = 0; i < MAX_CHANGES; i++) {
        const uint32_t offset = input_below(input, 80);
        parts->veneers[i] =
            one_in(input, 4) ? HOTRELOAD_NO_VENEER : offset - (one_in(input, 8) ? 0 : offset % 4);
    }
}

static void choose_target(input_t *input, module_spec_t *spec)
{
    static const uint8_t other_id[20];
    switch (input_byte(input)) {
    case 1:
        spec->machine = 3;
        break;
    case 2:
        spec->chip++;
        break;
    case 3:
        spec->abi++;
        break;
    case 4:
        spec->format++;
        break;
    case 5:
        spec->firmware_id = other_id;
        break;
    case 6:
        spec->firmware_id_size = 19;
        break;
    default:
        break;
    }
}

uint8_t *module_source_build(input_t *input, size_t *size)
{
    module_spec_t spec = module_spec_default();
    parts_t parts;
    choose_target(input, &spec);
    choose_segments(input, &spec);
    choose_exports(input, &spec, &parts);
    choose_relocations(input, &spec, &parts);
    choose_constructors(input, &spec);
    choose_kept(input, &spec, &parts);
    choose_changes(input, &spec, &parts);
    choose_veneers(input, &spec, &parts);
    spec.seed = input_byte(input);
    uint8_t *module = module_build(&spec, NULL, size);
    if (one_in(input, 8)) {
        module_source_break(module, *size, input_below(input, UINT32_MAX));
    }
    return module;
}

/* ---- Breaking ---- */

/** Numbers at which checks change their mind, as distances from what a module has in its fields. */
static uint32_t interesting(const uint8_t *module, size_t size, uint32_t random)
{
    static const uint32_t constants[] = {0,
                                         1,
                                         2,
                                         3,
                                         4,
                                         7,
                                         12,
                                         0x1000,
                                         0x2000,
                                         0x7fffffff,
                                         0x80000000u,
                                         TEXT,
                                         DATA,
                                         TEXT - 4,
                                         0x80000001u,
                                         0xfffffffcu,
                                         0xfffff000,
                                         0xffffffffu,
                                         HOTRELOAD_PT_RELA};
    uint32_t count = sizeof constants / sizeof constants[0];
    uint32_t choice = random % (count + 8);
    uint32_t offset = (random >> 8) % (uint32_t)(size - 4);
    if (choice < count) {
        return constants[choice];
    }
    if (choice < count + 2) {
        return (uint32_t)size - (random >> 8) % 16;
    }
    /* What some field holds already: this makes parts coincide. */
    return module_get32(module + offset / 4 * 4) + (random >> 28) % 3 * 4;
}

/** Offset of a word in the contents of a segment; the segment table may be nonsense by now. */
static size_t word_in_segment(const uint8_t *module, size_t size, unsigned segment, uint32_t random)
{
    const uint8_t *header =
        module + sizeof(elf32_header_t) + segment * sizeof(elf32_program_header_t);
    uint32_t offset = module_get32(header + 4);
    uint32_t length = module_get32(header + 16);
    size_t at = (size_t)offset + (length > 0 ? random % length / 4 * 4 : 0);
    return at <= size - 4 ? at : random % (size - 4);
}

void module_source_break(uint8_t *module, size_t size, uint32_t random)
{
    const size_t table = sizeof(elf32_header_t);
    const size_t headers = table + 4 * sizeof(elf32_program_header_t);
    if (size < headers + 4) {
        return;
    }
    uint32_t where = random % 13;
    uint32_t more = random / 13;
    size_t at;
    if (where < 2) {
        at = more % table / 2 * 2;
    } else if (where < 6) {
        at = table + (more % (headers - table)) / 4 * 4;
    } else if (where < 10) {
        at = word_in_segment(module, size, 2, more);
    } else {
        at = word_in_segment(module, size, 3, more);
    }
    uint32_t value = interesting(module, size, more / 128 * 2654435761u);
    if (more & 1) {
        module[at] = (uint8_t)value;
    } else if (where < 2) {
        module_put16(module + at, value);
    } else {
        module_put32(module + at, value);
    }
}
