/* token: how an OAuth token is asked for, and what the login's answers mean. */
#include "support/genesys_fixture.h"
#include "support/protocol_fixture.h"

static const struct now at = {.wall_ms = INT64_C(1770110150999), .mono_ms = 1000};

static enum sender_step ask(const struct reply *last, struct sender_result *out)
{
    struct genesys_fixture genesys;

    genesys_fixture_init(&genesys);
    return genesys_sender.credential_next(&genesys.bridge, arena, last, at, out);
}

/* Source: genesys/open-messaging.md section 1.2. */
static void a_token_is_asked_for_by_client_credentials(void **state)
{
    (void)state;
    struct sender_result result;
    json_t *want = json_pack(
        "{s:s, s:s, s:{s:s, s:s}, s:s}", "method", "POST", "url",
        "https://login.mypurecloud.ie/oauth/token", "headers", "Authorization",
        "Basic MGIwZTdjMWUtMDAwMC00MDAwLTgwMDAtMDAwMDAwMDAwMDAxOmNsaWVudCBzZWNyZXQ=",
        "Content-Type", "application/x-www-form-urlencoded", "body",
        "grant_type=client_credentials");

    expect_i64("step", SENDER_EXCHANGE, ask(NULL, &result));
    expect_json("request", want, fixture_of_exchange(&result.exchange));
    json_decref(want);
}

static void a_token_lives_as_long_as_the_login_says(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *body;
        const char *token; /* NULL: there is none; it is asked for again */
        int64_t lifetime_ms;
    } cases[] = {
        {"the usual",
         "{\"access_token\":\"EXAMPLE\",\"token_type\":\"bearer\",\"expires_in\":"
         "86399}",                                                                                           "EXAMPLE", 86399000           },
        {"short",                             "{\"access_token\":\"E\",\"expires_in\":300}",                 "E",       300000             },
        {"shorter still",                     "{\"access_token\":\"E\",\"expires_in\":1}",                   "E",       1000               },
        {"not said",                          "{\"access_token\":\"E\"}",                                    "E",       300000             },
        {"said as text",                      "{\"access_token\":\"E\",\"expires_in\":\"86399\"}",           "E",
         300000                                                                                                                            },
        {"beyond belief",                     "{\"access_token\":\"E\",\"expires_in\":9223372036854775807}",
         "E",                                                                                                           INT64_C(2592000000)},
        {"over already",                      "{\"access_token\":\"E\",\"expires_in\":0}",                   NULL,      0                  },
        {"negative",                          "{\"access_token\":\"E\",\"expires_in\":-5}",                  NULL,      0                  },
        {"no token",                          "{\"expires_in\":86399}",                                      NULL,      0                  },
        {"an empty token",                    "{\"access_token\":\"\",\"expires_in\":86399}",                NULL,      0                  },
        {"a token that is a number",          "{\"access_token\":5}",                                        NULL,      0                  },
        {"a token that would break a header",
         "{\"access_token\":\"a\\r\\nX: y\",\"expires_in\":86399}",                                          NULL,      0                  },
        {"a token with a blank",              "{\"access_token\":\"a b\",\"expires_in\":86399}",
         NULL,                                                                                                          0                  },
        {"no JSON",                           "<html>",                                                      NULL,      0                  },
        {"no body",                           "",                                                            NULL,      0                  },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct reply reply = {
            .kind = REPLY_ANSWER, .status = 200, .body = str_of(cases[i].body)};
        struct sender_result result;
        expect_i64(cases[i].name, SENDER_OUTCOME, ask(&reply, &result));
        if (cases[i].token == NULL) {
            expect_i64(cases[i].name, OUTCOME_RETRY, result.outcome);
            expect_true(cases[i].name, result.reason.len > 0);
            continue;
        }
        expect_i64(cases[i].name, OUTCOME_DONE, result.outcome);
        expect_str(cases[i].name, cases[i].token, result.token);
        expect_i64(cases[i].name, cases[i].lifetime_ms, result.lifetime_ms);
    }
}

