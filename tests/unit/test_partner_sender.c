/* partner_sender: what a partner is sent, to the byte, and what its answers mean. */
#include "support/partner_fixture.h"
#include "support/protocol_fixture.h"

#include "gateway/memory.h"

static struct arena *arena;
static const struct now attempt_now = {.wall_ms = INT64_C(1770110150999)};

static int set_up(void **state)
{
    (void)state;
    arena = arena_new(LIMIT_ATTEMPT_ARENA_BYTES);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static struct attempt attempt_of(const struct partner_fixture *partner,
                                 const struct delivery *delivery)
{
    return (struct attempt){
        .delivery = delivery,
        .bridge = &partner->bridge,
        .arena = arena,
        .parts_done = delivery->parts_done,
    };
}

/* ---- fixtures ---- */

static void apply_settings(struct partner_fixture *partner, const json_t *settings)
{
    struct partner_settings *own = &partner->settings;
    json_t *headers = json_object_get(settings, "headers");
    const char *name;
    json_t *value;

    own->text_max = fixture_i64(settings, "text_max", own->text_max);
    own->quick_replies_max = fixture_i64(settings, "quick_replies_max", 0);
    own->cards = json_is_true(json_object_get(settings, "cards"));
    json_object_foreach(headers, name, value)
        partner_fixture_header(partner, name, json_string_value(value));
}

/* The same verdict that the partner's library would come to, except that both sides are
 * ours: the signatures in the fixtures come from Python's hmac. */
static void expect_verifies(const char *name, const struct partner_fixture *partner,
                            const struct exchange *exchange)
{
    const struct http_message message = {
        .method = STR("POST"),
        .headers = exchange->headers,
        .header_count = exchange->header_count,
        .body = exchange->body,
    };
    struct error err;

    expect_status(name, STATUS_OK,
                  partner_source.verify(&partner->bridge, &message, attempt_now, &err));
}

static void check_fixture(const char *name, json_t *fixture)
{
    struct partner_fixture partner;
    struct delivery delivery;
    struct sender_result result;

    partner_fixture_open(&partner);
    apply_settings(&partner, json_object_get(fixture, "settings"));
    fixture_delivery(json_object_get(fixture, "delivery"), arena, &delivery);
    struct attempt attempt = attempt_of(&partner, &delivery);

    expect_i64(name, SENDER_EXCHANGE,
               partner_sender.next(&attempt, NULL, attempt_now, &result));
    expect_json(name, json_object_get(fixture, "exchange"),
                fixture_of_exchange(&result.exchange));
    expect_verifies(name, &partner, &result.exchange);
    expect_i64(name, 15000, result.exchange.timeout_ms);
    expect_false("the URL is the configuration's", result.exchange.is_outside_url);
    partner_fixture_close(&partner);
}

static void requests_are_as_the_fixtures_say(void **state)
{
    (void)state;
    fixture_each(FIXTURES "/partner/outbound", check_fixture);
}

/* ---- signing ---- */

static struct str header_of(const struct exchange *exchange, const char *name)
{
    const struct http_message message = {.headers = exchange->headers,
                                         .header_count = exchange->header_count};
    struct str value = STR_NONE;

    assert_true(http_header_find(&message, name, &value));
    return value;
}

static const struct delivery plain = {
    .public_id = "019c2228b81a7d3c9a51e0f7c6b5a493",
    .time_ms = INT64_C(1770110165427),
    .event = {.contact_id = STR("u-9"), .text = STR("Hello")},
};

static void a_retry_has_the_same_id_and_body_and_its_own_time(void **state)
{
    (void)state;
    struct partner_fixture partner;
    struct sender_result first;
    struct sender_result second;
    struct now later = {.wall_ms = attempt_now.wall_ms + 60 * 1000};

    partner_fixture_open(&partner);
    struct attempt attempt = attempt_of(&partner, &plain);
    (void)partner_sender.next(&attempt, NULL, attempt_now, &first);
    attempt = attempt_of(&partner, &plain);
    (void)partner_sender.next(&attempt, NULL, later, &second);

    expect_str_at("id", header_of(&first.exchange, "webhook-id"),
                  header_of(&second.exchange, "webhook-id"), __FILE__, __LINE__);
    expect_str_at("body", first.exchange.body, second.exchange.body, __FILE__,
                  __LINE__);
    expect_str("time", "1770110150", header_of(&first.exchange, "webhook-timestamp"));
    expect_str("later", "1770110210", header_of(&second.exchange, "webhook-timestamp"));
    partner_fixture_close(&partner);
}

static void every_secret_signs_in_the_order_of_the_list(void **state)
{
    (void)state;
    struct partner_fixture both;
    struct sender_result result;
    struct error err;

    partner_fixture_init(&both);
    partner_fixture_secret(&both, OTHER_SECRET);
    partner_fixture_secret(&both, VECTOR_SECRET);
    expect_status("ready", STATUS_OK, partner_fixture_ready(&both, &err));
    struct attempt attempt = attempt_of(&both, &plain);
    (void)partner_sender.next(&attempt, NULL, attempt_now, &result);
    struct str list = header_of(&result.exchange, "webhook-signature");
    struct str second = list;
    struct str first = str_cut(&second, ' ');

    const char *const secrets[] = {OTHER_SECRET, VECTOR_SECRET};
    const struct str signatures[] = {first, second};
    for (size_t i = 0; i < COUNT_OF(secrets); i++) {
        struct partner_fixture one;
        struct sender_result alone;
        partner_fixture_init(&one);
        partner_fixture_secret(&one, secrets[i]);
        expect_status("ready", STATUS_OK, partner_fixture_ready(&one, &err));
        attempt = attempt_of(&one, &plain);
        (void)partner_sender.next(&attempt, NULL, attempt_now, &alone);
        expect_str_at(secrets[i], header_of(&alone.exchange, "webhook-signature"),
                      signatures[i], __FILE__, __LINE__);
        partner_fixture_close(&one);
    }
    partner_fixture_close(&both);
}

static void a_ping_is_signed_and_empty(void **state)
{
    (void)state;
    struct partner_fixture partner;
    struct exchange exchange;
    struct error err;

    partner_fixture_open(&partner);
    expect_status("ping", STATUS_OK,
                  channel_ping(&partner.bridge, STR("ping-1"), attempt_now, arena,
                               &exchange, &err));
    expect_str("body",
               "{\"type\":\"ping\",\"timestamp\":\"2026-02-03T09:15:50.999Z\","
               "\"data\":{}}",
               exchange.body);
    expect_str("id", "ping-1", header_of(&exchange, "webhook-id"));
    expect_verifies("ping", &partner, &exchange);

    const struct channel other = {.name = "pigeon"};
    partner.bridge.channel = &other;
    expect_status("another channel", STATUS_UNSUPPORTED,
                  channel_ping(&partner.bridge, STR("ping-1"), attempt_now, arena,
                               &exchange, &err));
    partner.bridge.channel = channel_find(STR("partner"));
    partner_fixture_close(&partner);
}

/* ---- what answers mean ---- */

static enum sender_step hear(const struct partner_fixture *partner,
                             const struct delivery *delivery, const struct reply *reply,
                             struct sender_result *result)
{
    struct attempt attempt = attempt_of(partner, delivery);

    assert_int_equal(partner_sender.next(&attempt, NULL, attempt_now, result),
                     SENDER_EXCHANGE);
    return partner_sender.next(&attempt, reply, attempt_now, result);
}

/* Source: partner-contract.md, "omgw -> partner": the last paragraph. */
static const struct {
    int first;
    int last;
    enum outcome want;
    enum reason_code reason;
    bool may_have_arrived;
} answers[] = {
    {200, 299, OUTCOME_DONE,            REASON_GENERAL_ERROR,             false},
    {300, 399, OUTCOME_BROKEN,          REASON_GENERAL_ERROR,             false},
    {400, 400, OUTCOME_REFUSED_MESSAGE, REASON_INVALID_MESSAGE_STRUCTURE, false},
    {401, 401, OUTCOME_BROKEN,          REASON_GENERAL_ERROR,             false},
    {402, 402, OUTCOME_REFUSED_MESSAGE, REASON_GENERAL_ERROR,             false},
    {403, 403, OUTCOME_BROKEN,          REASON_GENERAL_ERROR,             false},
    {404, 404, OUTCOME_REFUSED_MESSAGE, REASON_INVALID_DESTINATION,       false},
    {405, 405, OUTCOME_BROKEN,          REASON_GENERAL_ERROR,             false},
    {406, 407, OUTCOME_REFUSED_MESSAGE, REASON_GENERAL_ERROR,             false},
    {408, 408, OUTCOME_RETRY,           REASON_GENERAL_ERROR,             false},
    {409, 409, OUTCOME_REFUSED_MESSAGE, REASON_GENERAL_ERROR,             false},
    {410, 410, OUTCOME_BROKEN,          REASON_GENERAL_ERROR,             false},
    {411, 412, OUTCOME_REFUSED_MESSAGE, REASON_GENERAL_ERROR,             false},
    {413, 413, OUTCOME_REFUSED_MESSAGE, REASON_INVALID_MESSAGE_STRUCTURE, false},
    {414, 421, OUTCOME_REFUSED_MESSAGE, REASON_GENERAL_ERROR,             false},
    {422, 422, OUTCOME_REFUSED_MESSAGE, REASON_MESSAGE_NOT_ALLOWED,       false},
    {423, 428, OUTCOME_REFUSED_MESSAGE, REASON_GENERAL_ERROR,             false},
    {429, 429, OUTCOME_SLOW_DOWN,       REASON_GENERAL_ERROR,             false},
    {430, 499, OUTCOME_REFUSED_MESSAGE, REASON_GENERAL_ERROR,             false},
    {500, 501, OUTCOME_RETRY,           REASON_GENERAL_ERROR,             false},
    {502, 502, OUTCOME_RETRY,           REASON_GENERAL_ERROR,             true },
    {503, 503, OUTCOME_RETRY,           REASON_GENERAL_ERROR,             false},
    {504, 504, OUTCOME_RETRY,           REASON_GENERAL_ERROR,             true },
    {505, 599, OUTCOME_RETRY,           REASON_GENERAL_ERROR,             false},
};

static void every_status_has_the_contracts_outcome(void **state)
{
    (void)state;
    struct partner_fixture partner;
    int next = 200;

    partner_fixture_open(&partner);
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        assert_int_equal(answers[i].first, next); /* the table has no holes */
        next = answers[i].last + 1;
        for (int status = answers[i].first; status <= answers[i].last; status++) {
            const struct reply reply = {.kind = REPLY_ANSWER,
                                        .status = status,
                                        .retry_after_ms = 7000,
                                        .why = ""};
            struct sender_result result;
            char name[32];
            (void)snprintf(name, sizeof(name), "status %d", status);
            expect_i64(name, SENDER_OUTCOME, hear(&partner, &plain, &reply, &result));
            expect_i64(name, answers[i].want, result.outcome);
            expect_i64(name, answers[i].reason, result.reason_code);
            expect_i64(name, answers[i].may_have_arrived, result.may_have_arrived);
            expect_i64(name, status, result.http_status);
            expect_i64(name, 7000, result.retry_after_ms);
            expect_i64(name, answers[i].want == OUTCOME_DONE, result.reason.len == 0);
            if (result.outcome == OUTCOME_BROKEN)
                expect_i64(name, PAUSE_BRIDGE_TO_CHANNEL, result.pause);
            arena_reset(arena);
        }
    }
    assert_int_equal(next, 600);
    partner_fixture_close(&partner);
}

