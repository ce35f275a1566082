/*
 * Frames on a line that carries a log as well: what is damaged in any way is never taken for a
 * request, and nothing of the log is taken for a frame.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "receive/serial_frame.h"

#define LINE HOTRELOAD_FRAME_LINE(HOTRELOAD_FRAME_PAYLOAD)

static hotreload_frame_reader_t reader;
static uint8_t payload[HOTRELOAD_FRAME_PAYLOAD];

static int set_up(void **state)
{
    memset(&reader, 0, sizeof reader);
    for (size_t i = 0; i < sizeof payload; i++) {
        payload[i] = (uint8_t)(i * 37 + 11);
    }
    return 0;
}

static size_t write_frame(char line[LINE], uint8_t type, uint32_t number, size_t size)
{
    hotreload_frame_writer_t writer;
    hotreload_frame_begin(&writer, line, type, number);
    hotreload_frame_put(&writer, payload, size / 2);
    hotreload_frame_put(&writer, payload + size / 2, size - size / 2);
    return hotreload_frame_end(&writer);
}

/** Feeds bytes; `outside` gets those of no frame. @return number of complete frames */
static unsigned feed(const char *bytes, size_t size, char *outside)
{
    unsigned complete = 0;
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        hotreload_frame_event_t event = hotreload_frame_take(&reader, (uint8_t)bytes[i]);
        memcpy(outside + used, HOTRELOAD_FRAME_MARK, reader.released);
        used += reader.released;
        if (event == HOTRELOAD_FRAME_OUTSIDE) {
            outside[used++] = bytes[i];
        }
        complete += event == HOTRELOAD_FRAME_COMPLETE;
    }
    outside[used] = '\0';
    return complete;
}

static void expect_frame(uint8_t type, uint32_t number, size_t size)
{
    size_t got;
    assert_int_equal(hotreload_frame_type(&reader), type);
    assert_int_equal(hotreload_frame_number(&reader), number);
    assert_memory_equal(hotreload_frame_payload(&reader, &got), payload, size);
    assert_int_equal(got, size);
}

static void a_frame_is_what_the_format_says(void **state)
{
    /* Made by Python: b64encode(body + zlib.crc32(body).to_bytes(4, "little")).rstrip(b"=") */
    static const char expected[] = "\x02hr:AQQDAgFoaeN2q9U\n";
    hotreload_frame_writer_t writer;
    char line[64], outside[64];
    hotreload_frame_begin(&writer, line, 1, 0x01020304);
    hotreload_frame_put(&writer, "hi", 2);
    assert_int_equal(hotreload_frame_end(&writer), sizeof expected - 1);
    assert_memory_equal(line, expected, sizeof expected - 1);
    assert_int_equal(feed(line, sizeof expected - 1, outside), 1);
}

static void every_length_comes_back(void **state)
{
    char line[LINE], outside[LINE + 1];
    for (size_t size = 0; size <= sizeof payload; size++) {
        size_t length = write_frame(line, HOTRELOAD_FRAME_WRITE, 0xfedcba98u + size, size);
        assert_true(length <= HOTRELOAD_FRAME_LINE(size));
        for (size_t i = HOTRELOAD_FRAME_MARK_SIZE; i + 1 < length; i++) {
            assert_true(line[i] > ' ' && line[i] <= '~');
        }
        assert_int_equal(feed(line, length, outside), 1);
        expect_frame(HOTRELOAD_FRAME_WRITE, (uint32_t)(0xfedcba98u + size), size);
        assert_string_equal(outside, "");
    }
}

static void a_frame_that_is_too_long_is_no_frame(void **state)
{
    char line[LINE + 64], outside[LINE + 64];
    hotreload_frame_writer_t writer;
    hotreload_frame_begin(&writer, line, HOTRELOAD_FRAME_WRITE, 1);
    hotreload_frame_put(&writer, payload, sizeof payload);
    hotreload_frame_put(&writer, payload, 1);
    assert_int_equal(feed(line, hotreload_frame_end(&writer), outside), 0);
    size_t length = write_frame(line, HOTRELOAD_FRAME_STATUS, 2, 0);
    assert_int_equal(feed(line, length, outside), 1);
}

