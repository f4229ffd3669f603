/* What the emulator says of a value that does not fit a model of the API. */
#include "support/expect.h"

#include "emulator/shape.h"
#include "gateway/memory.h"

static const char *const colours[] = {"Red", "Green", NULL};

static const struct member part_members[] = {
    {"id",     MEMBER_ID,   true,  NULL,    NULL},
    {"colour", MEMBER_ENUM, false, colours, NULL},
};
static const struct shape part_shape = SHAPE("Part", part_members);

static const struct member thing_members[] = {
    {"part",  MEMBER_OBJECT,      true,  NULL,    &part_shape},
    {"parts", MEMBER_ARRAY,       false, NULL,    &part_shape},
    {"text",  MEMBER_TEXT,        false, NULL,    NULL       },
    {"when",  MEMBER_TIME,        false, NULL,    NULL       },
    {"loose", MEMBER_ENUM_NOCASE, false, colours, NULL       },
    {"yes",   MEMBER_BOOL,        false, NULL,    NULL       },
    {"count", MEMBER_INTEGER,     false, NULL,    NULL       },
    {"map",   MEMBER_MAP,         false, NULL,    NULL       },
    {"any",   MEMBER_OBJECT,      false, NULL,    NULL       },
};
static const struct shape thing_shape = SHAPE("Thing", thing_members);

/* A thing whose needed part is there, and what else is given. */
#define THING(more) "{'part':{'id':'a'}," more "}"

/* Of text with ' for ", to be readable here. */
static struct json *parsed(const char *quoted)
{
    CLEANUP(mem_freep) char *text = mem_copy_string(quoted);
    for (char *c = text; *c != '\0'; c++) {
        if (*c == '\'')
            *c = '"';
    }
    struct json *json = NULL;
    struct error err;
    expect_status(quoted, STATUS_OK, json_parse(str_of(text), 32, &json, &err));
    return json;
}

static void shape_takes_what_fits(void **state)
{
    static const char *const fitting[] = {
        "{'part':{'id':'a'}}",
        "{'part':{'id':'a','colour':'Red'},'unknown':[1,2]}",
        "{'part':{'id':'a','colour':null},'parts':null,'text':null}",
        THING("'parts':[{'id':'b'},{'id':'c'}]"),
        THING("'parts':[],'text':'','yes':false"),
        THING("'when':'2026-02-03T09:15:40Z'"),
        THING("'when':'2026-02-03T09:15:40.1234567Z'"),
        THING("'loose':'gREEN','count':-5"),
        THING("'map':{'a':''},'any':{'a':[{}]}"),
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(fitting); i++) {
        struct json *json = parsed(fitting[i]);
        struct misfit misfit;
        expect_true(fitting[i], shape_fits(json, &thing_shape, &misfit));
        json_free(json);
    }
}

static void shape_names_the_first_misfit(void **state)
{
    static const struct {
        const char *json;
        const char *code;
        const char *field;
    } cases[] = {
        {"[]",                                        "bad.request",   ""           },
        {"{}",                                        "bad.request",   "part"       },
        {"{'part':null}",                             "bad.request",   "part"       },
        {"{'part':[]}",                               "bad.request",   "part"       },
        {"{'part':{}}",                               "bad.request",   "part.id"    },
        {"{'part':{'id':''}}",                        "bad.request",   "part.id"    },
        {"{'part':{'id':'a\\u0000'}}",                "bad.request",   "part.id"    },
        {"{'part':{'id':'a','colour':'red'}}",        "invalid.value", "part.colour"},
        {"{'part':{'id':'a','colour':1}}",            "bad.request",   "part.colour"},
        {THING("'parts':{}"),                         "bad.request",   "parts"      },
        {THING("'parts':[{'id':'b'},{}]"),            "bad.request",   "parts[1].id"},
        {THING("'parts':[null]"),                     "bad.request",   "parts[0]"   },
        {THING("'text':7"),                           "bad.request",   "text"       },
        {THING("'when':'yesterday'"),                 "invalid.date",  "when"       },
        {THING("'when':'2026-02-03t09:15:40Z'"),      "invalid.date",  "when"       },
        {THING("'when':'2026-02-03T09:15:40z'"),      "invalid.date",  "when"       },
        {THING("'when':'2026-02-03T09:15:40+00:00'"), "invalid.date",  "when"       },
        {THING("'loose':'Greens'"),                   "invalid.value", "loose"      },
        {THING("'yes':'true'"),                       "bad.request",   "yes"        },
        {THING("'count':1.5"),                        "bad.request",   "count"      },
        {THING("'map':{'a':1}"),                      "bad.request",   "map"        },
        {THING("'map':[]"),                           "bad.request",   "map"        },
        {THING("'any':'x'"),                          "bad.request",   "any"        },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct json *json = parsed(cases[i].json);
        struct misfit misfit = {0};
        expect_false(cases[i].json, shape_fits(json, &thing_shape, &misfit));
        expect_str(cases[i].json, cases[i].code, str_of(misfit.code));
        expect_str(cases[i].json, cases[i].field, str_of(misfit.field));
        json_free(json);
    }
}

static void shape_lists_the_allowed_values_as_genesys_does(void **state)
{
    (void)state;
    struct json *json = parsed("{'part':{'id':'a','colour':'Blue'}}");
    struct misfit misfit = {0};
    expect_false("blue", shape_fits(json, &thing_shape, &misfit));
    expect_str("blue",
               "Value [Blue] is not valid for field type [Part.colour]. Allowable "
               "values are: Red, Green",
               str_of(misfit.text));
    json_free(json);
}

/* A text is repeated in part, and never cut inside a character. */
static void shape_repeats_only_the_beginning_of_a_wrong_value(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf text;
    buf_init(&text, 4096);
    buf_add(&text, STR("{'part':{'id':'a'},'when':'"));
    for (int i = 0; i < 500; i++)
        buf_add(&text, STR("\xf0\x9f\x91\x8b")); /* four bytes each */
    buf_add(&text, STR("'}"));
    struct json *json = parsed(buf_c_string(&text));
    struct misfit misfit = {0};
    expect_false("long", shape_fits(json, &thing_shape, &misfit));
    expect_true("is UTF-8", utf8_is_valid(str_of(misfit.text)));
    expect_true("is short", strlen(misfit.text) < 300);
    json_free(json);
}

static void shape_readers_forgive_what_is_not_there(void **state)
{
    (void)state;
    struct json *json = parsed("{'a':'x','b':null,'c':1}");
    expect_str("text", "x", text_of(json, "a"));
    expect_str("null", "", text_of(json, "b"));
    expect_str("number", "", text_of(json, "c"));
    expect_str("missing", "", text_of(json, "d"));
    expect_str("of nothing", "", text_of(NULL, "a"));
    expect_true("null is absent", member_of(json, "b") == NULL);
    expect_true("number is there", member_of(json, "c") != NULL);
    expect_i64("first", 0, name_index(colours, STR("Red")));
    expect_i64("none", -1, name_index(colours, STR("Re")));
    json_free(json);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(shape_takes_what_fits),
        cmocka_unit_test(shape_names_the_first_misfit),
        cmocka_unit_test(shape_lists_the_allowed_values_as_genesys_does),
        cmocka_unit_test(shape_repeats_only_the_beginning_of_a_wrong_value),
        cmocka_unit_test(shape_readers_forgive_what_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
