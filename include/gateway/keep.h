/*
 * keep: copies what a decoder found into the arena of its unit of work.
 *
 * How much there is comes from outside, so a full arena is an ordinary case: it is
 * remembered and checked once at the end, like an overflowing buf. Any thread; one
 * keeper belongs to one.
 */
#pragma once

#include "gateway/arena.h"

struct keeper {
    struct arena *arena; /* borrowed */
    bool is_full;        /* something did not fit; what was kept is not complete */
};

/* Empty when there is no room. */
struct str keep_str(struct keeper *keeper, struct str s);
/* The same of a text of bytes that nobody has looked at: utf8_repair. */
struct str keep_text(struct keeper *keeper, struct str s);
/* Zeroed room for `count` items; NULL when there is none, or when count is 0. */
void *keep_array(struct keeper *keeper, size_t count, size_t size);
