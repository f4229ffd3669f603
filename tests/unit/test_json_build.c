/* json: reading by table, building, printing. */
#include "support/expect.h"

#include "gateway/json.h"
#include "gateway/memory.h"
#include "support/base_json.h"

struct person {
    struct str id;
    struct str name;
    int64_t age;
    bool is_bot;
    const struct json *tags;
    const struct json *extra;
};

static const struct json_field person_fields[] = {
    {"id",     JSON_STRING, JSON_REQUIRED, JSON_ID,  offsetof(struct person, id)    },
    {"name",   JSON_STRING, JSON_OPTIONAL, JSON_ANY, offsetof(struct person, name)  },
    {"age",    JSON_NUMBER, JSON_OPTIONAL, JSON_ANY, offsetof(struct person, age)   },
    {"is_bot", JSON_BOOL,   JSON_OPTIONAL, JSON_ANY, offsetof(struct person, is_bot)},
    {"tags",   JSON_ARRAY,  JSON_OPTIONAL, JSON_ANY, offsetof(struct person, tags)  },
    {"extra",  JSON_OBJECT, JSON_OPTIONAL, JSON_ANY, offsetof(struct person, extra) },
};

static enum status read_person(const struct json *json, struct person *out,
                               struct error *err)
{
    return json_read(json, person_fields, COUNT_OF(person_fields), "/data/from", out,
                     err);
}

static void json_read_fills_a_struct(void **state)
{
    (void)state;
    CLEANUP(json_freep)
    struct json *json =
        parsed("{\"id\":\"u-1\",\"name\":\"\",\"age\":42,\"is_bot\":true,"
               "\"tags\":[1,2],\"extra\":{\"a\":1},\"unknown\":[]}");
    struct person person = {.age = -1};
    struct error err;
    expect_status("whole", STATUS_OK, read_person(json, &person, &err));
    expect_str("id", "u-1", person.id);
    expect_str("name", "", person.name);
    expect_i64("age", 42, person.age);
    expect_true("is_bot", person.is_bot);
    expect_i64("tags", 2, json_count(person.tags));
    expect_i64("extra", 1, json_count(person.extra));
}

static void json_read_leaves_what_is_absent_or_null(void **state)
{
    (void)state;
    CLEANUP(json_freep)
    struct json *json = parsed("{\"id\":\"u\",\"name\":null,\"age\":null}");
    struct person person = {.name = STR("before"), .age = -1, .is_bot = true};
    struct error err;
    expect_status("sparse", STATUS_OK, read_person(json, &person, &err));
    expect_str("name", "before", person.name);
    expect_i64("age", -1, person.age);
    expect_true("is_bot", person.is_bot);
    assert_null(person.tags);
}

static void json_read_names_what_does_not_fit(void **state)
{
    (void)state;
    static const char *const id_wish =
        "must be an id: 1 to 255 bytes without control characters";
    const struct {
        const char *text;
        const char *pointer;
        const char *why;
    } cases[] = {
        {"[]",                                         "/data/from",        "must be an object"     },
        {"null",                                       "/data/from",        "must be an object"     },
        {"\"u\"",                                      "/data/from",        "must be an object"     },
        {"{}",                                         "/data/from/id",     "is missing"            },
        {"{\"id\":null}",                              "/data/from/id",     "is missing"            },
        {"{\"ID\":\"u\"}",                             "/data/from/id",     "is missing"            },
        {"{\"id\":1}",                                 "/data/from/id",     id_wish                 },
        {"{\"id\":\"\"}",                              "/data/from/id",     id_wish                 },
        {"{\"id\":\"a\\nb\"}",                         "/data/from/id",     id_wish                 },
        {"{\"id\":\"a\\u0000b\"}",                     "/data/from/id",     id_wish                 },
        {"{\"id\":\"a\\ud800b\"}",                     "/data/from/id",     id_wish                 },
        {"{\"id\":\"u\",\"name\":1}",                  "/data/from/name",   "must be a string"      },
        {"{\"id\":\"u\",\"age\":\"1\"}",               "/data/from/age",    "must be a whole number"},
        {"{\"id\":\"u\",\"age\":1.5}",                 "/data/from/age",    "must be a whole number"},
        {"{\"id\":\"u\",\"age\":9223372036854775808}", "/data/from/age",
         "must be a whole number"                                                                   },
        {"{\"id\":\"u\",\"is_bot\":0}",                "/data/from/is_bot", "must be true or false" },
        {"{\"id\":\"u\",\"tags\":{}}",                 "/data/from/tags",   "must be an array"      },
        {"{\"id\":\"u\",\"extra\":[]}",                "/data/from/extra",  "must be an object"     },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(json_freep) struct json *json = parsed(cases[i].text);
        struct person person = {.age = 0};
        struct error err;
        expect_status(cases[i].text, STATUS_INVALID, read_person(json, &person, &err));
        expect_str(cases[i].text, cases[i].pointer, str_of(err.pointer));
        expect_str(cases[i].text, cases[i].why, str_of(err.text));
    }
    struct person person = {.age = 0};
    struct error err;
    expect_status("nothing", STATUS_INVALID, read_person(NULL, &person, &err));
}

