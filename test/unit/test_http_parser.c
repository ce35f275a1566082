/*
 * The emulated board's reader of HTTP heads, on the host with the sanitizers: what it keeps of a
 * head, and that neither the way it arrives in pieces nor damage makes a difference to its memory.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "http/parser.c"

#define DIGITS "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char upload_head[] = "POST /upload?x=1 HTTP/1.1\r\n"
                                  "Host: board\r\n"
                                  "content-length: \t 1234 \r\n"
                                  "X-HOTRELOAD-SHA256: " DIGITS "\r\n"
                                  "X-Hotreload-HMAC:" DIGITS "\r\n"
                                  "X-hotreload-AUTH:\t" DIGITS "\r\n"
                                  "Expect: 100-Continue\r\n"
                                  "Connection: Upgrade , Close\r\n"
                                  "\r\n";

/* Feeds a head in pieces of one size; what follows its end must not be taken. */
static http_parser_result_t feed(http_parser_t *parser, const char *head, size_t size, size_t piece)
{
    http_parser_result_t result = HTTP_PARSER_MORE;
    http_parser_begin(parser);
    for (size_t done = 0; done < size && result == HTTP_PARSER_MORE;) {
        size_t length = size - done < piece ? size - done : piece;
        uint8_t *copy = malloc(length); /* exactly as long, so that reading on is noticed */
        memcpy(copy, head + done, length);
        size_t used;
        result = http_parser_feed(parser, copy, length, &used);
        free(copy);
        assert_true(used <= length && (used == length || result != HTTP_PARSER_MORE));
        done += used;
    }
    return result;
}

static http_parser_result_t feed_text(http_parser_t *parser, const char *head)
{
    return feed(parser, head, strlen(head), SIZE_MAX);
}

static void test_upload_head_in_pieces(void **state)
{
    http_parser_t parser;
    for (size_t piece = 1; piece < sizeof upload_head; piece++) {
        assert_int_equal(feed(&parser, upload_head, sizeof upload_head - 1, piece),
                         HTTP_PARSER_COMPLETE);
        const http_request_t *request = &parser.request;
        assert_int_equal(request->method, HTTP_METHOD_POST);
        assert_int_equal(request->path, HTTP_PATH_UPLOAD);
        assert_int_equal(request->content_length, 1234);
        assert_string_equal(request->sha256, DIGITS);
        assert_string_equal(request->hmac, DIGITS);
        assert_string_equal(request->auth, DIGITS);
        assert_true(request->expects_continue);
        assert_false(request->keep_alive);
        assert_false(request->chunked);
    }
}

static void test_stops_at_the_end_of_the_head(void **state)
{
    static const char text[] = "\r\nGET /status HTTP/1.1\r\n\r\nGET /pending";
    http_parser_t parser;
    size_t used;
    http_parser_begin(&parser);
    assert_true(http_parser_is_idle(&parser));
    assert_int_equal(http_parser_feed(&parser, (const uint8_t *)text, sizeof text - 1, &used),
                     HTTP_PARSER_COMPLETE);
    assert_int_equal(used, strlen("\r\nGET /status HTTP/1.1\r\n\r\n"));
    assert_int_equal(parser.request.path, HTTP_PATH_STATUS);
    assert_int_equal(parser.request.content_length, HTTP_LENGTH_ABSENT);
    assert_true(parser.request.keep_alive);
    assert_false(http_parser_is_idle(&parser));
}

static int64_t length_of(const char *headers)
{
    char head[512];
    http_parser_t parser;
    snprintf(head, sizeof head, "POST /upload HTTP/1.1\r\n%s\r\n", headers);
    assert_int_equal(feed_text(&parser, head), HTTP_PARSER_COMPLETE);
    return parser.request.content_length;
}

static void test_content_length(void **state)
{
    assert_int_equal(length_of(""), HTTP_LENGTH_ABSENT);
    assert_int_equal(length_of("Content-Length: 0\r\n"), 0);
    assert_int_equal(length_of("Content-Length: 0007\r\n"), 7);
    assert_true(length_of("Content-Length: 9223372036854775807\r\n") == INT64_MAX);
    assert_true(length_of("Content-Length: 9223372036854775808\r\n") == INT64_MAX);
    assert_true(length_of("Content-Length: 18446744073709551621\r\n") == INT64_MAX);
    assert_int_equal(length_of("Content-Length: 5\r\nContent-Length: 5\r\n"), 5);
    static const char *const malformed[] = {
        "Content-Length:\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: +1\r\n",
        "Content-Length: 0x10\r\n",
        "Content-Length: 1 2\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: x\r\nContent-Length: 6\r\n",
    };
    for (size_t i = 0; i < COUNT(malformed); i++) {
        assert_int_equal(length_of(malformed[i]), HTTP_LENGTH_MALFORMED);
    }
}

