#include "support/expect.h"

#include "gateway/limits.h"

static void str_compares_and_cuts(void **state)
{
    (void)state;
    expect_true("empty views are equal", str_equal(STR_NONE, STR("")));
    expect_true("NULL is empty", str_equal(str_of(NULL), STR_NONE));
    expect_false("length counts", str_equal(STR("ab"), STR("abc")));
    expect_true("ASCII case is ignored", str_equal_nocase(STR("X-Id"), STR("x-iD")));
    expect_false("only letters have case", str_equal_nocase(STR("["), STR("{")));
    expect_true("in the middle",
                str_holds_nocase(STR("was BLOCKED by"), STR("blocked")));
    expect_true("at the end", str_holds_nocase(STR("was blocked"), STR("blocked")));
    expect_true("nothing is in anything", str_holds_nocase(STR_NONE, STR_NONE));
    expect_false("cut short", str_holds_nocase(STR("was block"), STR("blocked")));
    expect_true("every text starts with nothing", str_starts(STR("a"), STR_NONE));
    expect_true("prefix", str_starts(STR("bearer x"), STR("bearer ")));
    expect_false("longer prefix", str_starts(STR("be"), STR("bearer")));
    expect_i64("byte found", 2, str_find_byte(STR("ab:c:"), ':'));
    expect_i64("byte missing", -1, str_find_byte(STR("abc"), ':'));
    expect_i64("byte in nothing", -1, str_find_byte(STR_NONE, ':'));
    expect_str("sub is clamped", "cd", str_sub(STR("abcd"), 2, SIZE_MAX));
    expect_str("sub behind the end", "", str_sub(STR("abcd"), 5, 1));
    expect_str("trim", "a b", str_trim(STR(" \t a b\t ")));
    expect_str("trim to nothing", "", str_trim(STR(" \t")));
}

static void str_cut_walks_a_list(void **state)
{
    (void)state;
    struct str rest = STR("a,,b,");
    expect_str("first", "a", str_cut(&rest, ','));
    expect_str("empty one", "", str_cut(&rest, ','));
    expect_str("third", "b", str_cut(&rest, ','));
    expect_str("nothing is left", "", rest);
    expect_str("cutting nothing", "", str_cut(&rest, ','));
}

static void str_to_i64_is_strict(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *text;
        bool want_ok;
        int64_t want;
    } cases[] = {
        {"zero",             "0",                    true,  0        },
        {"negative zero",    "-0",                   true,  0        },
        {"leading zeros",    "007",                  true,  7        },
        {"largest",          "9223372036854775807",  true,  INT64_MAX},
        {"smallest",         "-9223372036854775808", true,  INT64_MIN},
        {"one too large",    "9223372036854775808",  false, 0        },
        {"one too small",    "-9223372036854775809", false, 0        },
        {"a digit too many", "92233720368547758070", false, 0        },
        {"empty",            "",                     false, 0        },
        {"sign alone",       "-",                    false, 0        },
        {"plus",             "+1",                   false, 0        },
        {"blank before",     " 1",                   false, 0        },
        {"blank after",      "1 ",                   false, 0        },
        {"hexadecimal",      "0x10",                 false, 0        },
        {"fraction",         "1.0",                  false, 0        },
        {"second sign",      "--1",                  false, 0        },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t got = 77;
        bool is_ok = str_to_i64(str_of(cases[i].text), &got);
        expect_i64(cases[i].name, cases[i].want_ok, is_ok);
        expect_i64(cases[i].name, cases[i].want_ok ? cases[i].want : 77, got);
    }
}

static void hex_goes_both_ways(void **state)
{
    (void)state;
    uint8_t bytes[3] = {1, 1, 1};
    assert_true(hex_decode(STR("00aBfF"), bytes, 3));
    assert_memory_equal(bytes, "\x00\xab\xff", 3);
    char text[7];
    hex_encode(bytes, 3, text);
    assert_string_equal(text, "00abff");

    static const char *const refused[] = {"00ab",   "00abff0", "00abff00",
                                          "00abfg", "00ab f",  ""};
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        expect_false(refused[i], hex_decode(str_of(refused[i]), bytes, 3));
    assert_memory_equal(bytes, "\x00\xab\xff", 3);
    assert_true(hex_decode(STR_NONE, bytes, 0));
}

