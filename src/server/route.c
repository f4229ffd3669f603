#include "route.h"

#include <assert.h>

static bool is_argument(struct str segment)
{
    return segment.len > 2 && segment.ptr[0] == '{';
}

static bool segment_fits(struct str pattern, struct str segment,
                         struct route_match *match)
{
    if (!is_argument(pattern))
        return str_equal(pattern, segment);
    if (segment.len == 0)
        return false;
    assert(match->argument_count < ROUTE_ARGUMENTS_MAX);
    match->arguments[match->argument_count++] = (struct route_argument){
        .name = str_sub(pattern, 1, pattern.len - 2),
        .value = segment,
    };
    return true;
}

static bool path_fits(struct str pattern, struct str path, struct route_match *match)
{
    match->argument_count = 0;
    for (;;) {
        bool is_last = str_find_byte(pattern, '/') < 0;
        if (is_last != (str_find_byte(path, '/') < 0))
            return false;
        if (!segment_fits(str_cut(&pattern, '/'), str_cut(&path, '/'), match))
            return false;
        if (is_last)
            return true;
    }
}

static bool method_fits(const char *served, struct str method)
{
    if (str_is(method, served))
        return true;
    return str_is(method, "HEAD") && strcmp(served, "GET") == 0;
}

enum status route_find(const struct route *routes, size_t count, struct str method,
                       struct str path, struct route_match *out_match)
{
    enum status status = STATUS_NOT_FOUND;
    for (size_t i = 0; i < count; i++) {
        struct route_match match = {.route = &routes[i]};
        if (!path_fits(str_of(routes[i].path), path, &match))
            continue;
        if (method_fits(routes[i].method, method)) {
            *out_match = match;
            return STATUS_OK;
        }
        status = STATUS_BAD_METHOD;
    }
    return status;
}

/* Once each; no method's name is part of another's. */
static void add_method(struct buf *out, const char *method)
{
    if (out->len > 0 && memmem(out->ptr, out->len, method, strlen(method)) != NULL)
        return;
    if (out->len > 0)
        buf_add(out, STR(", "));
    buf_add(out, str_of(method));
}

void route_allow(const struct route *routes, size_t count, struct str path,
                 struct buf *out)
{
    for (size_t i = 0; i < count; i++) {
        struct route_match match = {0};
        if (!path_fits(str_of(routes[i].path), path, &match))
            continue;
        add_method(out, routes[i].method);
        if (strcmp(routes[i].method, "GET") == 0)
            add_method(out, "HEAD");
    }
}

/* The byte behind the '%' at `at`, or -1. */
static int escaped_byte(struct str raw, size_t at)
{
    uint8_t byte = 0;
    struct str digits = str_sub(raw, at + 1, 2);
    return digits.len == 2 && hex_decode(digits, &byte, 1) ? byte : -1;
}

bool percent_decode(struct str raw, char *out_bytes, size_t *out_len)
{
    size_t len = 0;
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.ptr[i];
        if (c == '%') {
            int byte = escaped_byte(raw, i);
            if (byte <= 0)
                return false;
            c = (char)byte;
            i += 2;
        }
        out_bytes[len++] = c;
    }
    *out_len = len;
    return true;
}

size_t percent_decode_query(struct str raw, char *out_bytes)
{
    size_t len = 0;
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.ptr[i];
        int byte = c == '%' ? escaped_byte(raw, i) : -1;
        if (byte > 0) {
            c = (char)byte;
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        out_bytes[len++] = c;
    }
    return len;
}
