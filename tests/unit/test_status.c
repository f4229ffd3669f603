#include "support/expect.h"

static void fail_fills_the_error_and_returns(void **state)
{
    (void)state;
    struct error err = {.pointer = "/left/over"};
    expect_status("fail", STATUS_RETRY,
                  fail(&err, STATUS_RETRY, "connect to %s: %d", "peer", 7));
    assert_string_equal(err.text, "connect to peer: 7");
    assert_string_equal(err.pointer, "");
    expect_status("fail_at", STATUS_INVALID,
                  fail_at(&err, STATUS_INVALID, "/a/0", "not a %s", "string"));
    assert_string_equal(err.text, "not a string");
    assert_string_equal(err.pointer, "/a/0");
}

static void fail_works_without_an_error(void **state)
{
    (void)state;
    expect_status("fail", STATUS_FAILED,
                  fail(NULL, STATUS_FAILED, "nobody reads this"));
    expect_status("fail_at", STATUS_FAILED,
                  fail_at(NULL, STATUS_FAILED, "/a", "nor this"));
}

static void fail_adds_context_to_its_own_text(void **state)
{
    (void)state;
    struct error err;
    (void)fail_at(&err, STATUS_INVALID, "/a", "too long");
    (void)fail_at(&err, STATUS_INVALID, err.pointer, "event 3: %s", err.text);
    assert_string_equal(err.text, "event 3: too long");
    assert_string_equal(err.pointer, "/a");
}

static void fail_cuts_what_is_too_long(void **state)
{
    (void)state;
    char text[ERROR_TEXT_BYTES * 2];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    struct error err;
    (void)fail_at(&err, STATUS_INVALID, text, "%s", text);
    assert_int_equal(strlen(err.text), ERROR_TEXT_BYTES - 1);
    assert_int_equal(strlen(err.pointer), ERROR_POINTER_BYTES - 1);
}

static void every_status_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int a = STATUS_OK; a <= STATUS_FAILED; a++) {
        for (int b = STATUS_OK; b < a; b++)
            assert_string_not_equal(status_name((enum status)a),
                                    status_name((enum status)b));
    }
    assert_string_equal(status_name(STATUS_OK), "ok");
    assert_string_equal(status_name(STATUS_SLOW_DOWN), "slow_down");
    assert_string_equal(status_name((enum status)99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fail_fills_the_error_and_returns),
        cmocka_unit_test(fail_works_without_an_error),
        cmocka_unit_test(fail_adds_context_to_its_own_text),
        cmocka_unit_test(fail_cuts_what_is_too_long),
        cmocka_unit_test(every_status_has_a_name_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