static void silence_is_told_apart_from_not_being_heard(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum reply_kind kind;
        enum outcome want;
        bool may_have_arrived;
        const char *reason;
    } cases[] = {
        {"not sent",  REPLY_NOT_SENT,  OUTCOME_RETRY,   false,
         "the partner was not reached: connection refused"},
        {"no answer", REPLY_UNKNOWN,   OUTCOME_UNKNOWN, true,
         "the partner did not answer: connection refused" },
        {"cancelled", REPLY_CANCELLED, OUTCOME_UNKNOWN, true,
         "the partner did not answer: connection refused" },
    };
    struct partner_fixture partner;

    partner_fixture_open(&partner);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct reply reply = {
            .kind = cases[i].kind, .retry_after_ms = -1, .why = "connection refused"};
        struct sender_result result;
        expect_i64(cases[i].name, SENDER_OUTCOME,
                   hear(&partner, &plain, &reply, &result));
        expect_i64(cases[i].name, cases[i].want, result.outcome);
        expect_i64(cases[i].name, cases[i].may_have_arrived, result.may_have_arrived);
        expect_i64(cases[i].name, -1, result.retry_after_ms);
        expect_str(cases[i].name, cases[i].reason, result.reason);
    }
    partner_fixture_close(&partner);
}

static void the_partners_id_is_taken_where_it_is_one(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *body;
        const char *want;
    } cases[] = {
        {"an id",               "{\"id\":\"p-77\",\"more\":1}", "p-77"},
        {"none",                "{}",                           ""    },
        {"no body",             "",                             ""    },
        {"no JSON",             "OK",                           ""    },
        {"a list",              "[\"p-77\"]",                   ""    },
        {"a number",            "{\"id\":77}",                  ""    },
        {"empty",               "{\"id\":\"\"}",                ""    },
        {"a control character", "{\"id\":\"a\\nb\"}",           ""    },
        {"a NUL",               "{\"id\":\"a\\u0000\"}",        ""    },
    };
    struct partner_fixture partner;

    partner_fixture_open(&partner);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct reply reply = {
            .kind = REPLY_ANSWER, .status = 200, .body = str_of(cases[i].body)};
        struct sender_result result;
        (void)hear(&partner, &plain, &reply, &result);
        expect_i64(cases[i].name, OUTCOME_DONE, result.outcome);
        expect_str(cases[i].name, cases[i].want, result.provider_id);
    }
    partner_fixture_close(&partner);
}

