/* http_message: the one header of a name. */
#include "support/expect.h"

#include "gateway/http_message.h"

static void a_header_is_found_only_when_it_is_there_once(void **state)
{
    (void)state;
    static const struct http_header headers[] = {
        {STR("Content-Type"), STR("text/plain")},
        {STR("X-Empty"),      STR("")          },
        {STR("X-Twice"),      STR("a")         },
        {STR("x-twice"),      STR("a")         },
        {STR("X-Longer"),     STR("b")         },
    };
    static const struct {
        const char *name;
        bool found;
        const char *value;
    } cases[] = {
        {"Content-Type", true,  "text/plain"},
        {"content-type", true,  "text/plain"},
        {"x-empty",      true,  ""          },
        {"x-twice",      false, "untouched" },
        {"x-long",       false, "untouched" },
        {"x-missing",    false, "untouched" },
        {"",             false, "untouched" },
    };
    const struct http_message message = {.headers = headers,
                                         .header_count = COUNT_OF(headers)};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str value = STR("untouched");
        expect_i64(cases[i].name, cases[i].found,
                   http_header_find(&message, cases[i].name, &value));
        expect_str(cases[i].name, cases[i].value, value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_is_found_only_when_it_is_there_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
