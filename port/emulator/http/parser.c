/* SPDX-License-Identifier: MIT */
#include "http/parser.h"

#include <string.h>
#include <strings.h>

#include "receive/requests.h"

void http_parser_begin(http_parser_t *parser)
{
    *parser = (http_parser_t){.request.content_length = HTTP_LENGTH_ABSENT};
}

bool http_parser_is_idle(const http_parser_t *parser)
{
    return parser->head_size == 0;
}

static http_parser_result_t refuse(http_parser_t *parser, int status, const char *reason)
{
    parser->status = status;
    parser->reason = reason;
    return HTTP_PARSER_REFUSED;
}

static http_method_t method_of(const char *name)
{
    if (strcmp(name, "GET") == 0) {
        return HTTP_METHOD_GET;
    }
    return strcmp(name, "POST") == 0 ? HTTP_METHOD_POST : HTTP_METHOD_OTHER;
}

static http_path_t path_of(const char *path)
{
    static const struct {
        const char *text;
        http_path_t path;
    } paths[] = {
        {"/upload", HTTP_PATH_UPLOAD}, {"/nonce", HTTP_PATH_NONCE}, {"/pending", HTTP_PATH_PENDING},
        {"/status", HTTP_PATH_STATUS}, {"/", HTTP_PATH_PAGE},
    };
    size_t length = strcspn(path, "?");
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (strlen(paths[i].text) == length && memcmp(path, paths[i].text, length) == 0) {
            return paths[i].path;
        }
    }
    return HTTP_PATH_OTHER;
}

static http_parser_result_t request_line(http_parser_t *parser)
{
    char *path = strchr(parser->line, ' ');
    char *version = path != NULL ? strchr(path + 1, ' ') : NULL;
    if (version == NULL || path[1] != '/') {
        return refuse(parser, 400, "the request line is malformed");
    }
    *path++ = '\0';
    *version++ = '\0';
    if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0) {
        return refuse(parser, 400, "only HTTP/1.0 and HTTP/1.1 are spoken here");
    }
    parser->request.method = method_of(parser->line);
    parser->request.path = path_of(path);
    parser->request.keep_alive = strcmp(version, "HTTP/1.1") == 0;
    parser->in_headers = true;
    return HTTP_PARSER_MORE;
}

/* A number too large for the type is as good as the largest: longer than whatever is allowed. */
static int64_t parse_length(const char *digits)
{
    int64_t length = 0;
    if (*digits == '\0') {
        return HTTP_LENGTH_MALFORMED;
    }
    for (; *digits != '\0'; digits++) {
        if (*digits < '0' || *digits > '9') {
            return HTTP_LENGTH_MALFORMED;
        }
        int digit = *digits - '0';
        length = length > (INT64_MAX - digit) / 10 ? INT64_MAX : length * 10 + digit;
    }
    return length;
}

static void keep_length(http_request_t *request, const char *value)
{
    int64_t length = parse_length(value);
    bool is_first = request->content_length == HTTP_LENGTH_ABSENT;
    request->content_length =
        is_first || request->content_length == length ? length : HTTP_LENGTH_MALFORMED;
}

static http_parser_result_t keep_digest(http_parser_t *parser, char *digest, const char *value)
{
    if (digest[0] != '\0') {
        return refuse(parser, 400, "a header of the upload is there twice");
    }
    /* An empty value is malformed, not absent. */
    strncpy(digest, value[0] != '\0' ? value : "-", HTTP_DIGEST_SIZE - 1);
    return HTTP_PARSER_MORE;
}

/* True if `value`, a comma-separated list, has this element. */
static bool has_element(const char *value, const char *element)
{
    size_t length = strlen(element);
    while (*value != '\0') {
        value += strspn(value, " \t,");
        size_t end = strcspn(value, ",");
        size_t size = end;
        while (size > 0 && (value[size - 1] == ' ' || value[size - 1] == '\t')) {
            size--;
        }
        if (size == length && strncasecmp(value, element, length) == 0) {
            return true;
        }
        value += end;
    }
    return false;
}

