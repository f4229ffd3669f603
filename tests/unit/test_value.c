#include "support/expect.h"

#include "config/value.h"

static void numbers_are_written_in_the_unit_that_people_use(void **state)
{
    (void)state;
    static const struct {
        const char *want;
        enum setting_kind kind;
        int64_t number;
    } cases[] = {
        {"0s",                  SETTING_DURATION, 0                   },
        {"1ms",                 SETTING_DURATION, 1                   },
        {"1500ms",              SETTING_DURATION, 1500                },
        {"75s",                 SETTING_DURATION, 75000               },
        {"90m",                 SETTING_DURATION, 90 * 60000          },
        {"72h",                 SETTING_DURATION, 72 * 3600000        },
        {"4d",                  SETTING_DURATION, 96 * 3600000        },
        {"97h",                 SETTING_DURATION, 97 * 3600000        },
        {"0",                   SETTING_SIZE,     0                   },
        {"1023",                SETTING_SIZE,     1023                },
        {"1536KiB",             SETTING_SIZE,     1536 * 1024         },
        {"64MiB",               SETTING_SIZE,     64 * 1024 * 1024    },
        {"2GiB",                SETTING_SIZE,     2048LL * 1024 * 1024},
        {"-5",                  SETTING_NUMBER,   -5                  },
        {"9223372036854775807", SETTING_NUMBER,   INT64_MAX           },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[24];
        int64_t again = -1;
        expect_str(cases[i].want, cases[i].want,
                   str_of(value_number_text(cases[i].kind, cases[i].number, text)));
        bool is_read =
            cases[i].kind == SETTING_DURATION ? duration_parse(str_of(text), &again)
            : cases[i].kind == SETTING_SIZE   ? size_parse(str_of(text), &again)
                                              : str_to_i64(str_of(text), &again);
        expect_true(cases[i].want, is_read);
        expect_i64(cases[i].want, cases[i].number, again);
    }
}

static void a_list_in_one_text_is_cut_at_commas(void **state)
{
    (void)state;
    static const struct setting_row row = {.name = "list", .kind = SETTING_TEXTS};
    struct error err;
    struct text_list list = {0};
    expect_status("empty", STATUS_OK, value_parse(&row, STR(""), &list, &err));
    expect_i64("no entry", 0, list.count);
    expect_true("none at all", list.items == NULL);
    expect_status("three", STATUS_OK, value_parse(&row, STR("a, b c ,d"), &list, &err));
    expect_i64("entries", 3, list.count);
    expect_str("without the blanks around", "b c", str_of(list.items[1]));
    expect_true("ends with NULL", list.items[3] == NULL);
    value_release(&row, &list);
    expect_true("nothing is left", list.items == NULL && list.count == 0);
    expect_status("hole", STATUS_INVALID, value_parse(&row, STR("a,,b"), &list, &err));
    expect_str("said", "has an empty entry; remove it", str_of(err.text));
    value_release(&row, &list);
}

static void a_map_in_one_text_is_cut_at_the_first_equals_sign(void **state)
{
    (void)state;
    static const struct setting_row row = {.name = "map", .kind = SETTING_MAP};
    struct error err;
    struct text_map map = {0};
    expect_status("two", STATUS_OK, value_parse(&row, STR("A=b=c,D"), &map, &err));
    expect_i64("entries", 2, map.count);
    expect_str("first", "b=c", str_of(map.values[0]));
    expect_str("second has a name only", "", str_of(map.values[1]));
    expect_status("again", STATUS_INVALID, value_parse(&row, STR("a=x"), &map, &err));
    expect_str("said", "\"a\" is there twice; keep one", str_of(err.text));
    value_release(&row, &map);
    expect_true("nothing is left", map.names == NULL && map.count == 0);
}

static void a_required_list_has_an_entry(void **state)
{
    (void)state;
    static const struct setting_row row = {
        .name = "list", .kind = SETTING_TEXTS, .is_required = true};
    struct error err;
    struct text_list list = {0};
    expect_status("none", STATUS_INVALID, value_check(&row, &list, &err));
    expect_str("said", "has 0 entries; give it 1 at least", str_of(err.text));
    expect_status("one", STATUS_OK, value_parse(&row, STR("a"), &list, &err));
    expect_status("enough", STATUS_OK, value_check(&row, &list, &err));
    value_release(&row, &list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_written_in_the_unit_that_people_use),
        cmocka_unit_test(a_list_in_one_text_is_cut_at_commas),
        cmocka_unit_test(a_map_in_one_text_is_cut_at_the_first_equals_sign),
        cmocka_unit_test(a_required_list_has_an_entry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
