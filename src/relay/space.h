/*
 * space: whether the database's file system has room for new events. Front thread; it
 * is looked at once a second at most.
 */
#pragma once

#include "gateway/clock.h"
#include "gateway/store.h"

struct space_watch {
    int64_t look_at_ms; /* mono: not before */
    bool is_low;
};

/*
 * Below the reserve, or 5 % of the file system where that is less. Unknown sizes are
 * never low. Source: design.md section 5.
 */
bool space_is_below(const struct store_space *space, int64_t reserve_bytes);
/* The same of a database, as last looked at; logs when it changes. */
bool space_is_low(struct space_watch *watch, const char *database,
                  int64_t reserve_bytes, struct now now);