/* ---- parts ---- */

static void a_long_text_goes_part_by_part(void **state)
{
    (void)state;
    static const char *const ids[] = {
        "019c2228b81a7d3c9a51e0f7c6b5a493",
        "019c2228b81a7d3c9a51e0f7c6b5a493-1",
        "019c2228b81a7d3c9a51e0f7c6b5a493-2",
    };
    const struct reply taken = {
        .kind = REPLY_ANSWER, .status = 202, .body = STR("{\"id\":\"p\"}")};
    struct partner_fixture partner;
    struct sender_result result;

    partner_fixture_open(&partner);
    partner.settings.text_max = 2; /* He ll o */
    struct attempt attempt = attempt_of(&partner, &plain);
    for (unsigned part = 0; part < 3; part++) {
        attempt.parts_done = part; /* the engine counts */
        expect_i64(ids[part], SENDER_EXCHANGE,
                   partner_sender.next(&attempt, NULL, attempt_now, &result));
        expect_str("id", ids[part], header_of(&result.exchange, "webhook-id"));
        expect_i64(ids[part], part < 2 ? SENDER_PROGRESS : SENDER_OUTCOME,
                   partner_sender.next(&attempt, &taken, attempt_now, &result));
        expect_str("provider id", "p", result.provider_id);
    }
    expect_i64("all are out", OUTCOME_DONE, result.outcome);
    partner_fixture_close(&partner);
}

