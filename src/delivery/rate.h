/*
 * rate: a token bucket that never lets more than its limit through in any 60 s: a tenth
 * at once, nine tenths refilled over a minute. Pure: time comes in (mono ms).
 */
#pragma once

#include "gateway/base.h"

struct bucket {
    int64_t per_minute; /* 0: no limit */
    int64_t tokens;     /* in 60,000ths of a request, so that a ms refills whole ones */
    int64_t filled_ms;  /* when tokens was true */
    int64_t paused_until_ms; /* by a 429 */
};

/* Full at the start. */
void bucket_init(struct bucket *bucket, int64_t per_minute, int64_t now_ms);
/* A changed limit; what was spent stays spent. */
void bucket_set_limit(struct bucket *bucket, int64_t per_minute, int64_t now_ms);
/* 0: a request may go now; else how long until it may. */
int64_t bucket_wait_ms(struct bucket *bucket, int64_t now_ms);
void bucket_spend(struct bucket *bucket, int64_t now_ms);
struct pace;

/*
 * A pace of one account or contact is kept as the time at which all that was sent would
 * have been due one by one (the generic cell rate algorithm): mono us, 0 at first.
 */
/* 0: a request may go now; else how long until it may, in ms. */
int64_t pace_wait_ms(const struct pace *pace, int64_t due_us, int64_t now_ms);
/* The new due time. */
int64_t pace_spend(const struct pace *pace, int64_t due_us, int64_t now_ms);

/* Nothing goes for that long. A longer pause already set stays. */
void bucket_pause(struct bucket *bucket, int64_t span_ms, int64_t now_ms);
