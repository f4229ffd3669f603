/* The token bucket: a tenth at once, nine tenths a minute, never more in any 60 s. */
#include "support/expect.h"

#include "delivery/rate.h"

#include "gateway/channel.h"

static void bucket_lets_a_tenth_through_at_once(void **state)
{
    (void)state;
    struct bucket bucket;
    int64_t sent = 0;
    bucket_init(&bucket, 300, 1000);
    while (bucket_wait_ms(&bucket, 1000) == 0) {
        bucket_spend(&bucket, 1000);
        sent++;
    }
    expect_i64("burst", 30, sent);
    /* 270 a minute: the next token comes after 60000 / 270 ms. */
    expect_i64("next", 223, bucket_wait_ms(&bucket, 1000));
}

/* Sends whenever it may for ten minutes; no window of 60 s may hold more than the
 * limit. */
static void bucket_never_passes_its_limit_in_any_minute(void **state)
{
    static const int64_t limits[] = {1, 5, 10, 60, 300, 1000};
    (void)state;
    for (size_t l = 0; l < COUNT_OF(limits); l++) {
        static int64_t sent_at[20000];
        struct bucket bucket;
        size_t sent = 0;
        bucket_init(&bucket, limits[l], 0);
        for (int64_t now = 0; now < 600000; now++) {
            /* An idle spell in the middle saves up the largest burst. */
            if (now > 200000 && now < 270000)
                continue;
            while (bucket_wait_ms(&bucket, now) == 0) {
                bucket_spend(&bucket, now);
                assert_true(sent < COUNT_OF(sent_at));
                sent_at[sent++] = now;
            }
        }
        for (size_t i = 0; i + (size_t)limits[l] < sent; i++)
            assert_true(sent_at[i + (size_t)limits[l]] - sent_at[i] >= 60000);
        /* It also reaches nine tenths of the limit over the 530 s it was used. */
        assert_true((int64_t)sent >= limits[l] * 9 / 10 * 8);
    }
}

static void bucket_without_limit_never_waits(void **state)
{
    (void)state;
    struct bucket bucket;
    bucket_init(&bucket, 0, 0);
    for (int i = 0; i < 100000; i++) {
        expect_i64("wait", 0, bucket_wait_ms(&bucket, 0));
        bucket_spend(&bucket, 0);
    }
}

static void bucket_pause_holds_everything_and_never_shortens(void **state)
{
    (void)state;
    struct bucket bucket;
    bucket_init(&bucket, 0, 0);
    bucket_pause(&bucket, 3000, 100);
    expect_i64("paused", 3000, bucket_wait_ms(&bucket, 100));
    bucket_pause(&bucket, 10, 200);
    expect_i64("a shorter pause changes nothing", 2900, bucket_wait_ms(&bucket, 200));
    expect_i64("over", 0, bucket_wait_ms(&bucket, 3100));
}

static void bucket_keeps_what_was_spent_when_the_limit_changes(void **state)
{
    (void)state;
    struct bucket bucket;
    bucket_init(&bucket, 100, 0);
    for (int i = 0; i < 10; i++)
        bucket_spend(&bucket, 0);
    bucket_set_limit(&bucket, 1000, 0);
    assert_true(bucket_wait_ms(&bucket, 0) > 0);
    bucket_set_limit(&bucket, 10, 60000);
    expect_i64("a lower limit cuts what was saved up", 0,
               bucket_wait_ms(&bucket, 60000));
    bucket_spend(&bucket, 60000);
    assert_true(bucket_wait_ms(&bucket, 60000) > 0);
}

static void pace_follows_the_table(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct pace pace;
        int64_t sent_at_ms[4]; /* -1: no more */
        int64_t now_ms;
        int64_t want_ms;
    } cases[] = {
        {"without limit",             {0, 0},       {0, 0, 0, 0},        0,    0   },
        {"one at a time",             {1000000, 1}, {0, -1},             0,    1000},
        {"later it may",              {1000000, 1}, {0, -1},             1000, 0   },
        {"a burst",                   {1000000, 3}, {0, 0, -1},          0,    0   },
        {"of three",                  {1000000, 3}, {0, 0, 0, -1},       0,    1000},
        {"refills one by one",        {1000000, 3}, {0, 0, 0, 1000},     1000, 1000},
        {"never more than the burst", {1000000, 2}, {0, 9000, 9000, -1}, 9000, 1000},
        {"a wait is rounded up",      {33334, 1},   {0, -1},             0,    34  },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t due_us = 0;
        for (size_t n = 0; n < 4 && cases[i].sent_at_ms[n] >= 0; n++)
            due_us = pace_spend(&cases[i].pace, due_us, cases[i].sent_at_ms[n]);
        expect_i64(cases[i].name, cases[i].want_ms,
                   pace_wait_ms(&cases[i].pace, due_us, cases[i].now_ms));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bucket_lets_a_tenth_through_at_once),
        cmocka_unit_test(bucket_never_passes_its_limit_in_any_minute),
        cmocka_unit_test(bucket_without_limit_never_waits),
        cmocka_unit_test(bucket_pause_holds_everything_and_never_shortens),
        cmocka_unit_test(pace_follows_the_table),
        cmocka_unit_test(bucket_keeps_what_was_spent_when_the_limit_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
