/*
 * The status page of the server, with the option and without it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <unistd.h>

#include "testing.h"
#include "client.h"
#include "lwip/sockets.h"
#include "receive/requests.h"

/** Of the 2.5 KB of flash that the page may take, the rest is for code: test/esp_idf measures it.
 */
#define LONGEST_PAGE 2304u

static const fake_request_t asked = {.method = HTTP_GET, .uri = "/"};

static int setup(void **test)
{
    device_reset();
    return hotreload_server_start(&server_config);
}

static int teardown(void **test)
{
    assert_int_equal(hotreload_server_stop(), ESP_OK);
    device_expect_nothing_left();
    return 0;
}

/* ---- Heads ---- */

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define COOKIE "Cookie: 23456789 23456789 23456789 23456789 23456789 23456789 23456789 23456789 "

/** What Chromium sends to 127.0.0.1, with a cookie of another server. */
static const char browser[] =
    "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: keep-alive\r\n"
    "sec-ch-ua: \"Chromium\";v=\"156\", \"Not A(Brand\";v=\"24\"\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n" COOKIE "23456789 23456789 23456789\r\n"
    " folded\r\n\r\n";

/** Headers of an upload, in small letters and with bare line ends; then the body. */
static const char upload_request[] = "POST /upload HTTP/1.1\nhost: x\nx-hotreload-sha256: " DIGEST
                                     "\nAny: y\nCONTENT-LENGTH: 26\ntransfer-encoding: y\n\n"
                                     "Host: no header\r\n\r\nAny: x";

/** What the server receives of a request that arrives in pieces. */
static void receive(const char *sent, size_t piece, char *received, size_t size)
{
    int ends[2];
    size_t used = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(fake_httpd_config.open_fn(NULL, ends[0]), ESP_OK);
    assert_int_equal(write(ends[1], sent, strlen(sent)), strlen(sent));
    close(ends[1]);
    for (int got; (got = fake_httpd_receive(NULL, ends[0], received + used, piece, 0)) != 0;) {
        assert_true(got > 0);
        used += (size_t)got;
        assert_true(used + piece < size);
    }
    received[used] = '\0';
    close(ends[0]);
}

static void expect_received(const char *sent, const char *expected)
{
    static const size_t pieces[] = {1, 2, 7, 128, 512};
    for (size_t i = 0; i < COUNT(pieces); i++) {
        char received[2048];
        receive(sent, pieces[i], received, sizeof received);
        assert_string_equal(received, expected);
    }
}

#if STATUS_PAGE

static void the_head_of_a_browser_is_shortened(void **test)
{
    expect_received(browser,
                    "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: keep-alive\r\n" COOKIE
                    "23456789 2345678\r\n folded\r\n\r\n");
}

static void what_an_upload_needs_is_kept(void **test)
{
    expect_received(upload_request, "POST /upload HTTP/1.1\nhost: x\nx-hotreload-sha256: " DIGEST
                                    "\nCONTENT-LENGTH: 26\ntransfer-encoding: y\n\n"
                                    "Host: no header\r\n\r\nAny: x");
}

static void folded_lines_go_with_theirs(void **test)
{
    expect_received("\r\nGET / HTTP/1.1\r\nA: b\r\n c\r\n\td\r\nX: y\r\n\r\n",
                    "\r\nGET / HTTP/1.1\r\nX: y\r\n\r\n");
}

static void a_long_path_is_not_cut(void **test)
{
    char request[400] = "GET /";
    memset(request + 5, 'p', 300);
    strcpy(request + 305, " HTTP/1.1\r\n\r\n");
    expect_received(request, request);
}

static void a_browser_gets_the_page(void **test)
{
    static const uint8_t gzip[] = {0x1f, 0x8b, 8};
    fake_response_t response;
    fake_httpd_request(server_config.port, &asked, &response);
    assert_true(response.answered && !response.closed);
    assert_string_equal(response.status, ""); /* not set: 200 OK */
    assert_string_equal(response.type, "text/html");
    assert_string_equal(response.header, "Content-Encoding: gzip");
    assert_int_equal(response.size, hotreload_page_size);
    assert_memory_equal(response.body, hotreload_page, hotreload_page_size);
    assert_memory_equal(response.body, gzip, sizeof gzip);
}

static void it_ends_the_connection_if_it_cannot_send_it(void **test)
{
    fake_request_t request = asked;
    fake_response_t response;
    request.send_fails = true;
    fake_httpd_request(server_config.port, &request, &response);
    assert_true(response.closed);
}

static void the_page_is_small(void **test)
{
    assert_in_range(hotreload_page_size, 1, LONGEST_PAGE);
}

static void it_is_read_only(void **test)
{
    const fake_request_t post = {.method = HTTP_POST, .uri = "/"};
    assert_string_equal(send_request(&post).status, "405 Error");
}

#else

static void heads_stay_as_they_come(void **test)
{
    expect_received(browser, browser);
    expect_received(upload_request, upload_request);
}

static void there_is_no_page(void **test)
{
    assert_string_equal(send_request(&asked).status, "404 Error");
}

#endif

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
#if STATUS_PAGE
        TEST(a_browser_gets_the_page),
        TEST(it_ends_the_connection_if_it_cannot_send_it),
        TEST(the_page_is_small),
        TEST(it_is_read_only),
        TEST(the_head_of_a_browser_is_shortened),
        TEST(what_an_upload_needs_is_kept),
        TEST(folded_lines_go_with_theirs),
        TEST(a_long_path_is_not_cut),
#else
        TEST(heads_stay_as_they_come),
        TEST(there_is_no_page),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
