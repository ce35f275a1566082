/* SPDX-License-Identifier: MIT */
#include "store/record.h"

#include <stddef.h>
#include <string.h>

#include "crc32.h"

esp_err_t hotreload_record_fail_flash(const char *label, const char *what,
                                      hotreload_reason_t *reason)
{
    return hotreload_fail(
        reason, ESP_ERR_FLASH_OP_FAIL,
        "partition \"%s\" could not be %s: check the flash and its write protection", label, what);
}

bool hotreload_record_is_same(const hotreload_record_t *one, const hotreload_record_t *two)
{
    return one->sequence == two->sequence &&
           memcmp(one->sha256, two->sha256, sizeof one->sha256) == 0;
}

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

/* ---- Marks ---- */

/** Bytes of a block: what encrypted flash writes at once. */
#define BLOCK 16u

static const char patterns[HOTRELOAD_MARK_COUNT][BLOCK + 1] = {
    [HOTRELOAD_MARK_TRIED] = "hotreload: tried",
    [HOTRELOAD_MARK_GOOD] = "hotreload: good.",
    [HOTRELOAD_MARK_BAD] = "hotreload: bad..",
};

hotreload_marks_t hotreload_marks_parse(const uint8_t blocks[HOTRELOAD_MARKS_SIZE])
{
    unsigned marks = 0;
    for (unsigned mark = 0; mark < HOTRELOAD_MARK_COUNT; mark++) {
        if (memcmp(blocks + mark * BLOCK, patterns[mark], BLOCK) == 0) {
            marks |= 1u << mark;
        }
    }
    return (hotreload_marks_t)marks;
}

bool hotreload_marks_are_of_kind(hotreload_marks_t marks, hotreload_record_kind_t kind)
{
    const bool tried = (marks & 1u << HOTRELOAD_MARK_TRIED) != 0;
    const bool good = (marks & 1u << HOTRELOAD_MARK_GOOD) != 0;
    const bool bad = (marks & 1u << HOTRELOAD_MARK_BAD) != 0;
    switch (kind) {
    case HOTRELOAD_RECORD_USABLE:
        return !bad;
    case HOTRELOAD_RECORD_GOOD:
        return good && !bad;
    case HOTRELOAD_RECORD_ON_TRIAL:
        return tried && !good && !bad;
    case HOTRELOAD_RECORD_BAD:
        return bad;
    default:
        return true;
    }
}

esp_err_t hotreload_mark_write(const hotreload_flash_t *flash, uint32_t start,
                               hotreload_mark_t mark)
{
    const uint32_t offset = start + (uint32_t)sizeof(hotreload_record_header_t) + mark * BLOCK;
    char present[BLOCK];
    esp_err_t error = hotreload_port_flash_write(flash, offset, patterns[mark], BLOCK);
    if (error == ESP_OK) {
        error = hotreload_port_flash_read(flash, offset, present, sizeof present);
    }
    if (error == ESP_OK && memcmp(present, patterns[mark], BLOCK) != 0) {
        error = ESP_ERR_FLASH_OP_FAIL;
    }
    return error;
}
