/* The emulator's request budget: never more than the limit in any 60 seconds. */
#include "support/expect.h"

#include "emulator/budget.h"

static void budget_refuses_past_its_limit_until_a_minute_went_by(void **state)
{
    (void)state;
    struct budget budget;
    int64_t wait_ms = -1;
    budget_init(&budget, 2);
    expect_i64("nothing to reset", 0, budget_reset_ms(&budget, 1000));
    expect_true("first", budget_spend(&budget, 1000, &wait_ms));
    expect_true("second", budget_spend(&budget, 31000, &wait_ms));
    expect_i64("used", 2, budget.used);
    expect_i64("reset", 30000, budget_reset_ms(&budget, 31000));

    expect_false("third", budget_spend(&budget, 60999, &wait_ms));
    expect_i64("wait for the first to leave", 1, wait_ms);
    expect_true("the first has left", budget_spend(&budget, 61000, &wait_ms));
    expect_false("the second has not", budget_spend(&budget, 61000, &wait_ms));
    expect_i64("wait for the second to leave", 30000, wait_ms);
    budget_release(&budget);
}

static void budget_does_not_count_what_it_refuses(void **state)
{
    (void)state;
    struct budget budget;
    int64_t wait_ms = 0;
    budget_init(&budget, 1);
    expect_true("first", budget_spend(&budget, 0, &wait_ms));
    for (int64_t now = 1; now < 60000; now += 100)
        expect_false("refused", budget_spend(&budget, now, &wait_ms));
    expect_true("a minute after the first", budget_spend(&budget, 60000, &wait_ms));
    budget_release(&budget);
}

/* Asks all the time; every run of 60 s holds the limit, no more and no less. */
static void budget_slides(void **state)
{
    (void)state;
    enum { LIMIT = 7, TAKEN = 500 };
    static int64_t taken_at[TAKEN];
    struct budget budget;
    size_t count = 0;
    int64_t wait_ms = 0;
    budget_init(&budget, LIMIT);
    for (int64_t now = 0; count < TAKEN; now += 50 + now % 37) {
        if (budget_spend(&budget, now, &wait_ms))
            taken_at[count++] = now;
        else
            assert_in_range(wait_ms, 1, 60000);
    }
    for (size_t i = LIMIT; i < count; i++) {
        int64_t span_ms = taken_at[i] - taken_at[i - LIMIT];
        assert_true(span_ms >= 60000);
        assert_true(span_ms < 60000 + LIMIT * 100);
    }
    budget_release(&budget);
}

static void budget_of_zero_has_no_limit(void **state)
{
    (void)state;
    struct budget budget;
    int64_t wait_ms = -1;
    budget_init(&budget, 0);
    for (int i = 0; i < 1000; i++)
        expect_true("spend", budget_spend(&budget, 0, &wait_ms));
    expect_i64("reset", 0, budget_reset_ms(&budget, 0));
    budget_release(&budget);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(budget_refuses_past_its_limit_until_a_minute_went_by),
        cmocka_unit_test(budget_does_not_count_what_it_refuses),
        cmocka_unit_test(budget_slides),
        cmocka_unit_test(budget_of_zero_has_no_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
