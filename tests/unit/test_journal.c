#include "support/expect.h"

#include "demo/journal.h"

/* Lines of the gateway's log, as the demo's page gets them. */

#define TS "\"ts\":\"2026-02-03T09:15:40.250Z\",\"level\":\"info\""
#define AT "\"what\":\"log\",\"at\":1770110140250"

static void a_line_becomes_what_the_page_shows(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *line;
        const char *want; /* NULL: passed over */
    } cases[] = {
        {"an acceptance, its status a word",
         "{" TS ",\"event\":\"webhook.accepted\",\"bridge\":\"acme\",\"direction\":"
         "\"inbound\",\"message\":\"01a2\",\"conversation\":1,\"events\":1,"
         "\"status\":\"ok\",\"took_ms\":2}",                                                            "{" AT ",\"event\":\"webhook.accepted\",\"direction\":\"inbound\","
         "\"message\":\"01a2\",\"conversation\":1,\"status\":\"ok\",\"took_ms\":2,"
         "\"events\":1}"                                        },
        {"an outcome, its status a number",
         "{" TS ",\"event\":\"delivery.died\",\"message\":\"01a2\",\"status\":422,"
         "\"reason\":\"the partner answered 422\"}",                                                    "{" AT ",\"event\":\"delivery.died\",\"message\":\"01a2\",\"status\":422,"
         "\"reason\":\"the partner answered 422\"}"     },
        {"members the page does not know are left out",
         "{" TS ",\"event\":\"account.went_down\",\"account\":\"main\",\"secret\":1}",
         "{" AT ",\"event\":\"account.went_down\"}"                                                         },
        {"an event that is not on the way",             "{" TS ",\"event\":\"serve.started\"}",
         NULL                                                                                               },
        {"no event",                                    "{" TS "}",                                     NULL},
        {"no time",                                     "{\"event\":\"delivery.sent\"}",                NULL},
        {"a time that is none",                         "{\"ts\":\"now\",\"event\":\"delivery.sent\"}", NULL},
        {"words of a person",                           "omgw: cannot start: the address is in use",    NULL},
        {"nothing",                                     "",                                             NULL},
        {"a list",                                      "[1]",                                          NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(json_freep) struct json *event = journal_read(str_of(cases[i].line));
        CLEANUP(buf_release) struct buf text;
        buf_init(&text, 4096);
        if (event != NULL)
            assert_int_equal(json_print(event, &text, NULL), STATUS_OK);
        expect_str(cases[i].name, cases[i].want, buf_str(&text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_becomes_what_the_page_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
