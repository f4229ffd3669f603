/* json: what is refused, what survives, how it is read. */
#include "support/expect.h"

#include "gateway/json.h"
#include "gateway/memory.h"
#include "support/base_json.h"

static void expect_refused(const char *name, struct str text, const char *want_why)
{
    struct json *json = NULL;
    struct error err = {.text = ""};
    expect_status(name, STATUS_INVALID,
                  parse_exactly(text, JSON_DEPTH_DEFAULT, &json, &err));
    char want[ERROR_TEXT_BYTES];
    (void)snprintf(want, sizeof(want), "not valid JSON: %s", want_why);
    expect_str(name, want, str_of(err.text));
    assert_null(json);
}

static void json_parse_refuses_what_is_not_json(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        {"",               "no value at byte 0"                                },
        {" \n",            "no value at byte 2"                                },
        {"\xef\xbb\xbf{}", "no value at byte 0"                                },
        {"}",              "no value at byte 0"                                },
        {"'a'",            "no value at byte 0"                                },
        {"+1",             "no value at byte 0"                                },
        {".5",             "no value at byte 0"                                },
        {"NaN",            "no value at byte 0"                                },
        {"Infinity",       "no value at byte 0"                                },
        {"/* why */ 1",    "no value at byte 0"                                },
        {"\v1",            "no value at byte 0"                                },
        {"\xc2\xa0",       "no value at byte 0"                                },

        {"tru",            "an unknown word at byte 0"                         },
        {"[True]",         "no value at byte 1"                                },
        {"[nul]",          "an unknown word at byte 1"                         },
        {"fals",           "an unknown word at byte 0"                         },
        {"nulll",          "more after the end at byte 4"                      },
        {"{}{}",           "more after the end at byte 2"                      },
        {"[] x",           "more after the end at byte 3"                      },
        {"1 2",            "more after the end at byte 2"                      },

        {"[",              "no value at byte 1"                                },
        {"[1",             "neither a comma nor the end of an array at byte 2" },
        {"[1 2]",          "neither a comma nor the end of an array at byte 3" },
        {"[1,]",           "no value at byte 3"                                },
        {"[,1]",           "no value at byte 1"                                },
        {"[1}",            "neither a comma nor the end of an array at byte 2" },
        {"{",              "no member name at byte 1"                          },
        {"{a:1}",          "no member name at byte 1"                          },
        {"{1:1}",          "no member name at byte 1"                          },
        {"{\"a\"}",        "no colon after a member name at byte 4"            },
        {"{\"a\" 1}",      "no colon after a member name at byte 5"            },
        {"{\"a\":}",       "no value at byte 5"                                },
        {"{\"a\":1",       "neither a comma nor the end of an object at byte 6"},
        {"{\"a\":1]",      "neither a comma nor the end of an object at byte 6"},
        {"{\"a\":1,}",     "no member name at byte 7"                          },
        {"{,}",            "no member name at byte 1"                          },

        {"-",              "no digit at byte 1"                                },
        {"[-]",            "no digit at byte 2"                                },
        {"--1",            "no digit at byte 1"                                },
        {"01",             "a number with a leading zero at byte 0"            },
        {"-00",            "a number with a leading zero at byte 0"            },
        {"1.",             "no digit after the point at byte 2"                },
        {"1.e1",           "no digit after the point at byte 2"                },
        {"1e",             "no digit in the exponent at byte 2"                },
        {"1e+",            "no digit in the exponent at byte 3"                },
        {"1E-x",           "no digit in the exponent at byte 3"                },
        {"0x10",           "more after the end at byte 1"                      },
        {"1.5.2",          "more after the end at byte 3"                      },

        {"\"a",            "a string without end at byte 0"                    },
        {"[\"a",           "a string without end at byte 1"                    },
        {"\"a\\\"",        "a string without end at byte 0"                    },
        {"\"\n\"",         "a control character in a string at byte 1"         },
        {"\"ab\tc\"",      "a control character in a string at byte 3"         },
        {"\"\x1f\"",       "a control character in a string at byte 1"         },
        {"{\"\x01\":1}",   "a control character in a string at byte 2"         },
        {"\"\\",           "an unknown escape at byte 1"                       },
        {"\"\\x41\"",      "an unknown escape at byte 1"                       },
        {"\"\\U0041\"",    "an unknown escape at byte 1"                       },
        {"\"a\\'\"",       "an unknown escape at byte 2"                       },
        {"\"\\u12",        "an unknown escape at byte 1"                       },
        {"\"\\u12g4\"",    "an unknown escape at byte 1"                       },
        {"\"\\u 123\"",    "an unknown escape at byte 1"                       },
        {"\"\\ud83d\\u\"", "an unknown escape at byte 7"                       },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_refused(cases[i].text, str_of(cases[i].text), cases[i].why);
}