static http_parser_result_t keep_header(http_parser_t *parser, const char *name, const char *value)
{
    http_request_t *request = &parser->request;
    if (strcasecmp(name, "Content-Length") == 0) {
        keep_length(request, value);
    } else if (strcasecmp(name, "Transfer-Encoding") == 0) {
        request->chunked = true;
    } else if (strcasecmp(name, "Expect") == 0) {
        request->expects_continue = has_element(value, "100-continue");
    } else if (strcasecmp(name, "Connection") == 0) {
        request->keep_alive = (request->keep_alive || has_element(value, "keep-alive")) &&
                              !has_element(value, "close");
    } else if (strcasecmp(name, HOTRELOAD_HEADER_SHA256) == 0) {
        return keep_digest(parser, request->sha256, value);
    } else if (strcasecmp(name, HOTRELOAD_HEADER_HMAC) == 0) {
        return keep_digest(parser, request->hmac, value);
    } else if (strcasecmp(name, HOTRELOAD_HEADER_AUTH) == 0) {
        return keep_digest(parser, request->auth, value);
    }
    return HTTP_PARSER_MORE;
}

/* Names that keep_header() acts on: such a line must not be skipped for its length. */
static bool is_needed(const char *line)
{
    static const char *const names[] = {
        "Content-Length:",
        "Transfer-Encoding:",
        "Expect:",
        "Connection:",
        HOTRELOAD_HEADER_SHA256 ":",
        HOTRELOAD_HEADER_HMAC ":",
        HOTRELOAD_HEADER_AUTH ":",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strncasecmp(line, names[i], strlen(names[i])) == 0) {
            return true;
        }
    }
    return false;
}

static http_parser_result_t header_line(http_parser_t *parser)
{
    char *colon = strchr(parser->line, ':');
    size_t name_size = colon != NULL ? (size_t)(colon - parser->line) : 0;
    /* Space before the colon, or a line continued from the one before, could hide a header. */
    if (name_size == 0 || strcspn(parser->line, " \t") < name_size) {
        return refuse(parser, 400, "a header line is malformed");
    }
    *colon = '\0';
    char *value = colon + 1 + strspn(colon + 1, " \t");
    size_t size = strlen(value);
    while (size > 0 && (value[size - 1] == ' ' || value[size - 1] == '\t')) {
        value[--size] = '\0';
    }
    return keep_header(parser, parser->line, value);
}

/* The present line is complete, without its line end. */
static http_parser_result_t end_of_line(http_parser_t *parser)
{
    size_t size = parser->line_size;
    bool is_cut = size >= HTTP_LINE_SIZE;
    parser->line_size = 0;
    if (is_cut) {
        parser->line[HTTP_LINE_SIZE - 1] = '\0';
        return is_needed(parser->line) ? refuse(parser, 431, "a header line is too long")
                                       : HTTP_PARSER_MORE;
    }
    if (size > 0 && parser->line[size - 1] == '\r') {
        size--;
    }
    parser->line[size] = '\0';
    if (strlen(parser->line) != size) {
        return refuse(parser, 400, "the head has a NUL character");
    }
    if (parser->in_headers) {
        return size == 0 ? HTTP_PARSER_COMPLETE : header_line(parser);
    }
    /* Some clients send an empty line after a body. */
    return size == 0 ? HTTP_PARSER_MORE : request_line(parser);
}

static http_parser_result_t take(http_parser_t *parser, char character)
{
    if (++parser->head_size > HTTP_HEAD_MAX) {
        return refuse(parser, 431, "the head of the request is too long");
    }
    if (character == '\n') {
        return end_of_line(parser);
    }
    if (parser->line_size < HTTP_LINE_SIZE) {
        parser->line[parser->line_size] = character;
        parser->line_size++;
    }
    if (parser->line_size == HTTP_LINE_SIZE && !parser->in_headers) {
        return refuse(parser, 414, "the path is too long");
    }
    return HTTP_PARSER_MORE;
}

http_parser_result_t http_parser_feed(http_parser_t *parser, const uint8_t *data, size_t size,
                                      size_t *used)
{
    http_parser_result_t result = HTTP_PARSER_MORE;
    *used = 0;
    while (*used < size && result == HTTP_PARSER_MORE) {
        result = take(parser, (char)data[(*used)++]);
    }
    return result;
}
