/* SPDX-License-Identifier: MIT */
#include "loader/text.h"

#include <string.h>

/** Bytes from an offset to the end of its word, at most `size`. */
static uint32_t in_word(uint32_t offset, uint32_t size)
{
    const uint32_t room = 4 - offset % 4;
    return size < room ? size : room;
}

/** Copies from the text, to `to`; or into it, from `from`. The other one is NULL. */
static void copy(const hotreload_region_t *text, uint32_t offset, uint8_t *to, uint32_t size,
                 const uint8_t *from)
{
    uint32_t part;
    for (uint32_t done = 0; done < size; done += part) {
        const uint32_t place = offset + done;
        part = in_word(place, size - done);
        uint32_t word = hotreload_port_text_read(text, place & ~3u);
        uint8_t *bytes = (uint8_t *)&word + place % 4;
        if (to != NULL) {
            memcpy(to + done, bytes, part);
        } else {
            memcpy(bytes, from + done, part);
            hotreload_port_text_write(text, place & ~3u, word);
        }
    }
}

void hotreload_text_read(const hotreload_region_t *text, uint32_t offset, void *bytes,
                         uint32_t size)
{
    copy(text, offset, bytes, size, NULL);
}

void hotreload_text_write(const hotreload_region_t *text, uint32_t offset, const void *bytes,
                          uint32_t size)
{
    copy(text, offset, NULL, size, bytes);
}
