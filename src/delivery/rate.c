#include "rate.h"

#include "gateway/channel.h"

#define TOKEN INT64_C(60000)

static int64_t burst_of(int64_t per_minute)
{
    return per_minute >= 10 ? per_minute / 10 : 1;
}

/* What a minute refills. One request a minute is burst alone: it refills as a whole. */
static int64_t refill_of(int64_t per_minute)
{
    return per_minute > 1 ? per_minute - burst_of(per_minute) : 1;
}

static void bucket_fill(struct bucket *bucket, int64_t now_ms)
{
    int64_t span_ms = now_ms - bucket->filled_ms;
    int64_t burst = burst_of(bucket->per_minute) * TOKEN;

    if (span_ms <= 0)
        return;
    if (span_ms > 60000)
        span_ms = 60000;
    bucket->tokens += span_ms * refill_of(bucket->per_minute);
    if (bucket->tokens > burst)
        bucket->tokens = burst;
    bucket->filled_ms = now_ms;
}

void bucket_init(struct bucket *bucket, int64_t per_minute, int64_t now_ms)
{
    *bucket = (struct bucket){
        .per_minute = per_minute,
        .tokens = burst_of(per_minute) * TOKEN,
        .filled_ms = now_ms,
        .paused_until_ms = INT64_MIN,
    };
}

void bucket_set_limit(struct bucket *bucket, int64_t per_minute, int64_t now_ms)
{
    if (per_minute == bucket->per_minute)
        return;
    bucket_fill(bucket, now_ms);
    bucket->per_minute = per_minute;
    if (bucket->tokens > burst_of(per_minute) * TOKEN)
        bucket->tokens = burst_of(per_minute) * TOKEN;
}

int64_t bucket_wait_ms(struct bucket *bucket, int64_t now_ms)
{
    if (now_ms < bucket->paused_until_ms)
        return bucket->paused_until_ms - now_ms;
    if (bucket->per_minute == 0)
        return 0;
    bucket_fill(bucket, now_ms);
    if (bucket->tokens >= TOKEN)
        return 0;
    int64_t refill = refill_of(bucket->per_minute);
    return (TOKEN - bucket->tokens + refill - 1) / refill;
}

void bucket_spend(struct bucket *bucket, int64_t now_ms)
{
    if (bucket->per_minute == 0)
        return;
    bucket_fill(bucket, now_ms);
    bucket->tokens -= TOKEN;
}

void bucket_pause(struct bucket *bucket, int64_t span_ms, int64_t now_ms)
{
    if (now_ms + span_ms > bucket->paused_until_ms)
        bucket->paused_until_ms = now_ms + span_ms;
}

int64_t pace_wait_ms(const struct pace *pace, int64_t due_us, int64_t now_ms)
{
    int64_t early_us = due_us - now_ms * 1000 - pace->interval_us * (pace->burst - 1);

    if (pace->interval_us == 0 || early_us <= 0)
        return 0;
    return (early_us + 999) / 1000;
}

int64_t pace_spend(const struct pace *pace, int64_t due_us, int64_t now_ms)
{
    int64_t now_us = now_ms * 1000;

    return (due_us > now_us ? due_us : now_us) + pace->interval_us;
}