static void an_id_may_be_255_bytes_long(void **state)
{
    (void)state;
    for (size_t len = 255; len <= 256; len++) {
        char text[300];
        (void)snprintf(text, sizeof(text), "{\"id\":\"%0*d\"}", (int)len, 7);
        CLEANUP(json_freep) struct json *json = parsed(text);
        struct person person = {.age = 0};
        struct error err;
        expect_status("length", len == 255 ? STATUS_OK : STATUS_INVALID,
                      read_person(json, &person, &err));
    }
}

static struct json *build_everything(void)
{
    struct json *root = json_new_object();
    json_add_str(root, "text", STR("a\"b\\c\n\x1f/\xc3\xa4"));
    json_add_i64(root, "big", 9007199254740993);
    json_add_i64(root, "least", INT64_MIN);
    json_add_bool(root, "yes", true);
    json_add_bool(root, "no", false);
    struct json *inner = json_add_object(root, "inner");
    json_add_i64(inner, "zero", 0);
    struct json *list = json_add_array(inner, "list");
    json_append(list, json_new_str(STR_NONE));
    struct json *element = json_append_object(list);
    json_add_bool(element, "in", true);
    json_append(list, json_new_array());
    json_add(root, "own", json_new_array());
    return root;
}

static const char everything[] =
    "{\"text\":\"a\\\"b\\\\c\\n\\u001f/\xc3\xa4\",\"big\":9007199254740993,"
    "\"least\":-9223372036854775808,\"yes\":true,\"no\":false,"
    "\"inner\":{\"zero\":0,\"list\":[\"\",{\"in\":true},[]]},\"own\":[]}";

static void json_builds_what_it_prints(void **state)
{
    (void)state;
    CLEANUP(json_freep) struct json *json = build_everything();
    CLEANUP(buf_release) struct buf buf;
    buf_init(&buf, 10000);
    buf_add_char(&buf, '>');
    expect_status("print", STATUS_OK, json_print(json, &buf, NULL));
    buf_clear(&buf);
    expect_status("print", STATUS_OK, json_print(json, &buf, NULL));
    expect_str("text", everything, buf_str(&buf));

    CLEANUP(arena_freep) struct arena *arena = arena_new(10000);
    struct str text;
    expect_status("arena", STATUS_OK, json_print_arena(json, arena, &text, NULL));
    expect_str("arena", everything, text);
    expect_i64("terminated", '\0', text.ptr[text.len]);

    CLEANUP(json_freep) struct json *again = parsed(everything);
    buf_clear(&buf);
    expect_status("parsed and printed", STATUS_OK, json_print(again, &buf, NULL));
    expect_str("parsed and printed", everything, buf_str(&buf));
}

static void json_reads_what_it_builds(void **state)
{
    (void)state;
    CLEANUP(json_freep) struct json *json = build_everything();
    int64_t number = 0;
    assert_true(json_i64(json_get(json, "big"), &number));
    expect_i64("big", 9007199254740993, number);
    expect_i64("kind", JSON_NUMBER, json_kind_of(json_get(json, "least")));
    assert_true(json_i64(json_get(json, "least"), &number));
    expect_i64("least", INT64_MIN, number);
}

/* What was built, read, printed and read again. */
static void expect_round_trip(struct str value, const char *want)
{
    CLEANUP(json_freep) struct json *built = json_new_str(value);
    CLEANUP(buf_release) struct buf text;
    struct str got;
    buf_init(&text, 1000);
    assert_true(json_str(built, &got));
    expect_str(want, want, got);
    expect_status(want, STATUS_OK, json_print(built, &text, NULL));
    CLEANUP(json_freep) struct json *json = parsed(buf_c_string(&text));
    assert_true(json_str(json, &got));
    expect_str(want, want, got);
}

