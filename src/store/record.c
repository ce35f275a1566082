/* SPDX-License-Identifier: MIT */
#include "store/record.h"

#include <stddef.h>
#include <string.h>

/** CRC-32 of IEEE 802.3. Headers are short: bit by bit is fast enough and needs no table. */
static uint32_t crc32(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
        }
    }
    return ~crc;
}

void hotreload_record_seal(hotreload_record_header_t *header)
{
    header->magic = HOTRELOAD_RECORD_MAGIC;
    header->format = HOTRELOAD_RECORD_FORMAT;
    header->data_offset = HOTRELOAD_RECORD_DATA;
    memset(header->reserved, 0xff, sizeof header->reserved);
    header->crc = crc32(header, offsetof(hotreload_record_header_t, crc));
}

bool hotreload_record_is_valid(const hotreload_record_header_t *header, uint32_t room)
{
    return header->magic == HOTRELOAD_RECORD_MAGIC && header->format == HOTRELOAD_RECORD_FORMAT &&
           header->data_offset == HOTRELOAD_RECORD_DATA &&
           header->sequence >= HOTRELOAD_SEQUENCE_FIRST &&
           header->sequence <= HOTRELOAD_SEQUENCE_LAST && header->length > 0 &&
           room >= HOTRELOAD_RECORD_DATA && header->length <= room - HOTRELOAD_RECORD_DATA &&
           header->crc == crc32(header, offsetof(hotreload_record_header_t, crc));
}
