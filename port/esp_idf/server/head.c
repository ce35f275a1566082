/*
 * Shortens the heads of requests. A browser sends more headers than esp_http_server has room for
 * (CONFIG_HTTPD_MAX_REQ_HDR_LEN), and cookies of other servers on this device. Lines that begin
 * with C, H, T or X are kept: Content-Length, Connection, Transfer-Encoding and X-Hotreload-* are
 * needed, and Host, because after a request without headers, esp_http_server misses the first byte
 * of the next one.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "server/server.h"

/** Characters kept of a line. A header of an upload with its digest has 84. */
#define LONGEST_LINE 96u

/** The head that is being received. Only the server's task touches it. */
static struct {
    bool in_request_line;
    bool keep; /**< the present line */
    bool ended;
    unsigned column;
} head;

void hotreload_head_begin(void)
{
    head.in_request_line = true;
    head.keep = true;
    head.ended = false;
    head.column = 0;
}

static bool is_kept(char c)
{
    const bool ends_line = c == '\r' || c == '\n';
    if (head.ended) {
        return true;
    }
    if (head.column == 0 && !head.in_request_line && c != ' ' && c != '\t') {
        head.keep = ends_line || strchr("CcHhTtXx", c) != NULL;
    }
    const bool kept =
        head.keep && (ends_line || head.in_request_line || head.column < LONGEST_LINE);
    if (!ends_line) {
        head.column++;
    } else if (c == '\n' && head.column == 0) {
        head.ended = !head.in_request_line; /* an empty line may come before a request */
    } else if (c == '\n') {
        head.in_request_line = false;
        head.column = 0;
    }
    return kept;
}

size_t hotreload_head_shorten(char *data, size_t size)
{
    size_t kept = 0;
    for (size_t i = 0; i < size; i++) {
        if (is_kept(data[i])) {
            data[kept++] = data[i];
        }
    }
    return kept;
}
