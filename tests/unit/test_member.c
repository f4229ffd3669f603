/* member: optional members, and ids on the wire as texts and numbers. */
#include "support/base_json.h"
#include "support/expect.h"

#include "gateway/member.h"

static void a_number_is_an_id_by_its_digits(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *json;
        const char *want; /* NULL: no id */
    } cases[] = {
        {"small",            "{\"id\":7}",                   "7"                  },
        {"negative",         "{\"id\":-1001234567890}",      "-1001234567890"     },
        {"past 2^53",        "{\"id\":9007199254740993}",    "9007199254740993"   },
        {"the largest",      "{\"id\":9223372036854775807}", "9223372036854775807"},
        {"past the largest", "{\"id\":9223372036854775808}", NULL                 },
        {"a fraction",       "{\"id\":1.5}",                 NULL                 },
        {"a text",           "{\"id\":\"7\"}",               NULL                 },
        {"missing",          "{}",                           NULL                 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new(256);
        CLEANUP(json_freep) struct json *json = parsed(cases[i].json);
        struct keeper keep = {.arena = arena};
        struct str id = STR("kept");
        bool is_id = member_number_id(json, "id", &keep, &id);
        expect_true(cases[i].name, is_id == (cases[i].want != NULL));
        expect_str(cases[i].name, is_id ? cases[i].want : "kept", id);
    }
}

static void an_id_without_room_is_none(void **state)
{
    (void)state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(1);
    CLEANUP(json_freep) struct json *json = parsed("{\"id\":12345}");
    struct keeper keep = {.arena = arena};
    struct str id;
    expect_false("no room", member_number_id(json, "id", &keep, &id));
    expect_true("noticed", keep.is_full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_an_id_by_its_digits),
        cmocka_unit_test(an_id_without_room_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