static void a_token_must_fit_in_a_header(void **state)
{
    (void)state;
    static const struct {
        int len;
        enum outcome want;
    } cases[] = {
        {4096, OUTCOME_DONE },
        {4097, OUTCOME_RETRY},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(buf_release) struct buf body;
        buf_init(&body, 8192);
        buf_add(&body, STR("{\"access_token\":\""));
        for (int n = 0; n < cases[i].len; n++)
            buf_add_char(&body, 'x');
        buf_add(&body, STR("\"}"));
        const struct reply reply = {
            .kind = REPLY_ANSWER, .status = 200, .body = buf_str(&body)};
        struct sender_result result;
        expect_i64("step", SENDER_OUTCOME, ask(&reply, &result));
        expect_i64("outcome", cases[i].want, result.outcome);
    }
}

static void every_status_has_its_outcome(void **state)
{
    (void)state;
    static const struct {
        int first;
        int last;
        enum outcome want;
    } cases[] = {
        {300, 407, OUTCOME_BROKEN   },
        {408, 408, OUTCOME_RETRY    },
        {409, 428, OUTCOME_BROKEN   },
        {429, 429, OUTCOME_SLOW_DOWN},
        {430, 499, OUTCOME_BROKEN   },
        {500, 599, OUTCOME_RETRY    },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (int status = cases[i].first; status <= cases[i].last; status++) {
            const struct reply reply = {
                .kind = REPLY_ANSWER, .status = status, .retry_after_ms = 9000};
            struct sender_result result;
            char name[32];
            (void)snprintf(name, sizeof(name), "status %d", status);
            expect_i64(name, SENDER_OUTCOME, ask(&reply, &result));
            expect_i64(name, cases[i].want, result.outcome);
            expect_i64(name, status, result.http_status);
            expect_i64(name, 9000, result.retry_after_ms);
            if (result.outcome == OUTCOME_BROKEN)
                expect_i64(name, PAUSE_ORGANISATION, result.pause);
        }
    }
}

static void both_shapes_of_errors_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int status;
        const char *body;
        const char *want;
    } cases[] = {
        {"the login's",     401,
         "{\"error\":\"invalid_client\",\"description\":\"client not found\"}",       "Genesys Cloud's login answered 401 invalid_client: client not found"},
        {"the standard's",  400,
         "{\"error\":\"invalid_client\",\"error_description\":\"client not found\"}", "Genesys Cloud's login answered 400 invalid_client: client not found"},
        {"the API's",       400,
         "{\"code\":\"bad.request\",\"message\":\"no such grant\",\"status\":400}",   "Genesys Cloud's login answered 400 bad.request: no such grant"      },
        {"none",            403, "",                                                  "Genesys Cloud's login answered 403"                                 },
        {"of another kind", 403, "{\"error\":{},\"message\":[]}",
         "Genesys Cloud's login answered 403"                                                                                                              },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct reply reply = {.kind = REPLY_ANSWER,
                                    .status = cases[i].status,
                                    .body = str_of(cases[i].body)};
        struct sender_result result;
        (void)ask(&reply, &result);
        expect_i64(cases[i].name, OUTCOME_BROKEN, result.outcome);
        expect_str(cases[i].name, cases[i].want, result.reason);
        assert_null(memmem(result.reason.ptr, result.reason.len, "client secret", 13));
    }
}

static void a_login_that_does_not_answer_is_asked_again(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum reply_kind kind;
        enum outcome want;
    } cases[] = {
        {"not sent",  REPLY_NOT_SENT,  OUTCOME_RETRY  },
        {"no answer", REPLY_UNKNOWN,   OUTCOME_UNKNOWN},
        {"cancelled", REPLY_CANCELLED, OUTCOME_UNKNOWN},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct reply reply = {
            .kind = cases[i].kind, .retry_after_ms = -1, .why = "time-out"};
        struct sender_result result;
        expect_i64(cases[i].name, SENDER_OUTCOME, ask(&reply, &result));
        expect_i64(cases[i].name, cases[i].want, result.outcome);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_asked_for_by_client_credentials),
        cmocka_unit_test(a_token_lives_as_long_as_the_login_says),
        cmocka_unit_test(a_token_must_fit_in_a_header),
        cmocka_unit_test(every_status_has_its_outcome),
        cmocka_unit_test(both_shapes_of_errors_are_read),
        cmocka_unit_test(a_login_that_does_not_answer_is_asked_again),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
