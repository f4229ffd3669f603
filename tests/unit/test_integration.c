/* integration: what Genesys Cloud's answers say of a client and its integration. */
#include "support/genesys_fixture.h"
#include "support/protocol_fixture.h"

#define STAGES 3
#define TOKEN "{\"access_token\":\"EXAMPLE\",\"expires_in\":300}"
#define OURS "https://hooks.example.com/webhooks/genesys/main"
#define INTEGRATION(url, more)                                                         \
    "{\"outboundNotificationWebhookUrl\":\"" url "\"" more "}"

struct answer {
    int status; /* 0: it is not asked */
    const char *body;
};

static struct genesys_fixture genesys;
static struct setup setup;

/* Tells the answers, and says how many were asked for. */
static size_t run(const struct answer *answers)
{
    const struct reply *last = NULL;
    struct reply reply;
    size_t asked = 0;

    genesys_fixture_init(&genesys);
    genesys.bridge.public_url = "https://hooks.example.com";
    setup =
        (struct setup){.bridge = &genesys.bridge, .goal = SETUP_CHECK, .arena = arena};
    setup_begin(&setup, &genesys_setup);
    while (setup_next(&setup, last) == SETUP_EXCHANGE) {
        assert_true(asked < STAGES && answers[asked].status != 0);
        reply = (struct reply){.status = answers[asked].status,
                               .body = str_of(answers[asked].body),
                               .correlation_id = STR("c-1"),
                               .why = ""};
        last = &reply;
        asked++;
    }
    return asked;
}

static void each_answer_is_said_in_words(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct answer answers[STAGES];
        enum setup_level want;
        const char *last; /* of the findings */
    } cases[] = {
        {"all is well",
         {{200, TOKEN},
          {200,
           INTEGRATION(OURS, ",\"status\":\"active\",\"createStatus\":\"Completed\"")}},
         SETUP_WELL,          "posts to " OURS                                                        },
        {"with a flow",
         {{200, TOKEN},
          {200, INTEGRATION(OURS, ",\"recipient\":{\"id\":\"r 1\"}")},
          {200, "{\"flow\":{\"id\":\"f\"}}"}},
         SETUP_WELL,          "posts to " OURS                                                        },
        {"without a flow",
         {{200, TOKEN},
          {200, INTEGRATION(OURS, ",\"recipient\":{\"id\":\"r 1\"}")},
          {200, "{}"}},
         SETUP_NOTE,          "no inbound message flow is attached to the integration: customers' lines may "
         "reach no agent"                                                         },
        {"flows may not be looked at",
         {{200, TOKEN},
          {200, INTEGRATION(OURS, ",\"recipient\":{\"id\":\"r 1\"}")},
          {403, "{}"}},
         SETUP_WELL,          "posts to " OURS                                                        },
        {"a wrong client",
         {{401, "{\"error\":\"invalid_client\",\"description\":\"client not found\"}"}},
         SETUP_MISCONFIGURED, "Genesys Cloud's login answered 401 invalid_client: client not found "
         "(correlation id c-1)"                                          },
        {"a busy login",
         {{503, ""}},
         SETUP_UNREACHABLE,   "Genesys Cloud's login answered 503"                                    },
        {"no permission to look",
         {{200, TOKEN}, {403, "{\"code\":\"missing.permissions\"}"}},
         SETUP_NOTE,          "not looked at: the client has no permission messaging:integration:view"},
        {"no such integration",
         {{200, TOKEN}, {404, "{\"code\":\"not.found\"}"}},
         SETUP_MISCONFIGURED, "main has no integration 5a1d3a52-0000-4000-8000-000000000002"          },
        {"a busy API",
         {{200, TOKEN}, {429, "{\"code\":\"too.many.requests\"}"}},
         SETUP_UNREACHABLE,   "Genesys Cloud answered 429: too.many.requests (correlation id c-1)"    },
        {"it posts to somebody else",
         {{200, TOKEN}, {200, INTEGRATION("https://else.example.com/secret", "")}},
         SETUP_WRONG,         "posts to https://else.example.com/...: its outbound notification webhook URL "
         "must be " OURS                                                         },
        {"it posts to another bridge",
         {{200, TOKEN},
          {200, INTEGRATION("https://hooks.example.com/webhooks/genesys/two", "")}},
         SETUP_WRONG,         "posts to https://hooks.example.com/webhooks/genesys/two: its outbound "
         "notification webhook URL must be " OURS                                },
        {"it could not be created",
         {{200, TOKEN}, {200, INTEGRATION(OURS, ",\"createStatus\":\"Error\"")}},
         SETUP_WRONG,         "Genesys Cloud could not create it: make another"                       },
        {"it is being created",
         {{200, TOKEN}, {200, INTEGRATION(OURS, ",\"createStatus\":\"Initiated\"")}},
         SETUP_NOTE,          "Genesys Cloud is still creating it"                                    },
        {"it is inactive",
         {{200, TOKEN}, {200, INTEGRATION(OURS, ",\"status\":\"Inactive\"")}},
         SETUP_WRONG,         "its status is Inactive"                                                },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t asked = run(cases[i].answers);
        expect_true(cases[i].name,
                    asked == STAGES || cases[i].answers[asked].status == 0);
        expect_i64(cases[i].name, cases[i].want, setup_verdict(&setup));
        expect_str(cases[i].name, cases[i].last,
                   setup.findings[setup.finding_count - 1].text);
    }
}

/* Source: genesys/open-messaging.md section 2.1. */
static void the_integration_is_read_with_the_token(void **state)
{
    (void)state;
    static const struct answer answers[STAGES] = {
        {200, TOKEN},
        {404, ""   }
    };
    json_t *want =
        json_pack("{s:s, s:s, s:{s:s}, s:s}", "method", "GET", "url",
                  "https://api.mypurecloud.ie/api/v2/conversations/messaging/"
                  "integrations/open/5a1d3a52-0000-4000-8000-000000000002",
                  "headers", "Authorization", "Bearer EXAMPLE", "body", "");

    expect_i64("asked", 2, (int64_t)run(answers));
    expect_json("request", want, fixture_of_exchange(&setup.exchange));
    json_decref(want);
}

/* Source: genesys/open-messaging.md section 2.2. */
static void its_flow_is_that_of_its_recipient(void **state)
{
    (void)state;
    static const struct answer answers[STAGES] = {
        {200, TOKEN           },
        {200, INTEGRATION(OURS, ",\"recipient\":{\"id\":\"r/1\"}")},
        {200,   "{}"                }
    };

    expect_i64("asked", 3, (int64_t)run(answers));
    assert_string_equal(
        "https://api.mypurecloud.ie/api/v2/routing/message/recipients/r%2F1",
        setup.exchange.url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_answer_is_said_in_words, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_integration_is_read_with_the_token, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(its_flow_is_that_of_its_recipient, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
