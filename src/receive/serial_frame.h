/*
 * Frames: requests and answers on a line that also carries a log. A frame is a line of printable
 * characters after a mark that is in no log. Programs that convert newlines do no harm:
 *
 *     0x02 "hr:" | base64, without padding, of: type | number (32 bit) | payload | CRC-32 | newline
 *
 * Numbers are little-endian; the CRC covers all bytes before it. A frame can begin in the middle of
 * a line of the log. The reader drops a damaged frame, and the host sends its request again.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_SERIAL_FRAME_H
#define HOTRELOAD_SERIAL_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define HOTRELOAD_FRAME_MARK      "\x02hr:"
#define HOTRELOAD_FRAME_MARK_SIZE 4u

/** Bytes of type, number and CRC. */
#define HOTRELOAD_FRAME_EXTRA 9u
/** The longest payload that a device receives: an offset and a piece of a module. */
#define HOTRELOAD_FRAME_PIECE   512u
#define HOTRELOAD_FRAME_PAYLOAD (4u + HOTRELOAD_FRAME_PIECE)
/** Characters of a frame with a payload of so many bytes, the newline included. */
#define HOTRELOAD_FRAME_LINE(payload)                                                              \
    (HOTRELOAD_FRAME_MARK_SIZE + (HOTRELOAD_FRAME_EXTRA + (payload) + 2u) / 3u * 4u + 1u)

/** The types of requests; an answer has HOTRELOAD_FRAME_ANSWER beside that of its request. */
typedef enum {
    HOTRELOAD_FRAME_STATUS = 1,
    HOTRELOAD_FRAME_PENDING = 2,
    HOTRELOAD_FRAME_NONCE = 3,
    HOTRELOAD_FRAME_BEGIN = 4,  /**< length (32 bit); SHA-256, HMAC, auth: hex digits and a NUL */
    HOTRELOAD_FRAME_WRITE = 5,  /**< offset (32 bit), piece */
    HOTRELOAD_FRAME_FINISH = 6, /**< nothing */
    HOTRELOAD_FRAME_CANCEL = 7, /**< nothing */
    HOTRELOAD_FRAME_ANSWER = 0x80, /**< status (16 bit), JSON */
} hotreload_frame_type_t;

/** Finds frames among other characters. Zeroed, it is ready. One task per object. */
typedef struct {
    size_t matched;  /**< characters of the mark that have come */
    size_t released; /**< so many of them were no mark: they are input, before the new byte */
    uint32_t bits;   /**< not yet a whole byte, in the lowest bit_count bits */
    unsigned bit_count;
    size_t size; /**< bytes in the body */
    uint8_t body[HOTRELOAD_FRAME_EXTRA + HOTRELOAD_FRAME_PAYLOAD];
} hotreload_frame_reader_t;

typedef enum {
    HOTRELOAD_FRAME_OUTSIDE,  /**< the byte belongs to no frame */
    HOTRELOAD_FRAME_INSIDE,   /**< taken; more must come */
    HOTRELOAD_FRAME_COMPLETE, /**< the reader has an intact frame, until the next byte */
} hotreload_frame_event_t;

/** Takes the next byte of the line. */
hotreload_frame_event_t hotreload_frame_take(hotreload_frame_reader_t *reader, uint8_t byte);

/** The parts of a complete frame. */
uint8_t hotreload_frame_type(const hotreload_frame_reader_t *reader);
uint32_t hotreload_frame_number(const hotreload_frame_reader_t *reader);
uint32_t hotreload_frame_crc(const hotreload_frame_reader_t *reader);
const uint8_t *hotreload_frame_payload(const hotreload_frame_reader_t *reader, size_t *size);

/** Reads a little-endian number at any alignment. */
uint32_t hotreload_frame_u32(const uint8_t bytes[4]);

/** Writes one frame. */
typedef struct {
    char *line;
    size_t used; /**< characters */
    uint32_t bits;
    unsigned bit_count;
    uint32_t crc;
} hotreload_frame_writer_t;

/** Begins a frame in `line`, which needs HOTRELOAD_FRAME_LINE(payload) characters. */
void hotreload_frame_begin(hotreload_frame_writer_t *writer, char *line, uint8_t type,
                           uint32_t number);
/** Appends to the payload. */
void hotreload_frame_put(hotreload_frame_writer_t *writer, const void *data, size_t size);
/** Ends the frame. @return its length in characters; no NUL follows */
size_t hotreload_frame_end(hotreload_frame_writer_t *writer);

#endif
