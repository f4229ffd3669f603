/* conversation: the threading window to the millisecond. */
#include "support/expect.h"

#include "gateway/conversation.h"

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)

static void conversation_joins_within_its_window(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t last_ms;
        int64_t now_ms;
        int64_t window_ms;
        bool want;
    } cases[] = {
        {"at once",                              1000,       1000,              DAY_MS,                      true },
        {"within",                               1000,       1000 + DAY_MS - 1, DAY_MS,                      true },
        {"at the last millisecond",              1000,       1000 + DAY_MS,     DAY_MS,                      true },
        {"one millisecond late",                 1000,       1001 + DAY_MS,     DAY_MS,                      false},
        {"a future activity counts as now",      5 * DAY_MS, 1000,              0,                           true },
        {"no window joins the same millisecond", 1000,       1000,              0,                           true },
        {"no window splits the next one",        1000,       1001,              0,                           false},
        {"the widest span does not overflow",    0,          INT64_MAX,         DAY_MS,                      false},
        {"the default is three days",            0,          3 * DAY_MS,        THREADING_WINDOW_DEFAULT_MS, true },
        {"and not more",                         0,          3 * DAY_MS + 1,    THREADING_WINDOW_DEFAULT_MS, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_i64(
            cases[i].name, cases[i].want,
            conversation_joins(cases[i].last_ms, cases[i].now_ms, cases[i].window_ms));
}

static void conversation_activity_never_goes_back(void **state)
{
    (void)state;
    expect_i64("forward", 20, conversation_activity(10, 20));
    expect_i64("the clock went back", 20, conversation_activity(20, 10));
    expect_i64("the same", 20, conversation_activity(20, 20));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conversation_joins_within_its_window),
        cmocka_unit_test(conversation_activity_never_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