static void json_parse_refuses_a_nul_byte(void **state)
{
    (void)state;
    expect_refused("behind the end", STR("{}\0"), "more after the end at byte 2");
    expect_refused("before the start", STR("\0{}"), "no value at byte 0");
    expect_refused("in a string", STR("\"a\0b\""),
                   "a control character in a string at byte 2");
}

static void json_parse_refuses_bad_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *text;
    } cases[] = {
        {"a stray continuation byte",   "[\"\x80\"]"            },
        {"a sequence cut short",        "[\"\xc3\"]"            },
        {"an overlong slash",           "[\"\xc0\xaf\"]"        },
        {"an overlong NUL",             "[\"\xc0\x80\"]"        },
        {"a surrogate",                 "[\"\xed\xa0\x80\"]"    },
        {"past U+10FFFF",               "[\"\xf4\x90\x80\x80\"]"},
        {"Latin-1",                     "[\"caf\xe9\"]"         },
        {"the byte FF",                 "[\"\xff\"]"            },
        {"a sequence cut by an escape", "[\"\xc3\\n\xa4\"]"     },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_refused(cases[i].name, str_of(cases[i].text),
                       "bad UTF-8 in the string at byte 1");
    expect_refused("in a member name", STR("{\"\xff\":1}"),
                   "bad UTF-8 in the string at byte 1");
}

/* Strings are read several bytes at a time: no place in them may be another's. */
static void json_parse_sees_each_byte_at_each_place(void **state)
{
    (void)state;
    enum { LENGTH = 27 };
    for (unsigned byte = 1; byte < 256; byte++) {
        for (size_t place = 0; place < LENGTH; place++) {
            char text[LENGTH + 2];
            struct json *json = NULL;
            struct error err;
            memset(text, 'a', sizeof(text));
            text[0] = '"';
            text[1 + place] = (char)byte;
            text[sizeof(text) - 1] = '"';
            bool is_plain = byte >= ' ' && byte != '"' && byte != '\\' && byte < 0x80;
            enum status status = parse_exactly(str_from(text, sizeof(text)),
                                               JSON_DEPTH_DEFAULT, &json, &err);
            expect_status("a byte in a string", is_plain ? STATUS_OK : STATUS_INVALID,
                          status);
            json_free(json);
        }
    }
}

static void json_parse_refuses_every_prefix(void **state)
{
    (void)state;
    const struct str text = STR("{\"a\":[1.5,-2e+3,\"\\u00e9\\ud83d\\ude00\xc3\xa4\","
                                "true,false,null,{}],\"b\":{\"\\n\":\"\"}}");
    for (size_t len = 0; len < text.len; len++) {
        struct json *json = NULL;
        assert_int_equal(STATUS_INVALID,
                         parse_exactly(str_sub(text, 0, len), 32, &json, NULL));
    }
    json_free(parsed(text.ptr));
}

