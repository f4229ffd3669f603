#include "support/expect.h"

#include "server/route.h"

static const struct route table[] = {
    {.method = "POST",   .path = "/webhooks/channels/{bridge}"       },
    {.method = "GET",    .path = "/webhooks/channels/{bridge}"       },
    {.method = "POST",   .path = "/webhooks/channels/{bridge}/{part}"},
    {.method = "POST",   .path = "/webhooks/genesys/{bridge}"        },
    {.method = "GET",    .path = "/media/{token}"                    },
    {.method = "GET",    .path = "/"                                 },
    {.method = "GET",    .path = "/items/latest"                     },
    {.method = "GET",    .path = "/items/{item}"                     },
    {.method = "DELETE", .path = "/items/{item}"                     },
};

static void route_find_follows_the_table(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *method;
        const char *path;
        enum status want;
        int route; /* in table */
    } cases[] = {
        {"an argument",                   "POST",    "/webhooks/channels/acme",   STATUS_OK,         0},
        {"the method decides",            "GET",     "/webhooks/channels/acme",   STATUS_OK,         1},
        {"HEAD is served by GET",         "HEAD",    "/webhooks/channels/acme",   STATUS_OK,         1},
        {"two arguments",                 "POST",    "/webhooks/channels/acme/x", STATUS_OK,         2},
        {"an escaped slash stays inside", "POST",    "/webhooks/channels/a%2Fb",  STATUS_OK,
         0                                                                                            },
        {"the root",                      "GET",     "/",                         STATUS_OK,         5},
        {"the first that fits",           "GET",     "/items/latest",             STATUS_OK,         6},
        {"the later one",                 "GET",     "/items/7",                  STATUS_OK,         7},
        {"a method of the later one",     "DELETE",  "/items/latest",             STATUS_OK,         8},
        {"another method",                "PUT",     "/items/7",                  STATUS_BAD_METHOD, 0},
        {"HEAD without GET",              "HEAD",    "/webhooks/genesys/acme",    STATUS_BAD_METHOD, 0},
        {"methods have case",             "get",     "/",                         STATUS_BAD_METHOD, 0},
        {"an unknown path",               "GET",     "/nothing",                  STATUS_NOT_FOUND,  0},
        {"an empty argument",             "POST",    "/webhooks/channels/",       STATUS_NOT_FOUND,  0},
        {"an empty argument in between",  "POST",    "/webhooks/channels//x",
         STATUS_NOT_FOUND,                                                                           0},
        {"a slash too many",              "GET",     "/media/t/",                 STATUS_NOT_FOUND,  0},
        {"a slash too few",               "GET",     "/media",                    STATUS_NOT_FOUND,  0},
        {"a double slash",                "GET",     "//",                        STATUS_NOT_FOUND,  0},
        {"paths have case",               "GET",     "/Media/t",                  STATUS_NOT_FOUND,  0},
        {"literals are not decoded",      "GET",     "/%6dedia/t",                STATUS_NOT_FOUND,  0},
        {"braces are no wild card",       "GET",     "/{token}/t",                STATUS_NOT_FOUND,  0},
        {"no path at all",                "GET",     "",                          STATUS_NOT_FOUND,  0},
        {"the asterisk of OPTIONS",       "OPTIONS", "*",                         STATUS_NOT_FOUND,  0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct route_match match = {0};
        enum status status = route_find(table, COUNT_OF(table), str_of(cases[i].method),
                                        str_of(cases[i].path), &match);
        expect_status(cases[i].name, cases[i].want, status);
        if (status == STATUS_OK)
            expect_i64(cases[i].name, cases[i].route, match.route - table);
    }
}

static void route_find_gives_the_arguments_undecoded(void **state)
{
    (void)state;
    struct route_match match = {0};
    assert_int_equal(route_find(table, COUNT_OF(table), STR("POST"),
                                STR("/webhooks/channels/a%20b/c"), &match),
                     STATUS_OK);
    assert_int_equal(match.argument_count, 2);
    expect_str("first name", "bridge", match.arguments[0].name);
    expect_str("first value", "a%20b", match.arguments[0].value);
    expect_str("second name", "part", match.arguments[1].name);
    expect_str("second value", "c", match.arguments[1].value);
}

static void route_allow_lists_each_method_once(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *want;
    } cases[] = {
        {"/webhooks/channels/acme", "POST, GET, HEAD"  },
        {"/webhooks/genesys/acme",  "POST"             },
        {"/items/latest",           "GET, HEAD, DELETE"},
        {"/nothing",                ""                 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf allow;
        buf_init(&allow, 1024);
        route_allow(table, COUNT_OF(table), str_of(cases[i].path), &allow);
        expect_str(cases[i].path, cases[i].want, buf_str(&allow));
        buf_release(&allow);
    }
}

static void percent_decode_is_strict(void **state)
{
    (void)state;
    static const struct {
        const char *raw;
        const char *want; /* NULL: refused */
    } cases[] = {
        {"plain",     "plain"   },
        {"a%20b",     "a b"     },
        {"a%2Fb%2fc", "a/b/c"   },
        {"a+b",       "a+b"     }, /* a blank in queries only */
        {"%C3%A9",    "\xc3\xa9"},
        {"%25",       "%"       },
        {"%2520",     "%20"     }, /* once */
        {"%",         NULL      },
        {"a%2",       NULL      },
        {"a%zz",      NULL      },
        {"a%2gb",     NULL      },
        {"a%00b",     NULL      }, /* a name never holds a NUL */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char out[32];
        size_t len = 0;
        bool is_decoded = percent_decode(str_of(cases[i].raw), out, &len);
        expect_i64(cases[i].raw, cases[i].want != NULL, is_decoded);
        if (is_decoded)
            expect_str(cases[i].raw, cases[i].want, str_from(out, len));
    }
}

static void percent_decode_query_keeps_what_is_no_escape(void **state)
{
    (void)state;
    static const struct {
        const char *raw;
        const char *want;
    } cases[] = {
        {"plain",   "plain"},
        {"a+b%2Bc", "a b+c"},
        {"100%",    "100%" },
        {"%zz%41",  "%zzA" },
        {"%4",      "%4"   },
        {"a%00b",   "a%00b"},
        {"",        ""     },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char out[32];
        size_t len = percent_decode_query(str_of(cases[i].raw), out);
        expect_str(cases[i].raw, cases[i].want, str_from(out, len));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(route_find_follows_the_table),
        cmocka_unit_test(route_find_gives_the_arguments_undecoded),
        cmocka_unit_test(route_allow_lists_each_method_once),
        cmocka_unit_test(percent_decode_is_strict),
        cmocka_unit_test(percent_decode_query_keeps_what_is_no_escape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
