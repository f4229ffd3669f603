/*
 * budget: how many requests a client may make in any 60 seconds.
 *
 * A sliding minute: the time of each request taken is kept until it is a minute old. A
 * refused request does not count. Pure; one budget belongs to one thread.
 * Source: open-messaging.md, section 6; read 2026-11-21.
 */
#pragma once

#include "gateway/base.h"

struct budget {
    int64_t *times; /* owned ring, mono ms, `allowed` places; NULL: no limit */
    size_t allowed;
    size_t first; /* the oldest */
    size_t used;
};

/* `allowed` requests a minute; 0: no limit. */
void budget_init(struct budget *budget, size_t allowed);
void budget_release(struct budget *budget);
/* Counts one request. False when there is no room: come back in *out_wait_ms. */
MUST_CHECK bool budget_spend(struct budget *budget, int64_t now_ms,
                             int64_t *out_wait_ms);
/* Until the oldest request leaves the minute; 0 when there is none. */
int64_t budget_reset_ms(const struct budget *budget, int64_t now_ms);