static void an_attempt_resumes_at_the_first_part_not_done(void **state)
{
    (void)state;
    const struct reply taken = {.kind = REPLY_ANSWER, .status = 200};
    const struct reply refused = {.kind = REPLY_ANSWER, .status = 503};
    struct delivery delivery = plain;
    struct partner_fixture partner;
    struct sender_result result;

    partner_fixture_open(&partner);
    partner.settings.text_max = 2;
    delivery.parts_done = 2;
    expect_i64("last part", SENDER_OUTCOME, hear(&partner, &delivery, &taken, &result));
    expect_i64("done", OUTCOME_DONE, result.outcome);
    delivery.parts_done = 1;
    expect_i64("part in between", SENDER_PROGRESS,
               hear(&partner, &delivery, &taken, &result));
    expect_i64("not taken", SENDER_OUTCOME,
               hear(&partner, &delivery, &refused, &result));
    expect_i64("again", OUTCOME_RETRY, result.outcome);

    partner.settings.text_max = 100; /* meanwhile it is one part */
    struct attempt attempt = attempt_of(&partner, &delivery);
    expect_i64("nothing is left", SENDER_OUTCOME,
               partner_sender.next(&attempt, NULL, attempt_now, &result));
    expect_i64("done", OUTCOME_DONE, result.outcome);
    partner_fixture_close(&partner);
}