static void json_parse_refuses_a_member_named_twice(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *where;
    } cases[] = {
        {"{\"a\":1,\"a\":2}",                                                                 "7"  },
        {"{\"a\":1,\"b\":{},\"a\":{}}",                                                       "14" },
        {"{\"\":1,\"\":2}",                                                                   "6"  },
        {"[{\"x\":{\"b\":1,\"b\":1}}]",                                                       "13" },
        {"{\"x\":{\"y\":1},\"x\":1}",                                                         "13" },
        {"{\"a\":1,\"\\u0061\":2}",                                                           "7"  },
        {"{\"\\u0061\":1,\"a\":2}",                                                           "12" },
        {"{\"/\":1,\"\\/\":2}",                                                               "7"  },
        {"{\"\xf0\x9f\x98\x80\":1,\"\\uD83D\\ude00\":2}",                                     "10" },
        {"{\"\xc3\xa9\":1,\"\\u00E9\":2}",                                                    "8"  },
        {"{\"\xe2\x82\xac\":1,\"\\u20ac\":2}",                                                "9"  },
        {"{\"exactly8\":1,\"exactly8\":2}",                                                   "14" },
        {"{\"four\":1,\"four\":2}",                                                           "10" },
        {"{\"quite a long name here\":1,\"quite a long name here\":2}",                       "28" },
 /* equal only once repaired */
        {"{\"a\\u0000\":1,\"a\\ufffd\":2}",                                                   "13" },
        {"{\"\\ud800\":1,\"\\udfff\":2}",                                                     "12" },
        {"{\"\\u0000\":1,\"\xef\xbf\xbd\":2}",                                                "12" },
 /* more members than are compared pair by pair */
        {"{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,"
         "\"j\":1,\"k\":1,\"l\":1,\"m\":1,\"n\":1,\"o\":1,\"p\":1,\"q\":1,\"c\":1}", "103"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char why[64];
        (void)snprintf(why, sizeof(why), "a member named twice at byte %s",
                       cases[i].where);
        expect_refused(cases[i].text, str_of(cases[i].text), why);
    }
}

static void json_parse_tells_similar_names_apart(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"a\":1,\"A\":2}",
        "{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1}}",
        "[{\"a\":1},{\"a\":1}]",
        "{\"\":1,\" \":2}",
        "{\"a\":1,\"aa\":2,\"aaa\":3,\"aaaa\":4}",
        "{\"\\u0061b\":1,\"a\\\\b\":2}",
        "{\"\\\\u0061\":1,\"a\":2}",
        /* same length, same first and last eight bytes */
        "{\"12345678-abc-12345678\":1,\"12345678-xyz-12345678\":2}",
        "{\"a1z\":1,\"a2z\":2}",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        json_free(parsed(texts[i]));
}

/* Names that all hash alike: {"<number>......<number>": 1, ...}, the last one given. */
static void add_many_members(struct buf *buf, unsigned count, unsigned last)
{
    buf_add_char(buf, '{');
    for (unsigned i = 0; i < count; i++)
        buf_printf(buf, "\"same-head-%07u-same-tail\":%u,", i, i);
    buf_printf(buf, "\"same-head-%07u-same-tail\":0}", last);
}

static void json_parse_finds_duplicates_among_very_many(void **state)
{
    (void)state;
    enum { MANY = 50000 };
    CLEANUP(buf_release) struct buf buf;
    buf_init(&buf, 4 << 20);

    add_many_members(&buf, MANY, MANY);
    struct json *json = parsed(buf_c_string(&buf));
    expect_i64("all members", MANY + 1, json_count(json));
    json_free(json);

    buf_clear(&buf);
    add_many_members(&buf, MANY, MANY / 2);
    expect_status("one of them twice", STATUS_INVALID,
                  parse_exactly(buf_str(&buf), 32, &json, NULL));
}

static void json_parse_takes_many_escaped_names(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf buf;
    buf_init(&buf, 1 << 20);
    buf_add_char(&buf, '{');
    for (unsigned i = 0; i < 1000; i++)
        buf_printf(&buf, "\"\\n%u\":%u,", i, i);
    buf_add(&buf, STR("\"\\n\":null}"));
    CLEANUP(json_freep) struct json *json = parsed(buf_c_string(&buf));
    int64_t value = -1;
    assert_true(json_i64(json_get(json, "\n999"), &value));
    expect_i64("the last number", 999, value);
}

