/* SPDX-License-Identifier: MIT */
#include "image/image.h"

#include <string.h>

#include "image/elf32.h"
#include "image/malformed.h"
#include "image/notes.h"

/** Every packed module has these four segments, once each. */
enum { SEGMENT_TEXT, SEGMENT_DATA, SEGMENT_NOTES, SEGMENT_RELOCATIONS, SEGMENT_COUNT };

/** Segments aligned more strictly than a flash sector would waste RAM for nothing. */
#define MAX_ALIGN 4096u

typedef struct {
    const uint8_t *data;
    size_t size;
    elf32_header_t header;
    elf32_program_header_t segments[SEGMENT_COUNT];
} file_t;

static esp_err_t check_identification(const file_t *file, hotreload_reason_t *reason)
{
    const elf32_header_t *header = &file->header;
    if (memcmp(header->e_ident, "\177ELF", 4) != 0) {
        return hotreload_fail(reason, ESP_ERR_INVALID_RESPONSE, "not an ELF file");
    }
    if (header->e_ident[ELF32_CLASS] != ELF32_CLASS_32 ||
        header->e_ident[ELF32_DATA] != ELF32_LITTLE_ENDIAN || header->e_type != ELF32_TYPE_EXEC ||
        header->e_phnum != SEGMENT_COUNT || header->e_phentsize != sizeof(elf32_program_header_t) ||
        header->e_shnum != 0 || header->e_shoff != 0) {
        return hotreload_fail(reason, ESP_ERR_INVALID_RESPONSE,
                              "an ELF file, but not a packed module: send module.bin");
    }
    return ESP_OK;
}

static bool lies_inside(size_t size, uint32_t offset, uint32_t length)
{
    return offset <= size && length <= size - offset;
}

/** @return SEGMENT_*, or SEGMENT_COUNT for one that a module does not have */
static unsigned segment_kind(const elf32_program_header_t *segment)
{
    switch (segment->p_type) {
    case ELF32_PT_LOAD:
        return segment->p_flags & ELF32_PF_X ? SEGMENT_TEXT : SEGMENT_DATA;
    case ELF32_PT_NOTE:
        return SEGMENT_NOTES;
    case HOTRELOAD_PT_RELA:
        return SEGMENT_RELOCATIONS;
    default:
        return SEGMENT_COUNT;
    }
}

static esp_err_t read_segments(file_t *file, hotreload_reason_t *reason)
{
    uint32_t table = file->header.e_phoff;
    if (!lies_inside(file->size, table, sizeof file->segments)) {
        return hotreload_malformed(reason, HOTRELOAD_BAD_TABLE_OUTSIDE);
    }
    if (table < sizeof file->header) {
        return hotreload_malformed(reason, HOTRELOAD_BAD_TABLE_PLACE);
    }
    unsigned found = 0;
    for (unsigned i = 0; i < SEGMENT_COUNT; i++) {
        elf32_program_header_t segment;
        memcpy(&segment, file->data + table + i * sizeof segment, sizeof segment);
        unsigned kind = segment_kind(&segment);
        if (kind == SEGMENT_COUNT || found & 1u << kind) {
            return hotreload_malformed(reason, HOTRELOAD_BAD_SEGMENT_TYPE);
        }
        if (!lies_inside(file->size, segment.p_offset, segment.p_filesz)) {
            return hotreload_malformed(reason, HOTRELOAD_BAD_SEGMENT_OUTSIDE);
        }
        found |= 1u << kind;
        file->segments[kind] = segment;
    }
    return ESP_OK;
}

static bool ranges_overlap(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size)
{
    return a_size > 0 && b_size > 0 && (a < b ? b - a < a_size : a - b < b_size);
}

static esp_err_t check_overlaps(const file_t *file, hotreload_reason_t *reason)
{
    const elf32_program_header_t *s = file->segments;
    for (unsigned i = 0; i < SEGMENT_COUNT; i++) {
        bool clash = ranges_overlap(0, sizeof file->header, s[i].p_offset, s[i].p_filesz) ||
                     ranges_overlap(file->header.e_phoff, sizeof file->segments, s[i].p_offset,
                                    s[i].p_filesz);
        for (unsigned j = 0; j < i && !clash; j++) {
            clash = ranges_overlap(s[j].p_offset, s[j].p_filesz, s[i].p_offset, s[i].p_filesz);
        }
        if (clash) {
            return hotreload_malformed(reason, HOTRELOAD_BAD_FILE_OVERLAP);
        }
    }
    if (ranges_overlap(s[SEGMENT_TEXT].p_vaddr, s[SEGMENT_TEXT].p_memsz, s[SEGMENT_DATA].p_vaddr,
                       s[SEGMENT_DATA].p_memsz)) {
        return hotreload_malformed(reason, HOTRELOAD_BAD_MEMORY_OVERLAP);
    }
    return ESP_OK;
}

