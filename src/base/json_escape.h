/*
 * json_escape: what the escapes in a JSON string stand for, and what needs none.
 */
#pragma once

#include "gateway/arena.h"

struct json_escape {
    size_t len;      /* from the backslash on; 0: malformed */
    uint32_t code;   /* U+FFFD when damaged */
    bool is_damaged; /* \u0000 or a lone surrogate, both of six bytes */
};

/* `at` stands on the backslash, before `end`. */
struct json_escape json_escape_read(const char *at, const char *end);

/* The text that `raw`, the valid inside of a string, stands for. */
struct str json_unescape(struct str raw, struct arena *arena);

/*
 * Steps over bytes that stand in a string as they are, many at a time: all but a
 * quote, a backslash and control characters (below 0x20). *seen: all bytes or-ed; its
 * top bit tells of non-ASCII.
 */
const char *json_skip_plain(const char *at, const char *end, unsigned char *seen);