static void json_parse_counts_nesting(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned max_depth;
        enum status want;
    } cases[] = {
        {"1",            0, STATUS_OK     },
        {"[]",           0, STATUS_INVALID},
        {"[]",           1, STATUS_OK     },
        {"{}",           0, STATUS_INVALID},
        {"[[]]",         1, STATUS_INVALID},
        {"{\"a\":{}}",   1, STATUS_INVALID},
        {"{\"a\":[{}]}", 3, STATUS_OK     },
        {"[[],[],[[]]]", 3, STATUS_OK     },
        {"[[],[],[[]]]", 2, STATUS_INVALID},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(json_freep) struct json *json = NULL;
        struct error err;
        expect_status(
            cases[i].text, cases[i].want,
            parse_exactly(str_of(cases[i].text), cases[i].max_depth, &json, &err));
    }
}

static void json_parse_goes_as_deep_as_it_is_told(void **state)
{
    (void)state;
    const size_t deepest = 1000;
    char text[2002];
    memset(text, '[', deepest + 1);
    memset(text + deepest + 1, ']', deepest + 1);

    CLEANUP(json_freep) struct json *json = NULL;
    struct error err;
    expect_status(
        "deepest", STATUS_OK,
        parse_exactly(str_from(text + 1, 2 * deepest), (unsigned)deepest, &json, &err));
    struct json *none = NULL;
    expect_status(
        "one deeper", STATUS_INVALID,
        parse_exactly(str_from(text, sizeof(text)), (unsigned)deepest, &none, &err));
    expect_str("why", "not valid JSON: nested too deeply at byte 1000",
               str_of(err.text));
}

static void json_numbers_are_exact(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_whole;
        int64_t value;
    } cases[] = {
        {"0",                                                                          true,  0               },
        {"-0",                                                                         true,  0               },
        {"7",                                                                          true,  7               },
        {"-1441645532",                                                                true,  -1441645532     },
        {"2147483648",                                                                 true,  2147483648      },
        {"999999999999999",                                                            true,  999999999999999 },
        {"-999999999999999",                                                           true,  -999999999999999},
        {"1000000000000000",                                                           true,  1000000000000000},
        {"9007199254740992",                                                           true,  9007199254740992},
        {"9007199254740993",                                                           true,  9007199254740993},
        {"9223372036854775807",                                                        true,  INT64_MAX       },
        {"-9223372036854775808",                                                       true,  INT64_MIN       },
        {"9223372036854775808",                                                        false, 0               },
        {"-9223372036854775809",                                                       false, 0               },
        {"18446744073709551616",                                                       false, 0               },
        {"1.0",                                                                        true,  1               },
        {"-12.000",                                                                    true,  -12             },
        {"9007199254740993.0",                                                         true,  9007199254740993},
        {"1.5",                                                                        false, 0               },
        {"0.99999999999999999999999",                                                  false, 0               },
        {"1e3",                                                                        false, 0               },
        {"1E400",                                                                      false, 0               },
        {"1e-400",                                                                     false, 0               },
        {"1234567890123456789012345678901234567890123456789012345678901234567890123",
         false,                                                                               0               },
        {"0.333333333333333333333333333333333333333333333333333333333333333333333333",
         false,                                                                               0               },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *text = cases[i].text;
        char array[128];
        (void)snprintf(array, sizeof(array), "[{\"a\":true},%s,2]", text);
        CLEANUP(json_freep) struct json *json = parsed(array);
        const struct json *number = json_next(json_first(json));
        expect_i64(text, JSON_NUMBER, json_kind_of(number));

        int64_t value = 0;
        expect_i64(text, cases[i].is_whole, json_i64(number, &value));
        expect_i64(text, cases[i].value, value);
        expect_true(text, json_i64(json_next(number), &value));
        expect_i64("its neighbour", 2, value);
    }
}

