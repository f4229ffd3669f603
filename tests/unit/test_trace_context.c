/* trace_context: what is kept of a traceparent, and what is handed on. */
#include "support/expect.h"

#include "gateway/trace_context.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN "00f067aa0ba902b7"
#define GOOD "00-" TRACE "-" SPAN "-01"
#define PUBLIC_ID "01a1fe3f9f4179ba9f082f8f089af5ec"

/* Source: W3C Trace Context, "3.2 Traceparent Header"; read 2026-11-21. */
static void a_traceparent_is_read_to_the_letter(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *value;
        const char *want;
    } cases[] = {
        {"version 00",                       GOOD,                                              GOOD                      },
        {"not sampled",                      "00-" TRACE "-" SPAN "-00",                        "00-" TRACE "-" SPAN "-00"},
        {"a later version",                  "cc-" TRACE "-" SPAN "-01",                        "cc-" TRACE "-" SPAN "-01"},
        {"a later version, longer",          "cc-" TRACE "-" SPAN "-01-what-comes",
         "cc-" TRACE "-" SPAN "-01"                                                                                       },
        {"a later version, longer, no dash", "cc-" TRACE "-" SPAN "-01.what-comes",             ""                        },
        {"version 00, longer",               GOOD "-x",                                         ""                        },
        {"version ff",                       "ff-" TRACE "-" SPAN "-01",                        ""                        },
        {"nothing",                          "",                                                ""                        },
        {"shorter",                          "00-" TRACE "-" SPAN "-0",                         ""                        },
        {"capitals in the version",          "0A-" TRACE "-" SPAN "-01",                        ""                        },
        {"capitals in the trace id",         "00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01",
         ""                                                                                                               },
        {"no hex in the span id",            "00-" TRACE "-00f067aa0ba902bg-01",                ""                        },
        {"no hex in the flags",              "00-" TRACE "-" SPAN "-0x",                        ""                        },
        {"a trace id of zeros",              "00-00000000000000000000000000000000-" SPAN "-01", ""                        },
        {"a span id of zeros",               "00-" TRACE "-0000000000000000-01",                ""                        },
        {"a dash inside an id",              "00-4bf92f3577b34da6-3ce929d0e0e4736-" SPAN "-01", ""                        },
        {"another dash",                     "00_" TRACE "-" SPAN "-01",                        ""                        },
        {"another dash before the span",     "00-" TRACE "_" SPAN "-01",                        ""                        },
        {"another dash before the flags",    "00-" TRACE "-" SPAN "_01",                        ""                        },
        {"a blank before it",                " " GOOD,                                          ""                        },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_str(cases[i].name, cases[i].want,
                   traceparent_read(str_of(cases[i].value)));
}

/* A made one without its span id, "TRACE FLAGS", after checking the span. */
static void expect_made(const char *name, const char *parent, const char *public_id,
                        const char *want_trace, const char *want_flags)
{
    struct random random;
    char made[TRACEPARENT_BYTES + 1];
    char again[TRACEPARENT_BYTES + 1];

    random_seed(&random, 7);
    traceparent_make(str_of(parent), str_of(public_id), &random, made);
    traceparent_make(str_of(parent), str_of(public_id), &random, again);
    expect_str(name, made, traceparent_read(str_of(made)));
    expect_str(name, "00-", str_sub(str_of(made), 0, 3));
    if (want_trace != NULL)
        expect_str(name, want_trace, str_sub(str_of(made), 3, 32));
    expect_str(name, want_flags, str_sub(str_of(made), 53, 2));
    assert_memory_not_equal(made + 36, SPAN, 16);
    assert_memory_not_equal(made + 36, again + 36, 16);
}

static void a_request_is_a_new_span_of_the_same_trace(void **state)
{
    (void)state;
    expect_made("the caller's trace", GOOD, PUBLIC_ID, TRACE, "01");
    expect_made("not sampled stays so", "00-" TRACE "-" SPAN "-00", PUBLIC_ID, TRACE,
                "00");
    expect_made("flags that are not known are not repeated", "00-" TRACE "-" SPAN "-ff",
                PUBLIC_ID, TRACE, "03");
    expect_made("we speak version 00", "cc-" TRACE "-" SPAN "-01", PUBLIC_ID, TRACE,
                "01");
    expect_made("the message's own id", "", PUBLIC_ID, PUBLIC_ID, "00");
    expect_made("typing has none", "", "", NULL, "00");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_traceparent_is_read_to_the_letter),
        cmocka_unit_test(a_request_is_a_new_span_of_the_same_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