/* ---- what is not said ---- */

static enum sender_step refuse(const struct delivery *delivery,
                               struct sender_result *result)
{
    struct partner_fixture partner;

    partner_fixture_open(&partner);
    struct attempt attempt = attempt_of(&partner, delivery);
    enum sender_step step = partner_sender.next(&attempt, NULL, attempt_now, result);
    partner_fixture_close(&partner);
    return step;
}

static void only_messages_go_out_of_a_lane(void **state)
{
    (void)state;
    for (unsigned kind = EVENT_EDIT; kind <= EVENT_UNREADABLE; kind++) {
        struct delivery delivery = plain;
        struct sender_result result;
        delivery.event.kind = (enum event_kind)kind;
        const char *name = event_kind_name(delivery.event.kind);
        expect_i64(name, SENDER_OUTCOME, refuse(&delivery, &result));
        expect_i64(name, OUTCOME_REFUSED_MESSAGE, result.outcome);
        expect_i64(name, REASON_UNSUPPORTED_MESSAGE, result.reason_code);
        expect_true(name, result.reason.len > 0);
    }
}

static void a_status_without_the_partners_id_is_given_up(void **state)
{
    (void)state;
    struct delivery delivery = plain;
    struct sender_result result;

    delivery.class = DELIVERY_RECEIPT;
    expect_i64("step", SENDER_OUTCOME, refuse(&delivery, &result));
    expect_i64("outcome", OUTCOME_REFUSED_MESSAGE, result.outcome);
}

/* More than one request may hold is refused, not fatal. */
static void a_message_too_large_is_refused(void **state)
{
    (void)state;
    size_t len = 2u * LIMIT_EXCHANGE_BYTES;
    CLEANUP(mem_freep) char *text = mem_new(len);
    struct delivery delivery = plain;
    struct attachment file = {.name = STR("a")};
    struct sender_result result;
    struct partner_fixture partner;

    memset(text, 'x', len);
    delivery.event.text = str_from(text, len);
    partner_fixture_open(&partner);
    partner.settings.text_max = INT64_C(1) << 30;
    for (size_t files = 0; files <= 1; files++) { /* plain, then with lines added */
        delivery.event.content =
            (struct content){.attachments = &file, .attachment_count = files};
        struct attempt attempt = attempt_of(&partner, &delivery);
        expect_i64("step", SENDER_OUTCOME,
                   partner_sender.next(&attempt, NULL, attempt_now, &result));
        expect_i64("outcome", OUTCOME_REFUSED_MESSAGE, result.outcome);
        expect_i64("reason", REASON_INVALID_MESSAGE_STRUCTURE, result.reason_code);
    }
    partner_fixture_close(&partner);
}

