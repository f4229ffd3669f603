/*
 * The disk reserve: what counts as low, and how often it is looked at.
 */
#include "relay/space.h"

#include "support/expect.h"

#define MIB (INT64_C(1024) * 1024)
#define GIB (1024 * MIB)

static void the_smaller_of_reserve_and_a_twentieth_counts(void **state)
{
    static const struct {
        const char *name;
        int64_t free_bytes;
        int64_t total_bytes;
        bool want;
    } cases[] = {
        {"a large disk above the reserve", 256 * MIB,     100 * GIB, false},
        {"and below it",                   256 * MIB - 1, 100 * GIB, true },
        {"a small disk: a twentieth",      5 * MIB,       100 * MIB, false},
        {"and below that",                 5 * MIB - 1,   100 * MIB, true },
        {"full",                           0,             GIB,       true },
        {"sizes nobody knows",             -1,            -1,        false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct store_space space = {cases[i].free_bytes, cases[i].total_bytes};
        expect_true(cases[i].name, space_is_below(&space, 256 * MIB) == cases[i].want);
    }
}

static void reserve_of_nothing_is_never_touched(void **state)
{
    const struct store_space full = {0, GIB};
    (void)state;
    assert_false(space_is_below(&full, 0));
}

static void disk_is_looked_at_once_a_second(void **state)
{
    struct space_watch watch = {.is_low = true};
    struct now now = {.mono_ms = 5000};
    (void)state;
    /* A database in memory has no disk, so a look finds room. */
    watch.look_at_ms = 5001;
    assert_true(space_is_low(&watch, "memory:x", GIB, now));
    now.mono_ms = 5001;
    assert_false(space_is_low(&watch, "memory:x", GIB, now));
    watch.is_low = true;
    now.mono_ms = 6000;
    assert_true(space_is_low(&watch, "memory:x", GIB, now));
    now.mono_ms = 6001;
    assert_false(space_is_low(&watch, "memory:x", GIB, now));
}

static void databases_say_what_their_disk_has(void **state)
{
    static const struct {
        const char *url;
        bool is_known;
    } cases[] = {
        {"sqlite:/",                     true },
        {"sqlite:/no/such/directory/db", false},
        {"memory:x",                     false},
        {"postgres:x",                   false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct store_space space;
        store_space(cases[i].url, &space);
        expect_true(cases[i].url, (space.total_bytes > 0) == cases[i].is_known);
        expect_true(cases[i].url, (space.free_bytes >= 0) == cases[i].is_known);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smaller_of_reserve_and_a_twentieth_counts),
        cmocka_unit_test(reserve_of_nothing_is_never_touched),
        cmocka_unit_test(disk_is_looked_at_once_a_second),
        cmocka_unit_test(databases_say_what_their_disk_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
