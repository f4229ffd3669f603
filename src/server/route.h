/*
 * route: which route serves a path, and percent-encoding. Pure.
 *
 * Paths are compared as sent, segment by segment: a literal segment byte for byte, an
 * argument takes any one segment that is not empty. %2F inside an argument is part of
 * it.
 */
#pragma once

#include "gateway/server.h"

#define ROUTE_ARGUMENTS_MAX 4

struct route_argument {
    struct str name;
    struct str value; /* route_find: still encoded */
};

struct route_match {
    const struct route *route; /* the first in the table that fits */
    struct route_argument arguments[ROUTE_ARGUMENTS_MAX];
    size_t argument_count;
};

/*
 * A GET route also serves HEAD.
 * STATUS_NOT_FOUND   no route has this path
 * STATUS_BAD_METHOD  some do, with other methods
 */
MUST_CHECK enum status route_find(const struct route *routes, size_t count,
                                  struct str method, struct str path,
                                  struct route_match *out_match);
/* The methods a path knows, for Allow: "GET, HEAD, POST". */
void route_allow(const struct route *routes, size_t count, struct str path,
                 struct buf *out);

/*
 * Writes at most raw.len bytes. False when a '%' is not followed by two hex digits, or
 * the result would hold a NUL: then `out_bytes` is undefined.
 */
MUST_CHECK bool percent_decode(struct str raw, char *out_bytes, size_t *out_len);
/* For query parameters: '+' is a blank, and what percent_decode refuses stays as it is.
 */
size_t percent_decode_query(struct str raw, char *out_bytes);
