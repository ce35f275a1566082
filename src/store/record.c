/* SPDX-License-Identifier: MIT */
#include "store/record.h"

#include <stddef.h>
#include <string.h>

#include "crc32.h"

void hotreload_record_seal(hotreload_record_header_t *header)
{
    header->magic = HOTRELOAD_RECORD_MAGIC;
    header->format = HOTRELOAD_RECORD_FORMAT;
    header->data_offset = HOTRELOAD_RECORD_DATA;
    memset(header->reserved, 0xff, sizeof header->reserved);
    header->crc = hotreload_crc32(0, header, offsetof(hotreload_record_header_t, crc));
}

bool hotreload_record_is_valid(const hotreload_record_header_t *header, uint32_t room)
{
    return header->magic == HOTRELOAD_RECORD_MAGIC && header->format == HOTRELOAD_RECORD_FORMAT &&
           header->data_offset == HOTRELOAD_RECORD_DATA &&
           header->sequence >= HOTRELOAD_SEQUENCE_FIRST &&
           header->sequence <= HOTRELOAD_SEQUENCE_LAST && header->length > 0 &&
           room >= HOTRELOAD_RECORD_DATA && header->length <= room - HOTRELOAD_RECORD_DATA &&
           header->crc == hotreload_crc32(0, header, offsetof(hotreload_record_header_t, crc));
}