static void test_digests(void **state)
{
    http_parser_t parser;
    static const char head[] = "POST /upload HTTP/1.1\r\nX-Hotreload-SHA256: %s\r\n\r\n";
    char text[256];
    snprintf(text, sizeof text, head, DIGITS "0123");
    assert_int_equal(feed_text(&parser, text), HTTP_PARSER_COMPLETE);
    assert_int_equal(strlen(parser.request.sha256), 65); /* too long stays too long */
    snprintf(text, sizeof text, head, "");
    assert_int_equal(feed_text(&parser, text), HTTP_PARSER_COMPLETE);
    assert_string_not_equal(parser.request.sha256, ""); /* empty is not absent */
    assert_string_equal(parser.request.hmac, "");
    assert_string_equal(parser.request.auth, "");
    static const char *const twice[] = {
        "12\r\nX-Hotreload-SHA256: 12",
        "12\r\nX-Hotreload-Auth: 12\r\nX-Hotreload-Auth: 12",
    };
    for (size_t i = 0; i < 2; i++) {
        snprintf(text, sizeof text, head, twice[i]);
        assert_int_equal(feed_text(&parser, text), HTTP_PARSER_REFUSED);
        assert_int_equal(parser.status, 400);
    }
}

static void test_transfer_coding_and_connection(void **state)
{
    http_parser_t parser;
    feed_text(&parser, "POST /upload HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_true(parser.request.chunked);
    feed_text(&parser, "GET /status HTTP/1.0\r\n\r\n");
    assert_false(parser.request.keep_alive);
    feed_text(&parser, "GET /status HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
    assert_true(parser.request.keep_alive);
    feed_text(&parser, "GET /status HTTP/1.1\r\nConnection: closed\r\n\r\n");
    assert_true(parser.request.keep_alive);
}

static void refused(const char *line, size_t repeat, const char *rest, int status)
{
    size_t size = strlen(line);
    char *head = malloc(size * repeat + strlen(rest) + 1);
    for (size_t i = 0; i < repeat; i++) {
        memcpy(head + i * size, line, size);
    }
    strcpy(head + size * repeat, rest);
    http_parser_t parser;
    assert_int_equal(feed_text(&parser, head), HTTP_PARSER_REFUSED);
    assert_int_equal(parser.status, status);
    assert_non_null(parser.reason);
    free(head);
}

static void test_limits(void **state)
{
    refused("a", HTTP_LINE_SIZE, "", 414);
    refused("\r\n", HTTP_HEAD_MAX, "", 431);
    char line[HTTP_HEAD_MAX + 64];
    int size = snprintf(line, sizeof line, "GET /status HTTP/1.1\r\nCookie: ");
    memset(line + size, 'c', 4 * HTTP_LINE_SIZE);
    strcpy(line + size + 4 * HTTP_LINE_SIZE, "\r\n\r\n");
    http_parser_t parser;
    assert_int_equal(feed_text(&parser, line), HTTP_PARSER_COMPLETE);
    memcpy(line, "GET /status HTTP/1.1\r\nExpect: ", (size_t)size);
    assert_int_equal(feed_text(&parser, line), HTTP_PARSER_REFUSED);
    assert_int_equal(parser.status, 431);
}

/* Whatever arrives, the same happens in every division into pieces; the sanitizers watch. */
static void test_damaged_heads(void **state)
{
    srand(1);
    for (int round = 0; round < 20000; round++) {
        char head[sizeof upload_head - 1];
        memcpy(head, upload_head, sizeof head);
        for (int change = rand() % 4; change >= 0; change--) {
            static const char characters[] = "\r\n\0: \t,;/aG1\xff";
            head[(size_t)rand() % sizeof head] =
                characters[(size_t)rand() % (sizeof characters - 1)];
        }
        http_parser_t whole, pieces;
        http_parser_result_t result = feed(&whole, head, sizeof head, SIZE_MAX);
        assert_int_equal(feed(&pieces, head, sizeof head, 1 + (size_t)rand() % 40), result);
        assert_int_equal(whole.status, pieces.status);
        assert_memory_equal(&whole.request, &pieces.request, sizeof whole.request);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_upload_head_in_pieces),
        cmocka_unit_test(test_stops_at_the_end_of_the_head),
        cmocka_unit_test(test_content_length),
        cmocka_unit_test(test_digests),
        cmocka_unit_test(test_transfer_coding_and_connection),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_damaged_heads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