static void utf8_follows_the_rfc(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *text;
        bool want;
        size_t want_count;
    } cases[] = {
        {"empty",                       "",                     true,  0 },
        {"ASCII",                       "plain text, longer",   true,  18},
        {"two bytes, smallest",         "\xC2\x80",             true,  1 },
        {"two bytes, overlong",         "\xC1\xBF",             false, 0 },
        {"three bytes, smallest",       "\xE0\xA0\x80",         true,  1 },
        {"three bytes, overlong",       "\xE0\x9F\xBF",         false, 0 },
        {"before the surrogates",       "\xED\x9F\xBF",         true,  1 },
        {"first surrogate",             "\xED\xA0\x80",         false, 0 },
        {"last surrogate",              "\xED\xBF\xBF",         false, 0 },
        {"behind the surrogates",       "\xEE\x80\x80",         true,  1 },
        {"last of three bytes",         "\xEF\xBF\xBF",         true,  1 },
        {"four bytes, smallest",        "\xF0\x90\x80\x80",     true,  1 },
        {"four bytes, overlong",        "\xF0\x8F\xBF\xBF",     false, 0 },
        {"U+10FFFF",                    "\xF4\x8F\xBF\xBF",     true,  1 },
        {"beyond U+10FFFF",             "\xF4\x90\x80\x80",     false, 0 },
        {"five bytes",                  "\xF8\x88\x80\x80\x80", false, 0 },
        {"FE",                          "\xFE",                 false, 0 },
        {"lone continuation",           "a\x80",                false, 0 },
        {"cut after one of two",        "\xC3",                 false, 0 },
        {"cut after two of three",      "\xE2\x82",             false, 0 },
        {"cut after three of four",     "\xF0\x9F\x98",         false, 0 },
        {"lead followed by ASCII",      "\xC3(",                false, 0 },
        {"third byte wrong",            "\xE2\x82(",            false, 0 },
        {"fourth byte wrong",           "\xF0\x9F\x98(",        false, 0 },
        {"bad byte in the ninth place", "12345678\xFF",         false, 0 },
        {"mixed over word borders",
         "1234567\xC3\xA9"
         "12345678",                                            true,  16},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str text = str_of(cases[i].text);
        expect_i64(cases[i].name, cases[i].want, utf8_is_valid(text));
        if (cases[i].want)
            expect_i64(cases[i].name, cases[i].want_count, utf8_count(text));
    }
    expect_true("NUL is a character", utf8_is_valid(str_from("a\0b", 3)));
}

static void code_points_are_written_as_utf8(void **state)
{
    (void)state;
    static const struct {
        uint32_t code;
        const char *want; /* NULL: nothing valid */
    } cases[] = {
        {'a',      "a"               },
        {0x7f,     "\x7f"            },
        {0x80,     "\xc2\x80"        },
        {0x7ff,    "\xdf\xbf"        },
        {0x800,    "\xe0\xa0\x80"    },
        {0xd7ff,   "\xed\x9f\xbf"    },
        {0xd800,   NULL              },
        {0xdfff,   NULL              },
        {0xffff,   "\xef\xbf\xbf"    },
        {0x10000,  "\xf0\x90\x80\x80"},
        {0x10ffff, "\xf4\x8f\xbf\xbf"},
        {0x110000, NULL              },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char bytes[4];
        struct str text = str_from(bytes, utf8_encode(cases[i].code, bytes));
        assert_int_equal(cases[i].want != NULL, utf8_is_valid(text));
        assert_true(cases[i].want == NULL || str_is(text, cases[i].want));
    }
}

static void utf8_repair_keeps_what_is_text(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct str text;
        const char *want;
    } cases[] = {
        {"nothing",        STR(""),                           ""                                    },
        {"valid",          STR("h\xc3\xa9 \xf0\x9f\x91\x8b"), "h\xc3\xa9 \xf0\x9f\x91\x8b"          },
        {"NUL",            STR("a\0b"),
         "a\xef\xbf\xbd"
         "b"                                                                                        },
        {"a byte alone",
         STR("a\xff"
             "b"),
         "a\xef\xbf\xbd"
         "b"                                                                                        },
        {"cut at the end", STR("a\xc3"),                      "a\xef\xbf\xbd"                       },
        {"each bad byte",  STR("\xed\xa0\x80"),               "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(buf_release) struct buf got;
        buf_init(&got, UTF8_REPAIR_GROWTH * cases[i].text.len);
        utf8_repair(cases[i].text, &got);
        expect_true(cases[i].name, buf_ok(&got));
        expect_str(cases[i].name, cases[i].want, buf_str(&got));
    }
}

