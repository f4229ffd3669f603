#include "support/expect.h"

#include "gateway/json.h"
#include "gateway/limits.h"
#include "gateway/setup.h"

static struct arena *arena;
static struct setup setup;

static const struct bridge bridge = {
    .name = (char[]){"one"},
    .public_url = "https://hooks.example.com/omgw",
};

static enum status ask(struct setup *run, struct error *err)
{
    (void)err;
    setup_ask(run, "GET", STR("https://api.example.com/"));
    return STATUS_OK;
}

static enum status ask_not(struct setup *run, struct error *err)
{
    (void)run;
    (void)err;
    return STATUS_DUPLICATE;
}

static enum status ask_wrongly(struct setup *run, struct error *err)
{
    (void)run;
    return fail(err, STATUS_TOO_LARGE, "too large");
}

/* Says how it went; a body of "stop" ends the plan. */
static bool told(struct setup *run, const struct reply *reply, const struct json *body)
{
    struct str text = STR("none");
    (void)json_str(body, &text);
    if (reply->status != 200)
        return setup_refused(run, reply, text);
    setup_find(run, SETUP_WELL, "%.*s", STR_ARG(text));
    return !str_is(text, "stop");
}

static void values(struct setup *run)
{
    run->where = "there";
    setup_enter(run, "Field", STR("value"));
}

static const struct setup_stage stages[] = {
    {SETUP_ALWAYS,  "first",    ask,         told},
    {SETUP_ALWAYS,  "nothing",  ask_not,     told},
    {SETUP_CONNECT, "register", ask,         told},
    {SETUP_CONNECT, "wrong",    ask_wrongly, told},
};
static const struct setup_plan plan = {"The service", values, stages, COUNT_OF(stages)};

static void begin(enum setup_goal goal, const struct setup_plan *which)
{
    setup = (struct setup){.bridge = &bridge, .goal = goal, .arena = arena};
    setup_begin(&setup, which);
}

static struct reply answer(int status, const char *body)
{
    return (struct reply){.status = status, .body = str_of(body), .why = ""};
}

static void expect_finding(size_t i, enum setup_level level, const char *about,
                           const char *text)
{
    assert_true(i < setup.finding_count);
    expect_i64(text, level, setup.findings[i].level);
    assert_string_equal(about, setup.findings[i].about);
    expect_str(text, text, setup.findings[i].text);
}

static void a_plan_goes_from_stage_to_stage(void **state)
{
    (void)state;
    struct reply reply = answer(200, "\"well\"");
    begin(SETUP_CONNECT, &plan);
    expect_i64("first", SETUP_EXCHANGE, setup_next(&setup, NULL));
    expect_i64("register", SETUP_EXCHANGE, setup_next(&setup, &reply));
    reply = answer(200, "no JSON");
    expect_i64("the end", SETUP_DONE, setup_next(&setup, &reply));
    expect_finding(0, SETUP_WELL, "first", "well");
    expect_finding(1, SETUP_WELL, "register", "none");
    expect_finding(2, SETUP_MISCONFIGURED, "wrong", "too large");
    expect_i64("findings", 3, (int64_t)setup.finding_count);
    expect_i64("the gravest", SETUP_MISCONFIGURED, setup_verdict(&setup));
    expect_i64("values", 1, (int64_t)setup.value_count);
    expect_str("a value", "value", setup.values[0].value);
}

static void a_check_changes_nothing_and_says_no_values(void **state)
{
    (void)state;
    struct reply reply = answer(200, "\"well\"");
    begin(SETUP_CHECK, &plan);
    expect_i64("first", SETUP_EXCHANGE, setup_next(&setup, NULL));
    expect_i64("the end", SETUP_DONE, setup_next(&setup, &reply));
    expect_i64("all is well", SETUP_WELL, setup_verdict(&setup));
    expect_i64("no values", 0, (int64_t)setup.value_count);
}

static void a_plan_ends_where_a_stage_says_so(void **state)
{
    (void)state;
    struct reply reply = answer(200, "\"stop\"");
    begin(SETUP_CONNECT, &plan);
    (void)setup_next(&setup, NULL);
    expect_i64("the end", SETUP_DONE, setup_next(&setup, &reply));
}

