/* When to try again, and when no more. */
#include "support/expect.h"

#include "delivery/retry.h"

static void retry_delay_follows_the_table(void **state)
{
    static const struct {
        const char *name;
        unsigned failures;
        int64_t hint_ms;
        int64_t want_ms;
    } cases[] = {
        {"first retry waits the base",         1,           -1,     1000  },
        {"every retry doubles",                4,           -1,     8000  },
        {"growth stops at the ceiling",        40,          -1,     300000},
        {"a longer hint wins",                 1,           45000,  45000 },
        {"a shorter hint does not",            4,           500,    8000  },
        {"a hint may pass the ceiling",        1,           900000, 900000},
        {"no failure yet counts as the first", 0,           -1,     1000  },
        {"many failures do not overflow",      4000000000u, -1,     300000},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_i64(cases[i].name, cases[i].want_ms,
                   retry_delay_ms(cases[i].failures, cases[i].hint_ms, 1000, 300000));
}

static void retry_gives_up_by_age_or_alone(void **state)
{
    static const struct config config = {
        .retry = {.give_up_genesys = 1000,
                  .give_up_channel = 500,
                  .give_up_alone = 100},
    };
    static const struct {
        const char *name;
        struct retry_state state;
        bool want;
    } cases[] = {
        {"young",                         {10, 10, false, DIRECTION_INBOUND},    false},
        {"too old for Genesys",           {1000, 10, false, DIRECTION_INBOUND},  true },
        {"not yet too old for Genesys",   {999, 10, false, DIRECTION_INBOUND},   false},
        {"too old for a channel",         {500, 10, false, DIRECTION_OUTBOUND},  true },
        {"not yet too old for a channel", {499, 10, false, DIRECTION_OUTBOUND},  false},
        {"long alone",                    {200, 100, true, DIRECTION_INBOUND},   true },
        {"not yet long alone",            {200, 99, true, DIRECTION_INBOUND},    false},
        {"long, but all fail",            {200, 150, false, DIRECTION_OUTBOUND}, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_i64(cases[i].name, cases[i].want,
                   retry_gives_up(&config, &cases[i].state) != NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retry_delay_follows_the_table),
        cmocka_unit_test(retry_gives_up_by_age_or_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
