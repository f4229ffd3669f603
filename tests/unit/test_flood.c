/*
 * The flood ceiling of a contact: so many in any minute, not one more.
 */
#include "relay/flood.h"

#include "support/expect.h"

static int set_up(void **state)
{
    *state = flood_new();
    return 0;
}

static int tear_down(void **state)
{
    flood_free(*state);
    return 0;
}

static bool admits(void **state, const char *contact, int64_t now_ms)
{
    int64_t wait_ms = 0;
    return flood_admits(*state, 1, str_of(contact), 3, now_ms, &wait_ms);
}

static void contact_may_send_so_many_in_any_minute(void **state)
{
    static const struct {
        const char *name;
        int64_t at_ms;
        bool want;
    } cases[] = {
        {"first",                      0,      true },
        {"second",                     59000,  true },
        {"third",                      59500,  true },
        {"the fourth in a minute",     59999,  false},
        {"the first is a minute old",  60000,  true },
        {"the second is not yet",      60001,  false},
        {"nor a moment before it is",  118999, false},
        {"now",                        119000, true },
        {"the third is a minute old",  119500, true },
        {"that of 60 s is not",        119999, false},
        {"all are, after a long time", 900000, true },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_true(cases[i].name,
                    admits(state, "ana", cases[i].at_ms) == cases[i].want);
}

static void one_who_is_refused_is_told_how_long_to_wait(void **state)
{
    int64_t wait_ms = 0;
    for (int64_t at_ms = 1000; at_ms <= 3000; at_ms += 1000)
        expect_true("admitted", admits(state, "ana", at_ms));
    assert_false(flood_admits(*state, 1, STR("ana"), 3, 11000, &wait_ms));
    expect_i64("until the first is a minute old", 50000, wait_ms);
    assert_false(flood_admits(*state, 1, STR("ana"), 3, 60999, &wait_ms));
    expect_i64("the last moment", 1, wait_ms);
}

static void refused_ones_count_for_nothing(void **state)
{
    for (int64_t i = 0; i < 3; i++)
        assert_true(admits(state, "ana", i));
    for (int64_t at_ms = 10; at_ms < 60000; at_ms += 100)
        assert_false(admits(state, "ana", at_ms));
    assert_true(admits(state, "ana", 60000));
}

static void contacts_and_bridges_count_apart(void **state)
{
    int64_t wait_ms = 0;
    for (int i = 0; i < 3; i++)
        assert_true(admits(state, "ana", 0));
    assert_false(admits(state, "ana", 0));
    assert_true(admits(state, "an", 0));
    assert_true(admits(state, "anna", 0));
    assert_true(flood_admits(*state, 2, STR("ana"), 3, 0, &wait_ms));
}

static void nobody_floods_without_a_name(void **state)
{
    char longest[257];
    memset(longest, 'x', sizeof(longest));
    for (int i = 0; i < 10; i++) {
        int64_t wait_ms = 0;
        assert_true(admits(state, "", 0));
        assert_true(flood_admits(*state, 1, str_from(longest, 256), 3, 0, &wait_ms));
    }
}

static void memory_is_bounded_by_forgetting_the_oldest(void **state)
{
    static const int64_t many = 300000;
    char name[32];
    for (int i = 0; i < 3; i++)
        assert_true(admits(state, "ana", 0));
    for (int64_t i = 0; i < many; i++) {
        (void)snprintf(name, sizeof(name), "%lld", (long long)i);
        assert_true(admits(state, name, 1));
    }
    expect_true("it lets through rather than refuses", admits(state, "ana", 2));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(contact_may_send_so_many_in_any_minute),
        TEST(one_who_is_refused_is_told_how_long_to_wait),
        TEST(refused_ones_count_for_nothing),
        TEST(contacts_and_bridges_count_apart),
        TEST(nobody_floods_without_a_name),
        TEST(memory_is_bounded_by_forgetting_the_oldest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