static void utf8_prefix_keeps_characters_whole(void **state)
{
    (void)state;
    struct str text = STR("a\xC3\xA9\xF0\x9F\x98\x80z");
    static const size_t want[] = {0, 1, 3, 7, 8, 8};
    for (size_t count = 0; count < COUNT_OF(want); count++)
        assert_int_equal(want[count], utf8_prefix(text, count));
    expect_i64("first of ASCII", 1, utf8_first(text));
    expect_i64("first of two bytes", 2, utf8_first(str_sub(text, 1, 99)));
    expect_i64("first in the middle", 0, utf8_first(str_sub(text, 2, 99)));
    expect_i64("first of nothing", 0, utf8_first(STR_NONE));
}

static void id_validity_follows_the_design(void **state)
{
    (void)state;
    char longest[LIMIT_ID_BYTES + 1];
    memset(longest, 'x', sizeof(longest));
    const struct {
        const char *name;
        struct str id;
        bool want;
    } cases[] = {
        {"plain",           STR("u-1"),         true                },
        {"blank inside",    STR("u 1"),         true                },
        {"not ASCII",       STR("\xC3\xA9"),    true                },
        {"no-break space",  STR("a\xC2\xA0"),   true                },
        {"longest",         str_from(longest,   LIMIT_ID_BYTES),      true},
        {"empty",                 STR_NONE,                             false                        },
        {"too long",                 str_from(longest,                          sizeof(longest)),false},
        {"NUL",            str_from("a\0b",                              3),                                                         false},
        {"newline",               STR("a\nb"),false},
        {"DEL",STR("a\x7F"),       false                                                                },
        {"C1 control",              STR("a\xC2\x85"),                     false},
        {"not UTF-8",STR("a\xFF"),false                        },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_i64(cases[i].name, cases[i].want, id_is_valid(cases[i].id));
}

static void buf_grows_up_to_its_ceiling(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf buf;
    buf_init(&buf, 1000);
    assert_string_equal(buf_c_string(&buf), "");
    for (int i = 0; i < 100; i++)
        buf_add(&buf, STR("0123456789"));
    assert_true(buf_ok(&buf));
    assert_int_equal(buf_str(&buf).len, 1000);
    assert_int_equal(strlen(buf_c_string(&buf)), 1000);

    buf_add_char(&buf, 'x');
    assert_false(buf_ok(&buf));
    assert_int_equal(buf.len, 1000);
    buf_add(&buf, STR_NONE);
    assert_false(buf_ok(&buf)); /* sticky */

    buf_clear(&buf);
    assert_true(buf_ok(&buf));
    assert_string_equal(buf_c_string(&buf), "");
    buf_printf(&buf, "%s=%d,", "a", 1);
    buf_add_i64(&buf, INT64_MIN);
    assert_string_equal(buf_c_string(&buf), "a=1,-9223372036854775808");
}

static void buf_refuses_what_does_not_fit(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf buf;
    buf_init(&buf, 4);
    buf_printf(&buf, "%s", "12345");
    assert_false(buf_ok(&buf));
    assert_int_equal(buf.len, 0);
    buf_clear(&buf);
    buf_add(&buf, STR("1234"));
    assert_true(buf_ok(&buf));
    assert_null(buf_room(&buf, SIZE_MAX));
    assert_false(buf_ok(&buf));

    CLEANUP(buf_release) struct buf nothing;
    buf_init(&nothing, 0);
    buf_add(&nothing, STR(""));
    assert_true(buf_ok(&nothing));
    buf_add_char(&nothing, 'x');
    assert_false(buf_ok(&nothing));
}

static void buf_room_may_be_used_in_part(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf buf;
    buf_init(&buf, SIZE_MAX);
    char *room = buf_room(&buf, 1000);
    memset(room, 'a', 3);
    buf.len += 3;
    assert_string_equal(buf_c_string(&buf), "aaa");
}

static void buf_take_hands_the_bytes_on(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf buf;
    buf_init(&buf, 100);
    char *empty = buf_take(&buf);
    assert_string_equal(empty, "");
    free(empty);
    buf_add(&buf, STR("abc"));
    char *taken = buf_take(&buf);
    assert_string_equal(taken, "abc");
    free(taken);
    assert_int_equal(buf.len, 0);
    buf_add(&buf, STR("d"));
    assert_string_equal(buf_c_string(&buf), "d");
}

static void time_parses_rfc_3339(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *text;
        int64_t want_ms; /* -1: refused */
    } cases[] = {
        {"epoch",                     "1970-01-01T00:00:00Z",            0              },
        {"milliseconds",              "2026-02-03T09:15:40.250Z",        1770110140250  },
        {"one decimal",               "2026-02-03T09:15:40.2Z",          1770110140200  },
        {"nine decimals are cut",     "2026-02-03T09:15:40.999999999Z",  1770110140999  },
        {"small letters",             "2026-02-03t09:15:40z",            1770110140000  },
        {"offset east",               "2026-02-03T11:45:40+02:30",       1770110140000  },
        {"offset west",               "2026-02-03T01:15:40-08:00",       1770110140000  },
        {"offset over midnight",      "2026-02-04T08:15:40+23:00",       1770110140000  },
        {"unknown local offset",      "2026-02-03T09:15:40-00:00",       1770110140000  },
        {"leap day",                  "2024-02-29T00:00:00Z",            1709164800000  },
        {"leap day of 2000",          "2000-02-29T12:00:00Z",            951825600000   },
        {"leap second",               "2016-12-31T23:59:60Z",            1483228799000  },
        {"leap second elsewhere",     "2017-01-01T05:29:60.5+05:30",     1483228799500  },
        {"last millisecond",          "9999-12-31T23:59:59.999Z",        253402300799999},
        {"no leap second at noon",    "2016-12-31T12:00:60Z",            -1             },
        {"second 61",                 "2016-12-31T23:59:61Z",            -1             },
        {"no leap year",              "2023-02-29T00:00:00Z",            -1             },
        {"1900 is none either",       "2100-02-29T00:00:00Z",            -1             },
        {"31 April",                  "2024-04-31T00:00:00Z",            -1             },
        {"month 0",                   "2024-00-10T00:00:00Z",            -1             },
        {"month 13",                  "2024-13-10T00:00:00Z",            -1             },
        {"day 0",                     "2024-01-00T00:00:00Z",            -1             },
        {"hour 24",                   "2024-01-01T24:00:00Z",            -1             },
        {"minute 60",                 "2024-01-01T00:60:00Z",            -1             },
        {"offset hour 24",            "2024-01-01T00:00:00+24:00",       -1             },
        {"offset minute 60",          "2024-01-01T00:00:00+01:60",       -1             },
        {"offset without colon",      "2024-01-01T00:00:00+0100",        -1             },
        {"no offset",                 "2024-01-01T00:00:00",             -1             },
        {"dot without decimals",      "2024-01-01T00:00:00.Z",           -1             },
        {"ten decimals",              "2024-01-01T00:00:00.0123456789Z", -1             },
        {"decimal comma",             "2024-01-01T00:00:00,5Z",          -1             },
        {"blank for T",               "2024-01-01 00:00:00Z",            -1             },
        {"date alone",                "2024-01-01",                      -1             },
        {"something behind",          "2024-01-01T00:00:00Z ",           -1             },
        {"sign for a digit",          "2024-01-01T-1:00:00Z",            -1             },
        {"short year",                "224-01-01T00:00:00Z",             -1             },
        {"before 1970",               "1969-12-31T23:59:59Z",            -1             },
        {"before 1970 by the offset", "1970-01-01T00:00:00+00:01",       -1             },
        {"beyond 9999 by the offset", "9999-12-31T23:59:59-00:01",       -1             },
        {"empty",                     "",                                -1             },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t got = -1;
        bool is_ok = time_parse(str_of(cases[i].text), &got);
        expect_i64(cases[i].name, cases[i].want_ms >= 0, is_ok);
        expect_i64(cases[i].name, cases[i].want_ms, got);
    }
}

