/* SPDX-License-Identifier: MIT */
#include "loader/text.h"

#include <string.h>

/** Bytes from an offset to the end of its word, at most `size`. */
static uint32_t in_word(uint32_t offset, uint32_t size)
{
    const uint32_t room = 4 - offset % 4;
    return size < room ? size : room;
}

void hotreload_text_read(const hotreload_region_t *text, uint32_t offset, void *bytes,
                         uint32_t size)
{
    uint8_t *to = bytes;
    while (size > 0) {
        const uint32_t part = in_word(offset, size);
        const uint32_t word = hotreload_port_text_read(text, offset & ~3u);
        memcpy(to, (const uint8_t *)&word + offset % 4, part);
        to += part;
        offset += part;
        size -= part;
    }
}

void hotreload_text_write(const hotreload_region_t *text, uint32_t offset, const void *bytes,
                          uint32_t size)
{
    const uint8_t *from = bytes;
    while (size > 0) {
        const uint32_t part = in_word(offset, size);
        uint32_t word = hotreload_port_text_read(text, offset & ~3u);
        memcpy((uint8_t *)&word + offset % 4, from, part);
        hotreload_port_text_write(text, offset & ~3u, word);
        from += part;
        offset += part;
        size -= part;
    }
}