static void a_refusal_says_who_has_to_act(void **state)
{
    (void)state;
    static const struct {
        int status;
        enum setup_level want;
    } cases[] = {
        {400, SETUP_WRONG        },
        {401, SETUP_MISCONFIGURED},
        {403, SETUP_MISCONFIGURED},
        {404, SETUP_WRONG        },
        {408, SETUP_UNREACHABLE  },
        {429, SETUP_UNREACHABLE  },
        {500, SETUP_UNREACHABLE  },
        {503, SETUP_UNREACHABLE  },
        {302, SETUP_WRONG        },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reply reply = answer(cases[i].status, "\"no\\nand no\"");
        char want[64];
        (void)snprintf(want, sizeof(want), "The service answered %d: no and no",
                       cases[i].status);
        begin(SETUP_CHECK, &plan);
        (void)setup_next(&setup, NULL);
        expect_i64("the end", SETUP_DONE, setup_next(&setup, &reply));
        expect_finding(0, cases[i].want, "first", want);
    }
}

static void no_answer_tells_nothing(void **state)
{
    (void)state;
    struct reply reply = {.kind = REPLY_UNKNOWN, .why = "no answer in time"};
    begin(SETUP_CHECK, &plan);
    (void)setup_next(&setup, NULL);
    expect_i64("the end", SETUP_DONE, setup_next(&setup, &reply));
    expect_finding(0, SETUP_UNREACHABLE, "first",
                   "The service did not answer: no answer in time");
    reply = (struct reply){.kind = REPLY_NOT_SENT, .why = "no connection"};
    begin(SETUP_CHECK, &plan);
    (void)setup_next(&setup, NULL);
    expect_i64("the end", SETUP_DONE, setup_next(&setup, &reply));
    expect_finding(0, SETUP_UNREACHABLE, "first",
                   "The service was not reached: no connection");
}

static void a_long_finding_is_cut_between_characters(void **state)
{
    (void)state;
    char text[4 * LIMIT_REASON_BYTES];
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = "\xc3\xa9"[i % 2];
    text[sizeof(text) - 2] = '\0';
    begin(SETUP_CHECK, &plan);
    setup_say(&setup, SETUP_NOTE, "text", "x%s", text);
    expect_true("short enough", setup.findings[0].text.len <= LIMIT_REASON_BYTES);
    expect_true("whole", utf8_is_valid(setup.findings[0].text));
}

static void a_foreign_url_is_shown_without_its_path(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        const char *want;
    } cases[] = {
        {"https://hooks.example.com/omgw/webhooks/channels/two",
         "https://hooks.example.com/omgw/webhooks/channels/two"                                    },
        {"https://hooks.example.com/omgw2/x",                    "https://hooks.example.com/..."   },
        {"https://old.example.com/secret",                       "https://old.example.com/..."     },
        {"https://u:p@old.example.com:8443/x",                   "https://old.example.com:8443/..."},
        {"https://u:p@q@old.example.com",                        "https://old.example.com/..."     },
        {"https://old.example.com?token=x",                      "https://old.example.com/..."     },
        {"secret",                                               "no URL"                          },
        {"",                                                     "no URL"                          },
    };
    begin(SETUP_CHECK, &plan);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_str(cases[i].url, cases[i].want,
                   setup_shown_url(&setup, str_of(cases[i].url)));
}

static void without_a_plan_that_is_said(void **state)
{
    (void)state;
    begin(SETUP_CONNECT, &setup_none);
    expect_i64("nothing to ask", SETUP_DONE, setup_next(&setup, NULL));
    expect_i64("a note", SETUP_NOTE, setup_verdict(&setup));
}

static int set_up(void **state)
{
    (void)state;
    arena = arena_new(LIMIT_REQUEST_ARENA_BYTES);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_goes_from_stage_to_stage),
        cmocka_unit_test(a_check_changes_nothing_and_says_no_values),
        cmocka_unit_test(a_plan_ends_where_a_stage_says_so),
        cmocka_unit_test(a_refusal_says_who_has_to_act),
        cmocka_unit_test(no_answer_tells_nothing),
        cmocka_unit_test(a_long_finding_is_cut_between_characters),
        cmocka_unit_test(a_foreign_url_is_shown_without_its_path),
        cmocka_unit_test(without_a_plan_that_is_said),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