/** A flipped bit may only leave the frame as it was: the last digit has bits that mean nothing. */
static void no_flipped_bit_is_missed(void **state)
{
    char line[LINE], outside[LINE + 1];
    size_t length = write_frame(line, HOTRELOAD_FRAME_BEGIN, 0x01020304, 33);
    for (size_t bit = 0; bit < length * 8; bit++) {
        memset(&reader, 0, sizeof reader);
        line[bit / 8] = (char)(line[bit / 8] ^ 1 << bit % 8);
        unsigned complete = feed(line, length, outside);
        complete += feed("\n", 1, outside); /* ends it, should the newline be gone */
        if (complete > 0) {
            assert_true(bit / 8 >= length - 2);
            expect_frame(HOTRELOAD_FRAME_BEGIN, 0x01020304, 33);
        }
        line[bit / 8] = (char)(line[bit / 8] ^ 1 << bit % 8);
        assert_int_equal(feed(line, length, outside), 1); /* the next one is whole */
        expect_frame(HOTRELOAD_FRAME_BEGIN, 0x01020304, 33);
    }
}

static void a_frame_that_is_cut_off_does_not_harm_the_next(void **state)
{
    char line[LINE], cut[2 * LINE], outside[2 * LINE + 1];
    size_t length = write_frame(line, HOTRELOAD_FRAME_WRITE, 7, 100);
    for (size_t kept = 0; kept + 1 < length; kept++) {
        memcpy(cut, line, kept);
        memcpy(cut + kept, line, length);
        assert_int_equal(feed(cut, kept + length, outside), 1);
        expect_frame(HOTRELOAD_FRAME_WRITE, 7, 100);
    }
}

static void every_missing_byte_is_noticed(void **state)
{
    char line[LINE], part[LINE], outside[LINE + 1];
    size_t length = write_frame(line, HOTRELOAD_FRAME_WRITE, 7, 100);
    for (size_t gone = 0; gone + 1 < length; gone++) {
        memcpy(part, line, gone);
        memcpy(part + gone, line + gone + 1, length - gone - 1);
        assert_int_equal(feed(part, length - 1, outside), 0);
    }
}

static void what_is_between_frames_is_left_alone(void **state)
{
    static const char *const noise[] = {
        "I (12) main: hello\n", "\x02",      "\x02h", "\x02hr", "\x02\x02",
        "\x02h\x02hr",          "hr:AAAA\n", "",
    };
    char line[LINE], text[2 * LINE], outside[2 * LINE + 1];
    size_t length = write_frame(line, HOTRELOAD_FRAME_NONCE, 9, 3);
    for (size_t i = 0; i < COUNT(noise); i++) {
        size_t used = strlen(noise[i]);
        memcpy(text, noise[i], used);
        memcpy(text + used, line, length);
        memcpy(text + used + length, "after", 5);
        assert_int_equal(feed(text, used + length + 5, outside), 1);
        expect_frame(HOTRELOAD_FRAME_NONCE, 9, 3);
        char expected[64];
        memcpy(expected, noise[i], used);
        memcpy(expected + used, "after", 6);
        assert_string_equal(outside, expected);
    }
}

static void newlines_may_be_converted(void **state)
{
    char line[LINE + 1], outside[LINE + 1];
    size_t length = write_frame(line, HOTRELOAD_FRAME_NONCE, 9, 3);
    memcpy(line + length - 1, "\r\n", 2);
    assert_int_equal(feed(line, length + 1, outside), 1);
    assert_int_equal(feed(line, length, outside), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_frame_is_what_the_format_says, set_up),
        cmocka_unit_test_setup(every_length_comes_back, set_up),
        cmocka_unit_test_setup(a_frame_that_is_too_long_is_no_frame, set_up),
        cmocka_unit_test_setup(no_flipped_bit_is_missed, set_up),
        cmocka_unit_test_setup(a_frame_that_is_cut_off_does_not_harm_the_next, set_up),
        cmocka_unit_test_setup(every_missing_byte_is_noticed, set_up),
        cmocka_unit_test_setup(what_is_between_frames_is_left_alone, set_up),
        cmocka_unit_test_setup(newlines_may_be_converted, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
