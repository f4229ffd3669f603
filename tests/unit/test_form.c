#include "support/expect.h"

#include "gateway/form.h"

#define MAX 8

static void form_reads_names_and_values(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *text;
        const char *want; /* "name=value|..." */
    } cases[] = {
        {"nothing",                          "",                    ""                  },
        {"one field",                        "a=1",                 "a=1|"              },
        {"order is kept, names may repeat",  "b=2&a=1&b=3",         "b=2|a=1|b=3|"      },
        {"no '=' is an empty value",         "a&b=",                "a=|b=|"            },
        {"a later '=' is part of the value", "a=b=c",               "a=b=c|"            },
        {"empty pieces are no fields",       "&&a=1&",              "a=1|"              },
        {"a plus is a space",                "a+b=c+d",             "a b=c d|"          },
        {"escapes in either case",           "%61=%C3%a9",          "a=\xc3\xa9|"       },
        {"an escaped '&' is text",           "a=%26b%3D1",          "a=&b=1|"           },
        {"a plus can be escaped",            "From=%2B15005550006", "From=+15005550006|"},
        {"a bad escape stands for itself",   "a=100%&b=%zz&c=%4",   "a=100%|b=%zz|c=%4|"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new(4096);
        CLEANUP(buf_release) struct buf got;
        struct form form;
        struct error err;
        buf_init(&got, 4096);
        expect_status(cases[i].name, STATUS_OK,
                      form_parse(str_of(cases[i].text), MAX, arena, &form, &err));
        for (size_t f = 0; f < form.count; f++)
            buf_printf(&got, "%.*s=%.*s|", STR_ARG(form.fields[f].name),
                       STR_ARG(form.fields[f].value));
        expect_str(cases[i].name, cases[i].want, buf_str(&got));
    }
}

static void form_keeps_a_nul(void **state)
{
    (void)state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(4096);
    struct form form;
    struct error err;
    expect_status("parse", STATUS_OK,
                  form_parse(STR("a=%00b"), MAX, arena, &form, &err));
    expect_i64("two bytes", 2, (int64_t)form_get(&form, "a").len);
    expect_i64("the first", 0, form_get(&form, "a").ptr[0]);
}

static void form_finds_the_first_field(void **state)
{
    (void)state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(4096);
    struct form form;
    struct error err;
    expect_status("parse", STATUS_OK,
                  form_parse(STR("a=1&b=&a=2"), MAX, arena, &form, &err));
    expect_str("the first", "1", form_get(&form, "a"));
    expect_str("none", "", form_get(&form, "A"));
    expect_true("an empty one is there", form_has(&form, "b"));
    expect_true("names are told apart by case", !form_has(&form, "B"));
}

static void form_holds_its_ceilings(void **state)
{
    (void)state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(64);
    struct form form;
    struct error err;
    expect_status("too many fields", STATUS_TOO_LARGE,
                  form_parse(STR("a&b&c&d&e&f&g&h&i"), MAX, arena, &form, &err));
    expect_i64("none of them", 0, (int64_t)form.count);
    expect_status("too little memory", STATUS_TOO_LARGE,
                  form_parse(STR("a=0123456789012345678901234567890123456789012345678"
                                 "9"),
                             MAX, arena, &form, &err));
}

static void form_writes_what_it_reads(void **state)
{
    (void)state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(4096);
    CLEANUP(buf_release) struct buf text;
    struct form form;
    struct error err;
    buf_init(&text, 4096);
    form_add(&text, "To", STR("whatsapp:+34600000001"));
    form_add(&text, "Body", STR("a & b=c%\xc3\xa9~"));
    expect_str("encoded", "To=whatsapp%3A%2B34600000001&Body=a%20%26%20b%3Dc%25%C3%A9~",
               buf_str(&text));
    expect_status("parse", STATUS_OK,
                  form_parse(buf_str(&text), MAX, arena, &form, &err));
    expect_str("the number", "whatsapp:+34600000001", form_get(&form, "To"));
    expect_str("the text", "a & b=c%\xc3\xa9~", form_get(&form, "Body"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(form_reads_names_and_values),
        cmocka_unit_test(form_keeps_a_nul),
        cmocka_unit_test(form_finds_the_first_field),
        cmocka_unit_test(form_holds_its_ceilings),
        cmocka_unit_test(form_writes_what_it_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
