/* SPDX-License-Identifier: MIT */
#include "flash_contents.h"

#include <stdlib.h>
#include <string.h>

#include "fake_flash.h"
#include "module_builder.h"
#include "module_source.h"
#include "must.h"
#include "sha256.h"
#include "store/record.h"

#define MAX_ITEMS 10u

/** The three marks behind a header, 16 bytes each. */
#define MARKS 64u
static const char mark_patterns[3][17] = {"hotreload: tried", "hotreload: good.",
                                          "hotreload: bad.."};
enum { TRIED = 1, GOOD = 2, BAD = 4 };

/* ---- Filling ---- */

static uint32_t choose_sequence(input_t *input)
{
    static const uint32_t rare[] = {0, UINT32_MAX, UINT32_MAX - 1, UINT32_MAX - 2};
    uint32_t choice = input_below(input, 64);
    return choice < 4 ? rare[choice] : choice % 8 + 1;
}

/** The length of a module that ends where it likes, seldom outside the partition. */
static uint32_t choose_length(input_t *input, uint32_t room)
{
    uint32_t choice = input_below(input, 8);
    uint32_t length = input_below(input, room);
    return choice == 0 ? room - HOTRELOAD_RECORD_DATA : choice == 1 ? UINT32_MAX - length : length;
}

/** The loss of power may have torn one of them. */
static void put_marks(input_t *input, uint32_t start)
{
    uint32_t marks = input_below(input, 16);
    uint8_t torn = input_byte(input);
    memset(fake_flash.data + start + MARKS, 0xff, MARKS);
    for (unsigned i = 0; i < 3; i++) {
        if (marks & 1u << i) {
            fake_flash_place(start + MARKS + 16 * i, mark_patterns[i], 16);
        }
    }
    if (torn < 48) {
        fake_flash.data[start + MARKS + torn] |= 0xf0;
    }
}

static void put_record(input_t *input)
{
    uint8_t content[16];
    uint32_t start = input_below(input, fake_flash.size / fake_flash.erase_size);
    start *= fake_flash.erase_size;
    uint32_t room = flash_contents_size() - start;
    uint32_t damage = input_below(input, 16);
    hotreload_record_header_t header = {.sequence = choose_sequence(input),
                                        .length = choose_length(input, room)};
    memset(content, input_byte(input), sizeof content);
    fake_flash_place(start + HOTRELOAD_RECORD_DATA, content, sizeof content);
    if (header.length <= room - HOTRELOAD_RECORD_DATA && damage != 1) {
        sha256_t hash;
        sha256_begin(&hash);
        sha256_update(&hash, fake_flash.data + start + HOTRELOAD_RECORD_DATA, header.length);
        sha256_end(&hash, header.sha256);
    }
    hotreload_record_seal(&header);
    if (damage == 2) {
        ((uint8_t *)&header)[input_below(input, sizeof header)] ^= (uint8_t)(1 + input_byte(input));
    }
    fake_flash_place(start, &header, sizeof header);
    put_marks(input, start);
}

static void put_module(input_t *input)
{
    size_t size;
    uint8_t *module = module_source_build(input, &size);
    fake_flash_place(0, module, size < fake_flash.size ? size : fake_flash.size);
    free(module);
}

static void put_bytes(input_t *input)
{
    const uint8_t *bytes;
    uint32_t offset = input_below(input, fake_flash.size);
    size_t size = input_bytes(input, input_below(input, 64), &bytes);
    fake_flash_place(offset, bytes, size < fake_flash.size - offset ? size : 0);
}

static void erase_sector(input_t *input)
{
    uint32_t sector = input_below(input, fake_flash.size / fake_flash.erase_size);
    memset(fake_flash.data + sector * fake_flash.erase_size, 0xff, fake_flash.erase_size);
}