static void time_formats_in_utc(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *want;
    } cases[] = {
        {0,               "1970-01-01T00:00:00.000Z"},
        {1770110140250,   "2026-02-03T09:15:40.250Z"},
        {951782400000,    "2000-02-29T00:00:00.000Z"},
        {-1,              "1969-12-31T23:59:59.999Z"},
        {253402300799999, "9999-12-31T23:59:59.999Z"},
        {INT64_MAX,       "9999-12-31T23:59:59.999Z"},
        {INT64_MIN,       "0000-01-01T00:00:00.000Z"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[TIME_TEXT_BYTES];
        time_format(cases[i].ms, text);
        assert_string_equal(text, cases[i].want);
    }
}

static void time_survives_the_round_trip(void **state)
{
    (void)state;
    /* A step that is coprime to a day visits every hour, weekday and leap rule. */
    for (int64_t ms = 0; ms < 253402300799999; ms += INT64_C(86400000) * 97 + 3725017) {
        char text[TIME_TEXT_BYTES];
        time_format(ms, text);
        int64_t got = -1;
        assert_true(time_parse(str_of(text), &got));
        assert_int_equal(got, ms);
    }
}

struct measure {
    const char *text;
    int64_t want; /* -1: refused */
};

static void check_measures(bool (*parse)(struct str, int64_t *),
                           const struct measure *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t got = -1;
        bool is_ok = parse(str_of(cases[i].text), &got);
        expect_i64(cases[i].text, cases[i].want >= 0, is_ok);
        expect_i64(cases[i].text, cases[i].want, got);
    }
}

