/*
 * The JSON writer and the digests of headers.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "receive/digest.h"
#include "receive/json.h"

static void strings_are_escaped(void **state)
{
    char text[100];
    hotreload_json_t json = hotreload_json_begin(text, sizeof text);
    hotreload_json_string(&json, "a \"b\" \\ /");
    assert_string_equal(text, "\"a \\\"b\\\" \\\\ /\"");
    json = hotreload_json_begin(text, sizeof text);
    hotreload_json_string(&json, "~ \x01\x1f\x7f\x80\xff\n\t");
    assert_string_equal(text, "\"~ ???????\"");
}

static void every_character_gives_a_closed_string(void **state)
{
    for (int character = 1; character < 256; character++) {
        char text[8], one[2] = {(char)character, '\0'};
        hotreload_json_t json = hotreload_json_begin(text, sizeof text);
        hotreload_json_string(&json, one);
        bool escaped = character == '"' || character == '\\';
        assert_int_equal(strlen(text), escaped ? 4 : 3);
        assert_int_equal(text[0], '"');
        assert_int_equal(text[1] == '\\', escaped);
        assert_int_equal(text[strlen(text) - 1], '"');
        assert_true(text[1] >= ' ' && text[1] <= '~');
    }
}

static void numbers_and_bytes_are_written(void **state)
{
    char text[100];
    const uint8_t bytes[] = {0x00, 0x0f, 0xa5, 0xff};
    hotreload_json_t json = hotreload_json_begin(text, sizeof text);
    hotreload_json_format(&json, "[%u,%u] ", 0u, (unsigned)UINT32_MAX);
    hotreload_json_hex(&json, bytes, sizeof bytes);
    assert_string_equal(text, "[0,4294967295] 000fa5ff");
}

static void nothing_is_written_beyond_the_buffer(void **state)
{
    for (size_t size = 1; size < 20; size++) {
        char *text = malloc(size);
        assert_non_null(text);
        hotreload_json_t json = hotreload_json_begin(text, size);
        hotreload_json_string(&json, "more \"than\" fits, surely");
        hotreload_json_format(&json, "%u", 12345u);
        assert_int_equal(strlen(text), size - 1);
        free(text);
    }
}

static void digests_are_parsed(void **state)
{
    uint8_t digest[HOTRELOAD_HASH_SIZE];
    uint8_t expected[HOTRELOAD_HASH_SIZE];
    for (size_t i = 0; i < sizeof expected; i++) {
        static const uint8_t bytes[] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
        expected[i] = bytes[i % 8];
    }
    assert_true(hotreload_digest_parse(
        "0123456789abcdef0123456789ABCDEF0123456789aBcDeF0123456789abcdef", digest));
    assert_memory_equal(digest, expected, sizeof expected);
}

static void what_is_no_hex_digit_is_no_digest(void **state)
{
    uint8_t digest[HOTRELOAD_HASH_SIZE];
    char text[2 * HOTRELOAD_HASH_SIZE + 1];
    for (int character = 0; character < 256; character++) {
        bool hex = character != 0 && strchr("0123456789abcdefABCDEF", character) != NULL;
        for (size_t at = 0; at < sizeof text - 1; at += 21) {
            memset(text, 'a', sizeof text - 1);
            text[sizeof text - 1] = '\0';
            text[at] = (char)character;
            assert_int_equal(hotreload_digest_parse(text, digest), hex);
        }
    }
    assert_false(hotreload_digest_parse(NULL, digest));
}

static void every_bit_of_a_digest_is_compared(void **state)
{
    uint8_t a[HOTRELOAD_HASH_SIZE] = {1, 2, 3};
    uint8_t b[HOTRELOAD_HASH_SIZE] = {1, 2, 3};
    assert_true(hotreload_digest_equal(a, b));
    for (size_t bit = 0; bit < 8 * sizeof a; bit++) {
        b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(hotreload_digest_equal(a, b));
        b[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(every_character_gives_a_closed_string),
        cmocka_unit_test(numbers_and_bytes_are_written),
        cmocka_unit_test(nothing_is_written_beyond_the_buffer),
        cmocka_unit_test(digests_are_parsed),
        cmocka_unit_test(what_is_no_hex_digit_is_no_digest),
        cmocka_unit_test(every_bit_of_a_digest_is_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
