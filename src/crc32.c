/* SPDX-License-Identifier: MIT */
#include "crc32.h"

/** What it is used for is short: bit by bit is fast enough and needs no table. */
uint32_t hotreload_crc32(uint32_t before, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    uint32_t crc = ~before;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
        }
    }
    return ~crc;
}