void flash_contents_create(input_t *input)
{
    static void (*const put[])(input_t *) = {put_record, put_record,   put_record,
                                             put_module, erase_sector, put_bytes};
    uint32_t sector = 256u << input_below(input, 3);
    fake_flash_create(1 + input_below(input, 9), sector);
    if (fake_flash.size > sector && input_below(input, 4) == 3) {
        fake_flash.size -= 16; /* a partition need not end with a sector */
    }
    uint32_t count = input_below(input, MAX_ITEMS + 1);
    if (flash_contents_size() == 0) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        put[input_below(input, sizeof put / sizeof put[0])](input);
    }
}

/* ---- Reading ---- */

uint32_t flash_contents_size(void)
{
    return fake_flash.size / fake_flash.erase_size * fake_flash.erase_size;
}

static uint32_t crc32(const uint8_t *bytes, size_t size)
{
    uint32_t crc = 0xffffffffu;
    for (size_t bit = 0; bit < size * 8; bit++) {
        uint32_t differs = (crc ^ (uint32_t)bytes[bit / 8] >> bit % 8) & 1;
        crc = crc >> 1 ^ (differs ? 0xedb88320u : 0);
    }
    return ~crc;
}

static bool read_header(uint32_t start, hotreload_record_t *record)
{
    const uint8_t *header = fake_flash.data + start;
    uint32_t room = flash_contents_size() - start - 128;
    *record = (hotreload_record_t){
        .sequence = module_get32(header + 8),
        .offset = start + 128,
        .length = module_get32(header + 12),
    };
    memcpy(record->sha256, header + 16, sizeof record->sha256);
    return memcmp(header, "HRR1\1\0\200\0", 8) == 0 && record->sequence - 1 < 0xfffffffeu &&
           record->length - 1 < room && module_get32(header + 60) == crc32(header, 60);
}

/** Visits the record at `start`. @return where the next one can be */
static uint32_t next_start(uint32_t start, hotreload_record_t *record, bool *found)
{
    uint32_t sector = fake_flash.erase_size;
    *found = read_header(start, record);
    uint32_t end = *found ? record->offset + record->length : start + 1;
    return (end + sector - 1) / sector * sector;
}

static bool is_of_kind(const hotreload_record_t *record, hotreload_record_kind_t kind)
{
    const uint8_t *marks = fake_flash.data + record->offset - MARKS;
    unsigned set = 0;
    for (unsigned i = 0; i < 3; i++) {
        set |= memcmp(marks + 16 * i, mark_patterns[i], 16) == 0 ? 1u << i : 0;
    }
    switch (kind) {
    case HOTRELOAD_RECORD_USABLE:
        return !(set & BAD);
    case HOTRELOAD_RECORD_GOOD:
        return (set & (GOOD | BAD)) == GOOD;
    case HOTRELOAD_RECORD_ON_TRIAL:
        return set == TRIED;
    case HOTRELOAD_RECORD_BAD:
        return (set & BAD) != 0;
    default:
        return true;
    }
}

bool flash_contents_can_mark(const hotreload_record_t *record)
{
    for (unsigned i = 0; i < 48; i++) {
        uint8_t present = fake_flash.data[record->offset - MARKS + i];
        uint8_t wanted = (uint8_t)mark_patterns[i / 16][i % 16];
        if ((present & wanted) != wanted) {
            return false;
        }
    }
    return true;
}

bool flash_contents_newest(hotreload_record_kind_t kind, uint32_t below, hotreload_record_t *record)
{
    hotreload_record_t candidate;
    bool found_any = false;
    bool found;
    for (uint32_t start = 0; start < flash_contents_size();) {
        start = next_start(start, &candidate, &found);
        if (found && candidate.sequence < below && is_of_kind(&candidate, kind) &&
            (!found_any || candidate.sequence > record->sequence)) {
            *record = candidate;
            found_any = true;
        }
    }
    return found_any;
}

bool flash_contents_has_hidden_header(void)
{
    hotreload_record_t record;
    bool found;
    for (uint32_t start = 0; start < flash_contents_size();) {
        uint32_t next = next_start(start, &record, &found);
        for (uint32_t at = start + fake_flash.erase_size; at < next; at += fake_flash.erase_size) {
            if (read_header(at, &record)) {
                return true;
            }
        }
        start = next;
    }
    return false;
}