static void json_numbers_are_printed_as_they_came(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "9007199254740993",
        "-9223372036854775808",
        "1.10",
        "1e400",
        "0.1",
        "-0.0",
        "3E+7",
        "12345678901234567890123456789012345678901234567890123456789012345678.5",
        "[1,22,333.0,{\"a\":0.5,\"b\":[1e5]},4,5.5]"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        CLEANUP(json_freep) struct json *json = parsed(texts[i]);
        CLEANUP(buf_release) struct buf buf;
        buf_init(&buf, 1000);
        expect_status(texts[i], STATUS_OK, json_print(json, &buf, NULL));
        expect_str(texts[i], texts[i], buf_str(&buf));
    }
}

static void json_strings_are_unescaped(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *want;
        bool is_damaged;
    } cases[] = {
        {"\"\"",                           "",                             false},
        {"\"plain text\"",                 "plain text",                   false},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t",              false},
        {"\"\\u0041\\u00e9\\u20AC\"",      "A\xc3\xa9\xe2\x82\xac",        false},
        {"\"\\ud83d\\ude00\"",             "\xf0\x9f\x98\x80",             false},
        {"\"\\udbff\\udfff\"",             "\xf4\x8f\xbf\xbf",             false},
        {"\"\x7f\"",                       "\x7f",                         false},
        {"\"\\ufffd\"",                    "\xef\xbf\xbd",                 false},
        {"\"\xef\xbf\xbd\"",               "\xef\xbf\xbd",                 false},
        {"\"\xef\xbb\xbf\"",               "\xef\xbb\xbf",                 false},
        {"\"\\\\u0000\"",                  "\\u0000",                      false},

        {"\"\\u0000\"",                    "\xef\xbf\xbd",                 true },
        {"\"abc\\u0000def\"",              "abc\xef\xbf\xbd\x64\x65\x66",  true },
        {"\"\\ud800\"",                    "\xef\xbf\xbd",                 true },
        {"\"\\udc00\"",                    "\xef\xbf\xbd",                 true },
        {"\"\\ud83dx\"",                   "\xef\xbf\xbdx",                true },
        {"\"\\ude00\\ud83d\"",             "\xef\xbf\xbd\xef\xbf\xbd",     true },
        {"\"\\ud83d\\ud83d\\ude00\"",      "\xef\xbf\xbd\xf0\x9f\x98\x80", true },
        {"\"\\ud83d\\u0041\"",             "\xef\xbf\xbd\x41",             true },
        {"\"\\ud83d\\n\"",                 "\xef\xbf\xbd\n",               true },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *text = cases[i].text;
        CLEANUP(json_freep) struct json *json = parsed(text);
        struct str value = STR_NONE;
        expect_true(text, json_str(json, &value));
        expect_str(text, cases[i].want, value);
        expect_i64(text, cases[i].is_damaged, json_str_is_damaged(json));
    }
}

/* Strings of every length, long ones left out before cJSON reads, between all else that
 * is odd. */
static void strings_of_every_length_come_whole(void **state)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-+*/#,;:[]{} ";
    (void)state;
    for (int len = 0; len < (int)sizeof(letters); len++) {
        char text[1000];
        (void)snprintf(text, sizeof(text),
                       "{\"%.*s\":[\"%.*s\",1.50,\"%.*s\"], \"b\":\"\\u0000%.*s\", "
                       "\"c\" : \"%.*s\"}",
                       len, letters, len, letters, len, letters, len, letters, len,
                       letters);
        CLEANUP(json_freep) struct json *json = parsed(text);
        const struct json *list = json_first(json);
        struct str want = str_from(letters, (size_t)len);
        struct str value = STR_NONE;
        assert_true(str_equal(want, json_name(list)));
        assert_true(json_str(json_first(list), &value) && str_equal(want, value));
        assert_true(json_str(json_next(json_next(json_first(list))), &value) &&
                    str_equal(want, value));
        assert_true(json_str(json_get(json, "b"), &value));
        assert_int_equal(3 + len, value.len);
        assert_true(json_str_is_damaged(json_get(json, "b")));
        assert_true(json_str(json_get(json, "c"), &value) && str_equal(want, value));
        assert_false(json_str_is_damaged(json_get(json, "c")));
        CLEANUP(buf_release) struct buf printed;
        buf_init(&printed, sizeof(text));
        expect_status(text, STATUS_OK, json_print(json, &printed, NULL));
        assert_non_null(strstr(buf_c_string(&printed), "\",1.50,\""));
    }
}