/* Memory that runs out inside cJSON costs an attempt, not the message. */
static void a_request_there_is_no_memory_for_is_tried_again(void **state)
{
    (void)state;
    for (unsigned class = DELIVERY_MESSAGE; class <= DELIVERY_TYPING; class ++) {
        struct choice reply = {.label = STR("Yes"), .payload = STR("y")};
        struct card card = {.title = STR("t"), .choices = &reply, .choice_count = 1};
        struct delivery delivery = plain;
        struct partner_fixture partner;
        enum sender_step step = SENDER_OUTCOME;

        partner_fixture_open(&partner);
        partner.settings.quick_replies_max = 1;
        partner.settings.cards = true;
        delivery.class = (enum delivery_class) class;
        delivery.target_peer_id = STR("m-1");
        delivery.event.receipt_status = MESSAGE_FAILED;
        delivery.event.content = (struct content){.quick_replies = &reply,
                                                  .quick_reply_count = 1,
                                                  .cards = &card,
                                                  .card_count = 1};
        for (unsigned nth = 0; step == SENDER_OUTCOME; nth++) {
            struct attempt attempt = attempt_of(&partner, &delivery);
            struct sender_result result;
            cjson_fail_from(nth);
            step = partner_sender.next(&attempt, NULL, attempt_now, &result);
            expect_true("refused nothing",
                        cjson_fail_stop() == (step == SENDER_OUTCOME));
            if (step == SENDER_OUTCOME)
                expect_i64("outcome", OUTCOME_RETRY, result.outcome);
            assert_true(nth < 200);
        }
        partner_fixture_close(&partner);
    }
}

static void an_answer_there_is_no_memory_for_is_as_good_as_lost(void **state)
{
    const struct reply reply = {
        .kind = REPLY_ANSWER, .status = 200, .body = STR("{\"id\":\"their-id\"}")};
    bool has_failed = true;
    (void)state;
    for (unsigned nth = 0; has_failed; nth++) {
        struct partner_fixture partner;
        struct delivery delivery = plain;
        struct sender_result result;
        partner_fixture_open(&partner);
        struct attempt attempt = attempt_of(&partner, &delivery);
        expect_i64("asks", SENDER_EXCHANGE,
                   partner_sender.next(&attempt, NULL, attempt_now, &result));
        cjson_fail_from(nth);
        expect_i64("step", SENDER_OUTCOME,
                   partner_sender.next(&attempt, &reply, attempt_now, &result));
        has_failed = cjson_fail_stop();
        expect_i64("outcome", has_failed ? OUTCOME_UNKNOWN : OUTCOME_DONE,
                   result.outcome);
        expect_str("id", has_failed ? "" : "their-id", result.provider_id);
        partner_fixture_close(&partner);
    }
}

static void there_is_no_credential_to_fetch(void **state)
{
    (void)state;
    struct partner_fixture partner;
    struct sender_result result = {0};

    partner_fixture_open(&partner);
    expect_i64("step", SENDER_OUTCOME,
               partner_sender.credential_next(&partner.bridge, arena, NULL, attempt_now,
                                              &result));
    expect_i64("outcome", OUTCOME_DONE, result.outcome);
    partner_fixture_close(&partner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_as_the_fixtures_say),
        cmocka_unit_test(a_retry_has_the_same_id_and_body_and_its_own_time),
        cmocka_unit_test(every_secret_signs_in_the_order_of_the_list),
        cmocka_unit_test(a_ping_is_signed_and_empty),
        cmocka_unit_test(every_status_has_the_contracts_outcome),
        cmocka_unit_test(silence_is_told_apart_from_not_being_heard),
        cmocka_unit_test(the_partners_id_is_taken_where_it_is_one),
        cmocka_unit_test(a_long_text_goes_part_by_part),
        cmocka_unit_test(an_attempt_resumes_at_the_first_part_not_done),
        cmocka_unit_test(only_messages_go_out_of_a_lane),
        cmocka_unit_test(a_status_without_the_partners_id_is_given_up),
        cmocka_unit_test(a_message_too_large_is_refused),
        cmocka_unit_test(a_request_there_is_no_memory_for_is_tried_again),
        cmocka_unit_test(an_answer_there_is_no_memory_for_is_as_good_as_lost),
        cmocka_unit_test(there_is_no_credential_to_fetch),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
