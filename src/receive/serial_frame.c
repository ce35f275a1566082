/* SPDX-License-Identifier: MIT */
#include "receive/serial_frame.h"

#include "crc32.h"

static const char mark[] = HOTRELOAD_FRAME_MARK;
static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

_Static_assert(sizeof mark - 1 == HOTRELOAD_FRAME_MARK_SIZE, "the mark's length is known");

/* ---- Reading ---- */

/** @return 0 to 63; -1: no digit of base64 */
static int digit_value(uint8_t character)
{
    if (character >= 'A' && character <= 'Z') {
        return character - 'A';
    }
    if (character >= 'a' && character <= 'z') {
        return character - 'a' + 26;
    }
    if (character >= '0' && character <= '9') {
        return character - '0' + 52;
    }
    return character == '+' ? 62 : character == '/' ? 63 : -1;
}

/** Outside of a frame: waits for the mark, whose first character is nowhere else in it. */
static hotreload_frame_event_t take_mark(hotreload_frame_reader_t *reader, uint8_t byte)
{
    if (byte == (uint8_t)mark[reader->matched]) {
        reader->matched++;
        reader->size = 0;
        reader->bit_count = 0;
        return HOTRELOAD_FRAME_INSIDE;
    }
    reader->released = reader->matched;
    reader->matched = byte == (uint8_t)mark[0] ? 1 : 0;
    return reader->matched > 0 ? HOTRELOAD_FRAME_INSIDE : HOTRELOAD_FRAME_OUTSIDE;
}

/** Gives the frame up when it is longer than any: what follows is read as something else. */
static hotreload_frame_event_t take_digit(hotreload_frame_reader_t *reader, unsigned value)
{
    reader->bits = reader->bits << 6 | value;
    reader->bit_count += 6;
    if (reader->bit_count >= 8) {
        if (reader->size == sizeof reader->body) {
            reader->matched = 0;
            return HOTRELOAD_FRAME_INSIDE;
        }
        reader->bit_count -= 8;
        reader->body[reader->size++] = (uint8_t)(reader->bits >> reader->bit_count);
    }
    return HOTRELOAD_FRAME_INSIDE;
}

static hotreload_frame_event_t end_frame(hotreload_frame_reader_t *reader)
{
    reader->matched = 0;
    if (reader->size < HOTRELOAD_FRAME_EXTRA) {
        return HOTRELOAD_FRAME_INSIDE;
    }
    uint32_t crc = hotreload_crc32(0, reader->body, reader->size - 4);
    return crc == hotreload_frame_crc(reader) ? HOTRELOAD_FRAME_COMPLETE : HOTRELOAD_FRAME_INSIDE;
}

hotreload_frame_event_t hotreload_frame_take(hotreload_frame_reader_t *reader, uint8_t byte)
{
    reader->released = 0;
    if (reader->matched < HOTRELOAD_FRAME_MARK_SIZE) {
        return take_mark(reader, byte);
    }
    int value = digit_value(byte);
    if (value >= 0) {
        return take_digit(reader, (unsigned)value);
    }
    if (byte == '\n' || byte == '\r') {
        return end_frame(reader);
    }
    /* Cut off: this may be the mark of the next one. */
    reader->matched = 0;
    return take_mark(reader, byte);
}

uint8_t hotreload_frame_type(const hotreload_frame_reader_t *reader)
{
    return reader->body[0];
}

uint32_t hotreload_frame_number(const hotreload_frame_reader_t *reader)
{
    return hotreload_frame_u32(reader->body + 1);
}

uint32_t hotreload_frame_crc(const hotreload_frame_reader_t *reader)
{
    return hotreload_frame_u32(reader->body + reader->size - 4);
}

const uint8_t *hotreload_frame_payload(const hotreload_frame_reader_t *reader, size_t *size)
{
    *size = reader->size - HOTRELOAD_FRAME_EXTRA;
    return reader->body + 5;
}

uint32_t hotreload_frame_u32(const uint8_t bytes[4])
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

/* ---- Writing ---- */

/** Appends bytes as digits. */
static void write_digits(hotreload_frame_writer_t *writer, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        writer->bits = writer->bits << 8 | bytes[i];
        writer->bit_count += 8;
        while (writer->bit_count >= 6) {
            writer->bit_count -= 6;
            writer->line[writer->used++] = digits[writer->bits >> writer->bit_count & 63];
        }
    }
}

static void put_u32(uint8_t bytes[4], uint32_t number)
{
    for (unsigned i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(number >> 8 * i);
    }
}

void hotreload_frame_begin(hotreload_frame_writer_t *writer, char *line, uint8_t type,
                           uint32_t number)
{
    uint8_t head[5] = {type};
    put_u32(head + 1, number);
    *writer = (hotreload_frame_writer_t){.line = line};
    while (writer->used < HOTRELOAD_FRAME_MARK_SIZE) {
        line[writer->used] = mark[writer->used];
        writer->used++;
    }
    hotreload_frame_put(writer, head, sizeof head);
}

void hotreload_frame_put(hotreload_frame_writer_t *writer, const void *data, size_t size)
{
    writer->crc = hotreload_crc32(writer->crc, data, size);
    write_digits(writer, data, size);
}

size_t hotreload_frame_end(hotreload_frame_writer_t *writer)
{
    uint8_t crc[4];
    put_u32(crc, writer->crc);
    write_digits(writer, crc, sizeof crc);
    if (writer->bit_count > 0) {
        unsigned rest = writer->bits << (6 - writer->bit_count) & 63;
        writer->line[writer->used++] = digits[rest];
    }
    writer->line[writer->used++] = '\n';
    return writer->used;
}