static void only_damaged_strings_are_marked(void **state)
{
    (void)state;
    CLEANUP(json_freep)
    struct json *json =
        parsed("{\"\\u0000\":\"name\",\"a\":[\"x\",\"\\u0000\",\"y\",1.5],"
               "\"b\":{\"c\":\"\\ud800\",\"d\":\"z\"},\"e\":\"\\u0000\"}");
    assert_false(json_str_is_damaged(json));
    assert_false(json_str_is_damaged(json_get(json, "\xef\xbf\xbd")));
    const struct json *element = json_first(json_get(json, "a"));
    assert_false(json_str_is_damaged(element));
    element = json_next(element);
    assert_true(json_str_is_damaged(element));
    element = json_next(element);
    assert_false(json_str_is_damaged(element));
    assert_false(json_str_is_damaged(json_next(element)));
    const struct json *inner = json_get(json, "b");
    assert_true(json_str_is_damaged(json_get(inner, "c")));
    assert_false(json_str_is_damaged(json_get(inner, "d")));
    assert_true(json_str_is_damaged(json_get(json, "e")));
    assert_false(json_str_is_damaged(NULL));
}

static void json_get_compares_with_case(void **state)
{
    (void)state;
    CLEANUP(json_freep) struct json *json = parsed("{\"Id\":1,\"id\":2,\"n\":null}");
    int64_t value = 0;
    assert_true(json_i64(json_get(json, "id"), &value));
    expect_i64("id", 2, value);
    assert_null(json_get(json, "ID"));
    assert_null(json_get(json, ""));
    assert_non_null(json_get(json, "n"));
    assert_null(json_get(NULL, "id"));
    assert_null(json_get(json_first(json), "id"));
    CLEANUP(json_freep) struct json *array = parsed("[\"id\"]");
    assert_null(json_get(array, "id"));
}

static void json_children_come_in_order(void **state)
{
    (void)state;
    CLEANUP(json_freep)
    struct json *json = parsed("{\"b\":[1,2],\"\\u0061\":{},\"c\":0}");
    expect_i64("members", 3, json_count(json));
    const struct json *child = json_first(json);
    expect_str("first", "b", json_name(child));
    expect_i64("elements", 2, json_count(child));
    expect_str("an element has no name", "", json_name(json_first(child)));
    child = json_next(child);
    expect_str("second", "a", json_name(child));
    assert_null(json_first(child));
    child = json_next(child);
    expect_str("third", "c", json_name(child));
    expect_i64("a number has no children", 0, json_count(child));
    assert_null(json_next(child));
    assert_null(json_first(NULL));
    assert_null(json_next(NULL));
    expect_i64("nothing", 0, json_count(NULL));
    expect_str("nothing", "", json_name(NULL));
}

