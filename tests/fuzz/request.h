/*
 * request: one webhook request made of an input: "name: value" lines, an empty line,
 * the body. One program includes it once.
 */
#pragma once

#include "fuzz.h"

#include "gateway/http_message.h"

#define HEADERS_MAX 16

struct request {
    struct http_header headers[HEADERS_MAX];
    struct http_message message;
};

static void request_init(struct request *request, const uint8_t *data, size_t size)
{
    struct str rest = str_from(data, size);
    struct http_message *message = &request->message;

    *message =
        (struct http_message){.method = STR("POST"), .headers = request->headers};
    while (rest.len > 0 && message->header_count < HEADERS_MAX) {
        struct str value = str_cut(&rest, '\n');
        if (value.len == 0)
            break;
        struct str name = str_cut(&value, ':');
        request->headers[message->header_count++] =
            (struct http_header){name, str_trim(value)};
    }
    message->body = rest;
}