static esp_err_t read_loaded_segment(const file_t *file, unsigned kind,
                                     hotreload_segment_t *segment, hotreload_reason_t *reason)
{
    const elf32_program_header_t *header = &file->segments[kind];
    uint32_t align = header->p_align > 2 ? header->p_align : 4; /* at least words */
    if (header->p_memsz < header->p_filesz || header->p_memsz > UINT32_MAX - header->p_vaddr ||
        header->p_memsz > UINT32_MAX - (MAX_ALIGN - 1)) {
        return hotreload_malformed(reason, HOTRELOAD_BAD_SEGMENT_SIZE);
    }
    if ((align & (align - 1)) != 0 || align > MAX_ALIGN || header->p_vaddr % align != 0) {
        return hotreload_malformed(reason, HOTRELOAD_BAD_ALIGNMENT);
    }
    if (kind == SEGMENT_TEXT &&
        (header->p_memsz != header->p_filesz || header->p_filesz % sizeof(uint32_t) != 0)) {
        return hotreload_malformed(reason, HOTRELOAD_BAD_TEXT_SIZE);
    }
    *segment = (hotreload_segment_t){
        .link = header->p_vaddr,
        .file_size = header->p_filesz,
        .memory_size = header->p_memsz,
        .align = align,
        .bytes = file->data + header->p_offset,
    };
    return ESP_OK;
}

static esp_err_t read_relocations(const file_t *file, hotreload_image_t *image,
                                  hotreload_reason_t *reason)
{
    const elf32_program_header_t *header = &file->segments[SEGMENT_RELOCATIONS];
    if (header->p_filesz % sizeof(elf32_rela_t) != 0) {
        return hotreload_malformed(reason, HOTRELOAD_BAD_RELOCATION_TABLE);
    }
    image->relocations = file->data + header->p_offset;
    image->relocation_count = header->p_filesz / sizeof(elf32_rela_t);
    return ESP_OK;
}

esp_err_t hotreload_image_parse(const void *data, size_t size, hotreload_image_t *image,
                                hotreload_reason_t *reason)
{
    file_t file = {.data = data, .size = size};
    memset(image, 0, sizeof *image);
    if (size < sizeof file.header) {
        return hotreload_fail(reason, ESP_ERR_INVALID_SIZE, "not an ELF file");
    }
    memcpy(&file.header, data, sizeof file.header);
    image->machine = file.header.e_machine;

    esp_err_t error = check_identification(&file, reason);
    if (error == ESP_OK) {
        error = read_segments(&file, reason);
    }
    if (error == ESP_OK) {
        error = check_overlaps(&file, reason);
    }
    if (error == ESP_OK) {
        error = read_loaded_segment(&file, SEGMENT_TEXT, &image->text, reason);
    }
    if (error == ESP_OK) {
        error = read_loaded_segment(&file, SEGMENT_DATA, &image->data, reason);
    }
    if (error == ESP_OK) {
        error = read_relocations(&file, image, reason);
    }
    if (error == ESP_OK) {
        const elf32_program_header_t *notes = &file.segments[SEGMENT_NOTES];
        error = hotreload_notes_read(file.data + notes->p_offset, notes->p_filesz, image, reason);
    }
    return error;
}

hotreload_relocation_t hotreload_image_relocation(const hotreload_image_t *image, uint32_t index)
{
    elf32_rela_t rela;
    memcpy(&rela, image->relocations + (size_t)index * sizeof rela, sizeof rela);
    return (hotreload_relocation_t){
        .place = rela.r_offset,
        .type = rela.r_info & 0xffu,
        .symbol = rela.r_info >> 8,
        .addend = rela.r_addend,
    };
}

static void read_element(const hotreload_array_t *array, uint32_t index, void *element, size_t size)
{
    memcpy(element, array->elements + index * size, size);
}

hotreload_jump_t hotreload_image_jump(const hotreload_image_t *image, uint32_t index)
{
    hotreload_jump_t jump;
    read_element(&image->jumps, index, &jump, sizeof jump);
    return jump;
}

uint32_t hotreload_image_veneer(const hotreload_image_t *image, uint32_t index)
{
    uint32_t veneer;
    read_element(&image->veneers, index, &veneer, sizeof veneer);
    return veneer;
}

hotreload_swap_t hotreload_image_swap(const hotreload_image_t *image, uint32_t index)
{
    hotreload_swap_t swap;
    read_element(&image->swaps, index, &swap, sizeof swap);
    return swap;
}

hotreload_kept_t hotreload_image_kept(const hotreload_image_t *image, uint32_t index)
{
    hotreload_kept_t kept;
    read_element(&image->kept, index, &kept, sizeof kept);
    return kept;
}

bool hotreload_image_next_export(const hotreload_image_t *image, hotreload_export_t *export)
{
    if (export->index >= image->export_count) {
        return false;
    }
    export->name = export->index == 0 ? image->export_names : export->next_name;
    export->next_name = export->name + strlen(export->name) + 1;
    memcpy(&export->address, image->export_addresses + (size_t) export->index * sizeof(uint32_t),
           sizeof(uint32_t));
    export->index++;
    return true;
}