static void json_values_are_read_by_their_kind_only(void **state)
{
    (void)state;
    CLEANUP(json_freep)
    struct json *json = parsed("[null,true,1,\"s\",[],{},false,1.5]");
    static const enum json_kind kinds[] = {JSON_NULL,   JSON_BOOL,  JSON_NUMBER,
                                           JSON_STRING, JSON_ARRAY, JSON_OBJECT,
                                           JSON_BOOL,   JSON_NUMBER};
    const struct json *value = json_first(json);
    for (size_t i = 0; i < COUNT_OF(kinds); i++, value = json_next(value)) {
        struct str text = STR("before");
        int64_t number = -1;
        bool flag = false;
        expect_i64("kind", kinds[i], json_kind_of(value));
        expect_i64("string", kinds[i] == JSON_STRING, json_str(value, &text));
        expect_i64("number", i == 2, json_i64(value, &number));
        expect_i64("bool", kinds[i] == JSON_BOOL, json_bool(value, &flag));
        expect_str("text", i == 3 ? "s" : "before", text);
        expect_i64("number", i == 2 ? 1 : -1, number);
        expect_i64("flag", i == 1, flag);
    }
    expect_i64("absent", JSON_NULL, json_kind_of(NULL));
    struct str text;
    int64_t number;
    bool flag;
    assert_false(json_str(NULL, &text) || json_i64(NULL, &number) ||
                 json_bool(NULL, &flag));
}

static void json_parse_survives_failing_allocations(void **state)
{
    (void)state;
    const struct str text =
        STR("{\"a\":[1,1.5,\"x\\u0000\",9007199254740993],\"b\":{\"c\":null}}");
    enum status status = STATUS_RETRY;
    for (unsigned nth = 0; status != STATUS_OK; nth++) {
        CLEANUP(json_freep) struct json *json = NULL;
        struct error err;
        cjson_fail_from(nth);
        status = parse_exactly(text, 32, &json, &err);
        bool has_failed = cjson_fail_stop();
        expect_status("parse", has_failed ? STATUS_RETRY : STATUS_OK, status);
        expect_i64("a tree", !has_failed, json != NULL);
    }
}

static void json_digits_are_those_that_came(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "0",
        "-7",
        "999999999999999",
        "9007199254740993",
        "52.520008",
        "-13.4049540",
        "1e-7",
        "12.0",
        "5741311803571721087",
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new(256);
        CLEANUP(json_freep) struct json *json = parsed(cases[i]);
        struct str digits;
        expect_true(cases[i], json_digits(json, arena, &digits));
        expect_str(cases[i], cases[i], digits);
    }
    CLEANUP(arena_freep) struct arena *small = arena_new(1);
    CLEANUP(json_freep) struct json *number = parsed("1.25");
    CLEANUP(json_freep) struct json *text = parsed("\"1\"");
    struct str digits = STR("kept");
    expect_false("a text is no number", json_digits(text, small, &digits));
    expect_str("untouched", "kept", digits);
    expect_true("no room", json_digits(number, small, &digits));
    expect_str("then nothing", "", digits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_digits_are_those_that_came),
        cmocka_unit_test(json_parse_refuses_what_is_not_json),
        cmocka_unit_test(json_parse_refuses_a_nul_byte),
        cmocka_unit_test(json_parse_refuses_bad_utf8),
        cmocka_unit_test(json_parse_sees_each_byte_at_each_place),
        cmocka_unit_test(json_parse_refuses_every_prefix),
        cmocka_unit_test(json_parse_refuses_a_member_named_twice),
        cmocka_unit_test(json_parse_tells_similar_names_apart),
        cmocka_unit_test(json_parse_finds_duplicates_among_very_many),
        cmocka_unit_test(json_parse_takes_many_escaped_names),
        cmocka_unit_test(json_parse_counts_nesting),
        cmocka_unit_test(json_parse_goes_as_deep_as_it_is_told),
        cmocka_unit_test(json_numbers_are_exact),
        cmocka_unit_test(json_numbers_are_printed_as_they_came),
        cmocka_unit_test(json_strings_are_unescaped),
        cmocka_unit_test(strings_of_every_length_come_whole),
        cmocka_unit_test(only_damaged_strings_are_marked),
        cmocka_unit_test(json_get_compares_with_case),
        cmocka_unit_test(json_children_come_in_order),
        cmocka_unit_test(json_values_are_read_by_their_kind_only),
        cmocka_unit_test(json_parse_survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
