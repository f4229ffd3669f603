/* parts: how long texts are cut and what the pieces are called. */
#include "support/expect.h"

#include "gateway/parts.h"
#include "gateway/random.h"

#define FAMILY                                                                          \
    "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7" /* 18    \
                                                                                  bytes \
                                                                                */
#define GERMANY "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa"
#define E_ACUTE "e\xcc\x81" /* two code points, one character */
#define SMILE "\xf0\x9f\x98\x80"

static void a_text_is_cut_between_words_or_characters(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *text;
        struct text_limit limit;
        size_t count;
        const char *parts[5];
    } cases[] = {
        {"an empty text is one part",                       "",           {4, TEXT_CODE_POINTS}, 1, {""}                   },
        {"shorter",                                         "abc",        {4, TEXT_CODE_POINTS}, 1, {"abc"}                },
        {"just as long",                                    "abcd",       {4, TEXT_CODE_POINTS}, 1, {"abcd"}               },
        {"one more",                                        "abcde",      {4, TEXT_CODE_POINTS}, 2, {"abcd", "e"}          },
        {"twice",                                           "abcdefgh",   {4, TEXT_CODE_POINTS}, 2, {"abcd", "efgh"}       },
        {"behind the last word that fits",
         "one two three",                                                 {9, TEXT_CODE_POINTS},
         2,                                                                                         {"one two ", "three"}  },
        {"behind a line",                                   "one\ntwo",   {6, TEXT_CODE_POINTS}, 2, {"one\n", "two"}       },
        {"a word border early in a part is not worth it",
         "a bcdefgh",                                                     {6, TEXT_CODE_POINTS},
         2,                                                                                         {"a bcde", "fgh"}      },
        {"never inside a character of several code points",
         "abc" E_ACUTE "f",
         {4, TEXT_CODE_POINTS},
         2,                                                                                         {"abc", E_ACUTE "f"}   },
        {"nor inside a flag",
         "ab" GERMANY GERMANY,
         {4, TEXT_CODE_POINTS},
         2,                                                                                         {"ab" GERMANY, GERMANY}},
        {"nor inside a family",                             "a" FAMILY,   {5, TEXT_CODE_POINTS}, 2, {"a", FAMILY}          },
        {"unless it is longer than a message",
         FAMILY,                                                          {4, TEXT_CODE_POINTS},
         2,                                                                                         {"\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d",
          "\xf0\x9f\x91\xa7"}                                                                                   },
        {"UTF-16 counts what is wide twice",
         SMILE SMILE SMILE,
         {4, TEXT_UTF16},
         2,                                                                                         {SMILE SMILE, SMILE}   },
        {"code points count it once",
         SMILE SMILE SMILE,
         {4, TEXT_CODE_POINTS},
         1,                                                                                         {SMILE SMILE SMILE}    },
        {"bytes count all of it",                           SMILE "abcd", {7, TEXT_BYTES},       2, {SMILE "abc", "d"}     },
        {"and never cut it",                                "abc" SMILE,  {6, TEXT_BYTES},       2, {"abc", SMILE}         },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str text = str_of(cases[i].text);
        expect_i64(cases[i].name, (int64_t)cases[i].count,
                   (int64_t)parts_count(text, cases[i].limit));
        for (size_t part = 0; part < cases[i].count; part++)
            expect_str(cases[i].name, cases[i].parts[part],
                       parts_text(text, cases[i].limit, part));
        expect_str(cases[i].name, "", parts_text(text, cases[i].limit, cases[i].count));
    }
}

/* Whatever the text: the parts are the text, each fits, none is empty. */
static void parts_are_the_whole_text(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "a",    " ",     "\n",  "word",         E_ACUTE,
        FAMILY, GERMANY, SMILE, "\xe2\x82\xac", "\xcc\x81"};
    struct random random;
    random_seed(&random, 20261201);
    for (unsigned round = 0; round < 2000; round++) {
        CLEANUP(buf_release) struct buf text;
        CLEANUP(buf_release) struct buf joined;
        buf_init(&text, 65536);
        buf_init(&joined, 65536);
        for (uint64_t n = random_below(&random, 60); n > 0; n--)
            buf_add(&text, str_of(pieces[random_below(&random, COUNT_OF(pieces))]));
        const struct text_limit limit = {4 + random_below(&random, 40),
                                         (enum text_unit)random_below(&random, 3)};
        size_t count = parts_count(buf_str(&text), limit);
        for (size_t i = 0; i < count; i++) {
            struct str part = parts_text(buf_str(&text), limit, i);
            expect_true("a part fits", text_fits(part, limit));
            expect_true("a part says something", part.len > 0 || text.len == 0);
            expect_true("a part is valid", utf8_is_valid(part));
            buf_add(&joined, part);
        }
        expect_str("all of it", buf_c_string(&text), buf_str(&joined));
    }
}

static void a_prefix_ends_between_characters(void **state)
{
    (void)state;
    const struct text_limit four = {4, TEXT_CODE_POINTS};
    expect_i64("all of it", 4, (int64_t)text_prefix(STR("abcd"), four));
    expect_i64("no word border", 4, (int64_t)text_prefix(STR("ab cd"), four));
    expect_i64("not inside one", 3, (int64_t)text_prefix(STR("abc" E_ACUTE), four));
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
        cmocka_unit_test(a_text_is_cut_between_words_or_characters),
        cmocka_unit_test(parts_are_the_whole_text),
        cmocka_unit_test(a_prefix_ends_between_characters),
        cmocka_unit_test(a_part_is_called_after_its_message),
        cmocka_unit_test(a_part_leads_back_to_its_message),
        cmocka_unit_test(our_ids_are_known_by_their_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
