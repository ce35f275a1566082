/* SPDX-License-Identifier: MIT */
#include "store/bare_elf.h"

#include <string.h>

#include "image/elf32.h"

/** Lengthens the file to hold `size` bytes at `offset`. @return false: beyond the limit */
static bool reach(uint32_t offset, uint32_t size, uint32_t limit, uint32_t *length)
{
    if (size == 0) {
        return true;
    }
    if (offset > limit || size > limit - offset) {
        return false;
    }
    if (offset + size > *length) {
        *length = offset + size;
    }
    return true;
}

static bool is_elf32(const elf32_header_t *header)
{
    return memcmp(header->e_ident, "\177ELF", 4) == 0 &&
           header->e_ident[ELF32_CLASS] == ELF32_CLASS_32 &&
           header->e_ident[ELF32_DATA] == ELF32_LITTLE_ENDIAN &&
           header->e_phentsize == sizeof(elf32_program_header_t);
}

esp_err_t hotreload_bare_elf_length(const hotreload_flash_t *flash, uint32_t limit,
                                    uint32_t *length)
{
    elf32_header_t header;
    *length = 0;
    if (limit < sizeof header) {
        return ESP_ERR_NOT_FOUND;
    }
    esp_err_t error = hotreload_port_flash_read(flash, 0, &header, sizeof header);
    if (error != ESP_OK) {
        return error;
    }
    const uint32_t sections_size = (uint32_t)header.e_shnum * header.e_shentsize;
    const uint32_t segments_size = header.e_phnum * (uint32_t)sizeof(elf32_program_header_t);
    if (!is_elf32(&header) || !reach(0, sizeof header, limit, length) ||
        !reach(header.e_shoff, sections_size, limit, length) ||
        !reach(header.e_phoff, segments_size, limit, length)) {
        return ESP_ERR_NOT_FOUND;
    }
    for (uint32_t i = 0; i < header.e_phnum; i++) {
        elf32_program_header_t segment;
        error = hotreload_port_flash_read(flash, header.e_phoff + i * (uint32_t)sizeof segment,
                                          &segment, sizeof segment);
        if (error != ESP_OK) {
            return error;
        }
        if (!reach(segment.p_offset, segment.p_filesz, limit, length)) {
            return ESP_ERR_NOT_FOUND;
        }
    }
    return ESP_OK;
}
