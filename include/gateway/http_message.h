/*
 * http_message: one webhook request as values, and the answer to it. No I/O.
 */
#pragma once

#include "gateway/status.h"
#include "gateway/text.h"

struct http_header {
    struct str name;
    struct str value;
};

struct http_message {
    struct str method;
    struct str path;
    struct str query; /* raw, behind the '?' */
    struct str part;  /* the optional last path argument of a channel's webhook */
    const struct http_header *headers;
    size_t header_count;
    struct str body; /* raw bytes, de-chunked, nothing else */
};

/*
 * The one header of that name, compared without case. False when it is missing or there
 * more than once (a doubled signature header is never trusted).
 */
bool http_header_find(const struct http_message *message, const char *name,
                      struct str *out_value);

/* Whether there is any of that name. */
bool http_headers_hold(const struct http_header *headers, size_t count,
                       struct str name);

struct http_reply {
    int status; /* 0: the default of the situation */
    const char *content_type;
    struct str body;
    int64_t retry_after_s; /* 0: no header */
};
