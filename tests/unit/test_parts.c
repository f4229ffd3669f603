/* parts: how long texts are cut and what the pieces are called. */
#include "support/expect.h"

#include "gateway/parts.h"

static void a_text_is_cut_on_code_points(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *text;
        size_t max;
        size_t count;
        const char *parts[4];
    } cases[] = {
        {"an empty text is one part", "",         3, 1, {""}                                                 },
        {"shorter",                   "ab",       3, 1, {"ab"}                                               },
        {"just as long",              "abc",      3, 1, {"abc"}                                              },
        {"one more",                  "abcd",     3, 2, {"abc", "d"}                                         },
        {"twice",                     "abcdef",   3, 2, {"abc", "def"}                                       },
        {"never inside a character",
         "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80x", 1,
         4,                                             {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "x"}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str text = str_of(cases[i].text);
        expect_i64(cases[i].name, (int64_t)cases[i].count,
                   (int64_t)parts_count(text, cases[i].max));
        for (size_t part = 0; part < cases[i].count; part++)
            expect_str(cases[i].name, cases[i].parts[part],
                       parts_text(text, cases[i].max, part));
        expect_str(cases[i].name, "", parts_text(text, cases[i].max, cases[i].count));
    }
}

#define OURS "019aa0c1d2e37f4a8b5c6d7e8f901234"

static void a_part_is_called_after_its_message(void **state)
{
    (void)state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(1024);

    expect_str("first", OURS, part_id(OURS, 0, arena));
    expect_str("second", OURS "-1", part_id(OURS, 1, arena));
    expect_str("twelfth", OURS "-11", part_id(OURS, 11, arena));
}

static void a_part_leads_back_to_its_message(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *id;
        const char *want;
    } cases[] = {
        {"the message itself",       OURS,             OURS            },
        {"the ninth part",           OURS "-9",        OURS            },
        {"a part",                   OURS "-1",        OURS            },
        {"a far part",               OURS "-250",      OURS            },
        {"no part zero",             OURS "-0",        OURS "-0"       },
        {"no leading zero",          OURS "-01",       OURS "-01"      },
        {"no number",                OURS "-",         OURS "-"        },
        {"other words",              OURS "-accepted", OURS "-accepted"},
        {"a sign",                   OURS "--1",       OURS "--1"      },
        {"digits and more",          OURS "-1x",       OURS "-1x"      },
        {"a foreign id with a dash", "m-1",            "m-1"           },
        {"empty",                    "",               ""              },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_str(cases[i].name, cases[i].want, part_message_id(str_of(cases[i].id)));
}

static void our_ids_are_known_by_their_shape(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *id;
        bool want;
    } cases[] = {
        {"ours",                          OURS,                                   true },
        {"a part of ours",                OURS "-3",                              true },
        {"a UUIDv4, as Genesys has them", "6f1d0c2ab3e84d5f9a7c1e2d3b4a5968",     false},
        {"another variant",               "019aa0c1d2e37f4a0b5c6d7e8f901234",     false},
        {"upper case",                    "019AA0C1D2E37F4A8B5C6D7E8F901234",     false},
        {"no hex",                        "019aa0c1d2e37f4a8b5c6d7e8f90123g",     false},
        {"with dashes",                   "019aa0c1-d2e3-7f4a-8b5c-6d7e8f901234", false},
        {"too short",                     "019aa0c1d2e37f4a8b",                   false},
        {"empty",                         "",                                     false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_i64(cases[i].name, cases[i].want, part_id_is_ours(str_of(cases[i].id)));
    expect_false("a NUL inside",
                 part_id_is_ours(STR("019aa0c1d2e37f4a8b5c6d7e8f90123\0")));
    expect_false("a NUL as variant",
                 part_id_is_ours(STR("019aa0c1d2e37f4a\0b5c6d7e8f901234")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_cut_on_code_points),
        cmocka_unit_test(a_part_is_called_after_its_message),
        cmocka_unit_test(a_part_leads_back_to_its_message),
        cmocka_unit_test(our_ids_are_known_by_their_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
