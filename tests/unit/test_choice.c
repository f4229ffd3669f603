#include "support/expect.h"

#include "gateway/choice.h"

static void tokens_go_both_ways(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t message;
        unsigned ordinal;
        const char *want;
    } cases[] = {
        {"the first of all", 1,         0,          "1-0"                  },
        {"letters",          46655,     35,         "zzz-z"                },
        {"the largest",      INT64_MAX, UINT32_MAX, "1y2p0ij32e8e7-1z141z3"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[CHOICE_TOKEN_BYTES];
        int64_t message = 0;
        unsigned ordinal = 1;
        choice_token(cases[i].message, cases[i].ordinal, text);
        expect_str(cases[i].name, cases[i].want, str_of(text));
        expect_true(cases[i].name, choice_token_read(str_of(text), &message, &ordinal));
        expect_i64(cases[i].name, cases[i].message, message);
        expect_i64(cases[i].name, cases[i].ordinal, ordinal);
    }
}

static void what_is_no_token_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "-",
        "1",
        "1-",
        "-1",
        "1-2-3",
        "A-1",
        "1-B",
        "01-1",
        "1-01",
        " 1-1",
        "1-1 ",
        "1--1",
        "qr:57:1",
        "1y2p0ij32e8e8-0",
        "1-1z141z4",
        "1y2p0ij32e8e7z-0",
    };
    int64_t message = 7;
    unsigned ordinal = 7;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_false(cases[i], choice_token_read(str_of(cases[i]), &message, &ordinal));
    expect_false("a NUL", choice_token_read(STR("1-1\0"), &message, &ordinal));
    expect_i64("nothing was set", 7, message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_go_both_ways),
        cmocka_unit_test(what_is_no_token_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
