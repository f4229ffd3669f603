#include "support/expect.h"

#include "gateway/arena.h"
#include "gateway/limits.h"
#include "gateway/reply.h"

static void words_of_a_peer_are_one_line(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct str said;
        const char *want;
    } cases[] = {
        {"as they are",         STR("Bad Request: chat not found"),
         "Bad Request: chat not found"                                                 },
        {"nothing",             STR(""),                            ""                 },
        {"lines",               STR("one\r\ntwo\n"),                "one  two "        },
        {"a NUL and an escape", STR("a\0b\x1b[2Jc"),                "a b [2Jc"         },
        {"C1 controls",         STR("a\xc2\x85z"),                  "a  z"             },
        {"what only begins so", STR("\xc2\xa9 \xc3\x85"),           "\xc2\xa9 \xc3\x85"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new(4096);
        expect_str(cases[i].name, cases[i].want, reply_line(cases[i].said, arena));
    }
}

static void long_words_are_cut_between_code_points(void **state)
{
    (void)state;
    char said[3 * LIMIT_REASON_BYTES];
    for (size_t i = 0; i < sizeof(said); i++)
        said[i] = "\xe2\x82\xac"[i % 3];
    CLEANUP(arena_freep) struct arena *arena = arena_new(4096);
    struct str words = reply_line(str_from(said, sizeof(said)), arena);
    expect_true("valid", utf8_is_valid(words));
    expect_i64("as much as fits", LIMIT_REASON_BYTES / 3 * 3, (int64_t)words.len);
}

static void words_tell_apart_what_a_status_does_not(void **state)
{
    (void)state;
    static const struct reply_words_rule rules[] = {
        {"too LONG", {.first = 400, .last = 400, .outcome = OUTCOME_REFUSED_MESSAGE}},
        {NULL,       {.first = 400, .last = 400, .outcome = OUTCOME_REFUSED_CONTACT}},
        {"long",     {.first = 500, .last = 599, .outcome = OUTCOME_BROKEN}         },
    };
    static const struct {
        const char *name;
        int status;
        struct str said;
        int64_t want; /* index of the rule; -1: none */
    } cases[] = {
        {"words in the middle, in any case", 400, STR("is Too Long."), 0 },
        {"at its end",                       400, STR("too long"),     0 },
        {"other words",                      400, STR("too lon"),      1 },
        {"nothing",                          400, STR_NONE,            1 },
        {"the status counts first",          503, STR("too long"),     2 },
        {"no rule without words",            503, STR("too short"),    -1},
        {"no rule of the status",            404, STR("too long"),     -1},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct reply_rule *found = reply_words_rule_find(
            rules, COUNT_OF(rules), cases[i].status, cases[i].said);
        expect_true(cases[i].name,
                    found == (cases[i].want < 0 ? NULL : &rules[cases[i].want].rule));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_a_peer_are_one_line),
        cmocka_unit_test(long_words_are_cut_between_code_points),
        cmocka_unit_test(words_tell_apart_what_a_status_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
