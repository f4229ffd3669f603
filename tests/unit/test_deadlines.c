#include "support/expect.h"

#include "server/deadlines.h"

static struct deadlines spans_of_ten(void)
{
    struct deadlines deadlines = {0};
    for (int kind = 0; kind < DEADLINE_KINDS; kind++)
        deadlines.span_ms[kind] = 10 * (kind + 1);
    return deadlines;
}

static void deadlines_come_due_in_order(void **state)
{
    (void)state;
    struct deadlines deadlines = spans_of_ten();
    struct deadline items[3] = {0};
    deadline_set(&deadlines, &items[0], DEADLINE_BODY, 100);    /* due 130 */
    deadline_set(&deadlines, &items[1], DEADLINE_HEADERS, 105); /* due 115 */
    deadline_set(&deadlines, &items[2], DEADLINE_HEADERS, 107); /* due 117 */

    assert_int_equal(deadlines_next_ms(&deadlines), 115);
    assert_null(deadlines_take_due(&deadlines, 114));
    assert_ptr_equal(deadlines_take_due(&deadlines, 115), &items[1]);
    assert_null(deadlines_take_due(&deadlines, 115));
    assert_int_equal(deadlines_next_ms(&deadlines), 117);
    assert_ptr_equal(deadlines_take_due(&deadlines, 1000), &items[2]);
    assert_ptr_equal(deadlines_take_due(&deadlines, 1000), &items[0]);
    assert_null(deadlines_take_due(&deadlines, 1000));
    assert_true(deadlines_next_ms(&deadlines) == INT64_MAX);
    assert_int_equal(items[0].kind, DEADLINE_BODY); /* still says what it was */
}

static void deadline_set_replaces_the_one_before(void **state)
{
    (void)state;
    struct deadlines deadlines = spans_of_ten();
    struct deadline item = {0};
    deadline_set(&deadlines, &item, DEADLINE_HEADERS, 0);
    deadline_set(&deadlines, &item, DEADLINE_ANSWER, 0);
    assert_int_equal(deadlines_next_ms(&deadlines), 10 * (DEADLINE_ANSWER + 1));
    deadline_clear(&deadlines, &item);
    deadline_clear(&deadlines, &item); /* twice does no harm */
    assert_true(deadlines_next_ms(&deadlines) == INT64_MAX);
}

static void deadline_of_no_span_never_comes(void **state)
{
    (void)state;
    struct deadlines deadlines = spans_of_ten();
    deadlines.span_ms[DEADLINE_IDLE] = 0;
    struct deadline item = {0};
    deadline_set(&deadlines, &item, DEADLINE_BODY, 0);
    deadline_set(&deadlines, &item, DEADLINE_IDLE, 0);
    assert_null(deadlines_take_due(&deadlines, INT64_MAX));
}

static void deadline_tighten_never_loosens(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum deadline_kind before;
        int64_t before_ms; /* -1: none set */
        int64_t now_ms;
        int64_t want_ms;
    } cases[] = {
        {"sets where nothing was set",     DEADLINE_IDLE,    -1,  50, 60 },
        {"replaces a later one",           DEADLINE_ANSWER,  100, 90, 100},
        {"keeps an earlier one",           DEADLINE_HEADERS, 40,  45, 50 },
        {"keeps one due at the same time", DEADLINE_HEADERS, 45,  45, 55 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct deadlines deadlines = spans_of_ten();
        struct deadline item = {0};
        if (cases[i].before_ms >= 0)
            deadline_set(&deadlines, &item, cases[i].before, cases[i].before_ms);
        deadline_tighten(&deadlines, &item, DEADLINE_HEADERS, cases[i].now_ms);
        expect_i64(cases[i].name, cases[i].want_ms, deadlines_next_ms(&deadlines));
    }
}

static void deadline_tighten_without_a_span_keeps_what_is_set(void **state)
{
    (void)state;
    struct deadlines deadlines = spans_of_ten();
    deadlines.span_ms[DEADLINE_HEADERS] = 0;
    struct deadline item = {0};
    deadline_set(&deadlines, &item, DEADLINE_IDLE, 0);
    deadline_tighten(&deadlines, &item, DEADLINE_HEADERS, 1000);
    assert_int_equal(deadlines_next_ms(&deadlines), 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deadlines_come_due_in_order),
        cmocka_unit_test(deadline_set_replaces_the_one_before),
        cmocka_unit_test(deadline_of_no_span_never_comes),
        cmocka_unit_test(deadline_tighten_never_loosens),
        cmocka_unit_test(deadline_tighten_without_a_span_keeps_what_is_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