static void json_new_str_replaces_what_json_cannot_carry(void **state)
{
    (void)state;
    static const struct {
        struct str value;
        const char *want;
    } cases[] = {
        {{"a\0b", 3},                 "a\xef\xbf\xbd\x62"                   },
        {{"\0", 1},                   "\xef\xbf\xbd"                        },
        {{"\xff\xfe", 2},             "\xef\xbf\xbd\xef\xbf\xbd"            },
        {{"\xc3\xa4\xc3", 3},         "\xc3\xa4\xef\xbf\xbd"                },
        {{"\xed\xa0\x80", 3},         "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {{"\xf0\x9f\x98\x80\x80", 5}, "\xf0\x9f\x98\x80\xef\xbf\xbd"        },
        {{"\"\xff\x01", 3},           "\"\xef\xbf\xbd\x01"                  },
        {{NULL, 0},                   ""                                    },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_round_trip(cases[i].value, cases[i].want);
}

/* Every byte at every place of a text that is written eight bytes at a time. */
static void json_new_str_writes_each_byte_at_each_place(void **state)
{
    (void)state;
    for (unsigned byte = 1; byte < 0x80; byte++)
        for (size_t at = 0; at < 16; at++) {
            char text[] = "abcdefghi\xc3\xa4klmno";
            if (at == 9 || at == 10)
                continue; /* in the middle of a character */
            text[at] = (char)byte;
            expect_round_trip(str_of(text), text);
        }
}

static void json_print_respects_a_ceiling(void **state)
{
    (void)state;
    CLEANUP(json_freep) struct json *json = parsed("[\"12345678\"]"); /* 12 bytes */
    for (size_t ceiling = 11; ceiling <= 13; ceiling++) {
        CLEANUP(buf_release) struct buf buf;
        buf_init(&buf, ceiling);
        struct error err;
        expect_status("buf", ceiling < 12 ? STATUS_TOO_LARGE : STATUS_OK,
                      json_print(json, &buf, &err));
    }
    CLEANUP(arena_freep) struct arena *arena = arena_new(8);
    struct str text;
    struct error err;
    expect_status("arena", STATUS_TOO_LARGE,
                  json_print_arena(json, arena, &text, &err));
}

static void a_failed_allocation_sticks_until_the_print(void **state)
{
    (void)state;
    bool has_failed = true;
    for (unsigned nth = 0; has_failed; nth++) {
        cjson_fail_from(nth);
        CLEANUP(json_freep) struct json *json = build_everything();
        has_failed = cjson_fail_stop();

        CLEANUP(buf_release) struct buf buf;
        buf_init(&buf, 10000);
        struct error err;
        expect_status("print", has_failed ? STATUS_RETRY : STATUS_OK,
                      json_print(json, &buf, &err));
        expect_str("text", has_failed ? "" : everything, buf_str(&buf));
    }
}

static void json_print_survives_failing_allocations(void **state)
{
    (void)state;
    CLEANUP(json_freep) struct json *json = json_new_array();
    for (unsigned i = 0; i < 200; i++) /* more than one buffer of cJSON */
        json_append(json, build_everything());

    bool has_failed = true;
    for (unsigned nth = 0; has_failed; nth++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new(1 << 20);
        struct str text;
        struct error err;
        cjson_fail_from(nth);
        enum status status = json_print_arena(json, arena, &text, &err);
        has_failed = cjson_fail_stop();
        expect_status("print", has_failed ? STATUS_RETRY : STATUS_OK, status);
    }
}

static void building_on_nothing_does_nothing(void **state)
{
    (void)state;
    json_add_str(NULL, "a", STR("text"));
    json_add_i64(NULL, "a", 1);
    json_add_bool(NULL, "a", true);
    json_add(NULL, "a", json_new_object());
    json_append(NULL, json_new_str(STR("text")));
    assert_null(json_add_object(NULL, "a"));
    assert_null(json_add_array(NULL, "a"));
    assert_null(json_append_object(NULL));
    struct error err;
    CLEANUP(buf_release) struct buf buf;
    buf_init(&buf, 100);
    expect_status("print", STATUS_RETRY, json_print(NULL, &buf, &err));
    json_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_read_fills_a_struct),
        cmocka_unit_test(json_read_leaves_what_is_absent_or_null),
        cmocka_unit_test(json_read_names_what_does_not_fit),
        cmocka_unit_test(an_id_may_be_255_bytes_long),
        cmocka_unit_test(json_builds_what_it_prints),
        cmocka_unit_test(json_reads_what_it_builds),
        cmocka_unit_test(json_new_str_replaces_what_json_cannot_carry),
        cmocka_unit_test(json_new_str_writes_each_byte_at_each_place),
        cmocka_unit_test(json_print_respects_a_ceiling),
        cmocka_unit_test(a_failed_allocation_sticks_until_the_print),
        cmocka_unit_test(json_print_survives_failing_allocations),
        cmocka_unit_test(building_on_nothing_does_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