static void durations_need_their_unit(void **state)
{
    (void)state;
    static const struct measure cases[] = {
        {"1500ms",                1500     },
        {"10s",                   10000    },
        {"5m",                    300000   },
        {"72h",                   259200000},
        {"8d",                    691200000},
        {"0s",                    0        },
        {"9223372036854775807ms", INT64_MAX},
        {"9223372036854775807s",  -1       },
        {"106751991168d",         -1       },
        {"10",                    -1       },
        {"s",                     -1       },
        {"",                      -1       },
        {"-1s",                   -1       },
        {"+1s",                   -1       },
        {"1.5h",                  -1       },
        {"1 h",                   -1       },
        {"1H",                    -1       },
        {"1h30m",                 -1       },
        {" 1h",                   -1       },
        {"1w",                    -1       },
    };
    check_measures(duration_parse, cases, COUNT_OF(cases));
}

static void sizes_are_binary(void **state)
{
    (void)state;
    static const struct measure cases[] = {
        {"512",           512                         },
        {"64KiB",         65536                       },
        {"1MiB",          1048576                     },
        {"2GiB",          INT64_C(2147483648)         },
        {"0",             0                           },
        {"8589934591GiB", INT64_C(9223372035781033984)},
        {"8589934592GiB", -1                          },
        {"1KB",           -1                          },
        {"1kib",          -1                          },
        {"1B",            -1                          },
        {"MiB",           -1                          },
        {"-1",            -1                          },
        {"1 KiB",         -1                          },
    };
    check_measures(size_parse, cases, COUNT_OF(cases));
}

static void mask_keeps_the_last_four(void **state)
{
    (void)state;
    static const struct {
        const char *secret;
        const char *want;
    } cases[] = {
        {"",                                      "****"    },
        {"12345678",                              "****"    },
        {"123456789",                             "****6789"},
        {"+4915112345678",                        "****5678"},
        {"12345\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F",
         "****\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F"             },
        {"123456789\xFF",                         "****"    },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[16];
        mask(str_of(cases[i].secret), text);
        assert_string_equal(text, cases[i].want);
    }
    /* Four of these need 16 bytes; two are what fits, and they stay whole. */
    char text[16];
    mask(STR("12345\xF0\x9F\x98\x80\xF0\x9F\x98\x81\xF0\x9F\x98\x82\xF0\x9F\x98\x83"),
         text);
    assert_string_equal(text, "****\xF0\x9F\x98\x82\xF0\x9F\x98\x83");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(str_compares_and_cuts),
        cmocka_unit_test(str_cut_walks_a_list),
        cmocka_unit_test(str_to_i64_is_strict),
        cmocka_unit_test(hex_goes_both_ways),
        cmocka_unit_test(utf8_follows_the_rfc),
        cmocka_unit_test(code_points_are_written_as_utf8),
        cmocka_unit_test(utf8_repair_keeps_what_is_text),
        cmocka_unit_test(utf8_prefix_keeps_characters_whole),
        cmocka_unit_test(id_validity_follows_the_design),
        cmocka_unit_test(buf_grows_up_to_its_ceiling),
        cmocka_unit_test(buf_refuses_what_does_not_fit),
        cmocka_unit_test(buf_room_may_be_used_in_part),
        cmocka_unit_test(buf_take_hands_the_bytes_on),
        cmocka_unit_test(time_parses_rfc_3339),
        cmocka_unit_test(time_formats_in_utc),
        cmocka_unit_test(time_survives_the_round_trip),
        cmocka_unit_test(durations_need_their_unit),
        cmocka_unit_test(sizes_are_binary),
        cmocka_unit_test(mask_keeps_the_last_four),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
