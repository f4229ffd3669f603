/* inbound: what Genesys Cloud is sent, and what its answers mean. */
#include "support/genesys_fixture.h"
#include "support/protocol_fixture.h"

#include "gateway/memory.h"

#define CONVERSATION "0f9e8d7c-6b5a-4938-8271-605f4e3d2c1b"

static const struct now at = {.wall_ms = INT64_C(1770110150999), .mono_ms = 1000};

/* One try of a delivery, with the credential of its account. */
struct
try {
    struct genesys_fixture genesys;
    struct credential credential;
    struct delivery delivery;
    struct attempt attempt;
    struct sender_result result;
};

static void begin(struct try *try, const struct delivery *delivery)
{
    memset(try, 0, sizeof(*try));
    genesys_fixture_init(&try->genesys);
    try->credential = (struct credential){
        .token = STR("EXAMPLE-TOKEN"), .lifetime_ms = 86400 * 1000, .generation = 1};
    try->delivery = *delivery;
    try->attempt = (struct attempt){
        .delivery = &try->delivery,
        .bridge = &try->genesys.bridge,
        .credential = &try->credential,
        .arena = arena,
        .parts_done = delivery->parts_done,
    };
}

static enum sender_step next(struct try *try, const struct reply *last)
{
    return genesys_sender.next(&try->attempt, last, at, &try->result);
}

static const struct delivery plain = {
    .public_id = "019c2228b81a7d3c9a51e0f7c6b5a493",
    .time_ms = INT64_C(1770110140250),
    .event = {.contact_id = STR("u-9"), .text = STR("Hello")},
};

/* The deliveries behind the five calls. */
static struct delivery delivery_of(const char *call)
{
    struct delivery delivery = plain;

    delivery.target_peer_id = STR("6f1d0c2ab3e84d5f9a7c1e2d3b4a5968");
    delivery.target_genesys_conversation = STR(CONVERSATION);
    if (strcmp(call, "answer") == 0)
        delivery.event.kind = EVENT_ANSWER;
    if (strcmp(call, "disconnect") == 0)
        delivery.event.kind = EVENT_LEFT;
    if (strcmp(call, "receipt") == 0)
        delivery.class = DELIVERY_RECEIPT;
    if (strcmp(call, "typing") == 0)
        delivery.class = DELIVERY_TYPING;
    return delivery;
}

static void begin_call(struct try *try, const char *call)
{
    struct delivery delivery = delivery_of(call);

    begin(try, &delivery);
    try->genesys.bridge.end_on_left = true;
}

/* ---- requests ---- */

static void check_fixture(const char *name, json_t *fixture)
{
    struct delivery delivery;
    struct try try;

    fixture_delivery(json_object_get(fixture, "delivery"), arena, &delivery);
    begin(&try, &delivery);
    try.genesys.bridge.end_on_left =
        json_is_true(json_object_get(fixture, "end_on_left"));
    expect_i64(name, SENDER_EXCHANGE, next(&try, NULL));
    expect_json(name, json_object_get(fixture, "exchange"),
                fixture_of_exchange(&try.result.exchange));
    expect_i64(name, 1, (int64_t)try.attempt.credential_used);
    expect_false("the URL is the configuration's", try.result.exchange.is_outside_url);
}

static void requests_are_as_the_fixtures_say(void **state)
{
    (void)state;
    fixture_each(FIXTURES "/genesys/inbound", check_fixture);
}

static void events_without_a_call_are_refused(void **state)
{
    (void)state;
    static const enum event_kind kinds[] = {EVENT_RECEIPT, EVENT_TYPING, EVENT_IDENTITY,
                                            EVENT_UNREADABLE};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct try try;
        begin(&try, &plain);
        try.delivery.event.kind = kinds[i];
        const char *name = event_kind_name(kinds[i]);
        expect_i64(name, SENDER_OUTCOME, next(&try, NULL));
        expect_i64(name, OUTCOME_REFUSED_MESSAGE, try.result.outcome);
        expect_i64(name, REASON_UNSUPPORTED_MESSAGE, try.result.reason_code);
    }
}

static void a_receipt_for_an_unknown_message_is_given_up(void **state)
{
    (void)state;
    struct try try;

    begin_call(&try, "receipt");
    try.delivery.target_peer_id = STR_NONE;
    expect_i64("step", SENDER_OUTCOME, next(&try, NULL));
    expect_i64("outcome", OUTCOME_REFUSED_MESSAGE, try.result.outcome);
}

/* Memory that runs out inside cJSON costs an attempt, not the message. */
static void a_request_there_is_no_memory_for_is_tried_again(void **state)
{
    (void)state;
    static const char *const calls[] = {"message", "answer", "disconnect", "receipt",
                                        "typing"};
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        enum sender_step step = SENDER_OUTCOME;
        for (unsigned nth = 0; step == SENDER_OUTCOME; nth++) {
            struct attribute attribute = {STR("tier"), STR("gold")};
            struct try try;
            begin_call(&try, calls[i]);
            try.delivery.event.attributes = &attribute;
            try.delivery.event.attribute_count = 1;
            try.delivery.event.receipt_status = MESSAGE_FAILED;
            cjson_fail_from(nth);
            step = next(&try, NULL);
            expect_true(calls[i], cjson_fail_stop() == (step == SENDER_OUTCOME));
            if (step == SENDER_OUTCOME)
                expect_i64(calls[i], OUTCOME_RETRY, try.result.outcome);
            assert_true(nth < 200);
        }
        expect_i64(calls[i], SENDER_EXCHANGE, step);
    }
}

/* The ids in it are needed: so it counts as one that did not come, where that leads to
 * a repeat, which the platform knows by its id. */
static void an_answer_there_is_no_memory_for_is_as_good_as_lost(void **state)
{
    static const struct {
        const char *name;
        enum on_unknown on_unknown;
        enum outcome want;
    } cases[] = {
        {"repeats",       ON_UNKNOWN_REPEAT, OUTCOME_UNKNOWN},
        {"never repeats", ON_UNKNOWN_FAIL,   OUTCOME_DONE   },
    };
    const struct reply reply = {
        .kind = REPLY_ANSWER, .status = 200, .body = STR("{\"id\":\"their-id\"}")};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        bool has_failed = true;
        for (unsigned nth = 0; has_failed; nth++) {
            struct delivery delivery = plain;
            struct try try;
            begin(&try, &delivery);
            try.genesys.bridge.on_unknown = (int)cases[i].on_unknown;
            expect_i64("asks", SENDER_EXCHANGE, next(&try, NULL));
            cjson_fail_from(nth);
            expect_i64(cases[i].name, SENDER_OUTCOME, next(&try, &reply));
            has_failed = cjson_fail_stop();
            expect_i64(cases[i].name, has_failed ? cases[i].want : OUTCOME_DONE,
                       try.result.outcome);
            expect_str(cases[i].name, has_failed ? "" : "their-id",
                       try.result.provider_id);
        }
    }
}

/* ---- attributes ---- */

/* The serialised customAttributes of a message with these attributes. */
static struct str sent_attributes(struct attribute *attributes, size_t count)
{
    struct delivery delivery = plain;
    struct try try;

    delivery.event.attributes = attributes;
    delivery.event.attribute_count = count;
    delivery.opens_conversation = true;
    delivery.conversation = 17;
    begin(&try, &delivery);
    expect_i64("step", SENDER_EXCHANGE, next(&try, NULL));
    json_t *body =
        json_loadb(try.result.exchange.body.ptr, try.result.exchange.body.len,
                   JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(body);
    const json_t *metadata =
        json_object_get(json_object_get(body, "channel"), "metadata");
    struct str text = fixture_text(metadata, "customAttributes", arena);
    json_decref(body);
    return text;
}

#define OWN_ATTRIBUTES "{\"omgw_conversation\":\"17\",\"omgw_returning\":\"false\""

static void the_longest_attributes_are_dropped_first(void **state)
{
    (void)state;
    char long_value[1200];
    memset(long_value, 'v', sizeof(long_value));
    struct str value = str_from(long_value, sizeof(long_value));
    struct attribute attributes[] = {
        {STR("first"),  value        },
        {STR("second"), STR("2")     },
        {STR("third"),  str_sub(value, 0, 1100)},
        {STR("fourth"),        STR("4")                    },
    };

    struct str text = sent_attributes(attributes, COUNT_OF(attributes));
    assert_true(text.len <= LIMIT_ATTRIBUTES_BYTES);
    struct str begin =
        str_sub(text, 0, strlen(OWN_ATTRIBUTES ",\"second\":\"2\",\"third\":"));
    expect_str("the second longest stays, in its place",
               OWN_ATTRIBUTES ",\"second\":\"2\",\"third\":", begin);
    expect_str("and the last", ",\"fourth\":\"4\"}",
               str_sub(text, text.len - strlen(",\"fourth\":\"4\"}"), text.len));
}

/* Values of every size around the limit, with characters that grow when printed. */
static void attributes_stay_within_their_bytes_exactly(void **state)
{
    (void)state;
    static const char *const units[] = {"a", " ", "\"", "\n", "\x01", "\xc3\xa9"};
    size_t own = strlen(OWN_ATTRIBUTES "}");

    for (size_t u = 0; u < COUNT_OF(units); u++) {
        char value[2400] = "";
        size_t unit = strlen(units[u]);
        size_t largest = 0;
        for (size_t len = 0; len + unit < sizeof(value); len += unit) {
            struct attribute attribute = {STR("k"), str_from(value, len)};
            struct str text = sent_attributes(&attribute, 1);
            assert_true(text.len <= LIMIT_ATTRIBUTES_BYTES);
            if (text.len > own && text.len > largest)
                largest = text.len;
            memcpy(value + len, units[u], unit);
            arena_reset(arena);
        }
        /* No room is given away but what the next character would not fit in. */
        assert_true(largest > LIMIT_ATTRIBUTES_BYTES - (units[u][0] == '\x01' ? 6 : 2));
    }
}

/* ---- answers ---- */

/* Source: design.md section 6, "Outcomes"; genesys/open-messaging.md section 3.9. */
static const struct {
    int first;
    int last;
    enum outcome message;
    enum outcome item; /* receipt, typing: concerns that item only */
    enum pause_scope pause;
    bool may_have_arrived;
} answers[] = {
    {200, 299, OUTCOME_DONE,               OUTCOME_DONE,               0,                       false},
    {300, 399, OUTCOME_BROKEN,             OUTCOME_BROKEN,             PAUSE_ORGANISATION,      false},
    {400, 400, OUTCOME_REFUSED_MESSAGE,    OUTCOME_REFUSED_MESSAGE,    0,                       false},
 /* 401 has a test of its own */
    {402, 402, OUTCOME_REFUSED_MESSAGE,    OUTCOME_REFUSED_MESSAGE,    0,                       false},
    {403, 403, OUTCOME_BROKEN,             OUTCOME_BROKEN,             PAUSE_ORGANISATION,      false},
    {404, 404, OUTCOME_BROKEN,             OUTCOME_REFUSED_MESSAGE,    PAUSE_BRIDGE_TO_GENESYS, false},
    {405, 405, OUTCOME_BROKEN,             OUTCOME_BROKEN,             PAUSE_ORGANISATION,      false},
    {406, 407, OUTCOME_REFUSED_MESSAGE,    OUTCOME_REFUSED_MESSAGE,    0,                       false},
    {408, 408, OUTCOME_RETRY,              OUTCOME_RETRY,              0,                       true },
    {409, 409, OUTCOME_ACCEPTED_DUPLICATE, OUTCOME_ACCEPTED_DUPLICATE, 0,                       false},
    {410, 410, OUTCOME_BROKEN,             OUTCOME_REFUSED_MESSAGE,    PAUSE_BRIDGE_TO_GENESYS, false},
    {411, 428, OUTCOME_REFUSED_MESSAGE,    OUTCOME_REFUSED_MESSAGE,    0,                       false},
    {429, 429, OUTCOME_SLOW_DOWN,          OUTCOME_SLOW_DOWN,          0,                       false},
    {430, 499, OUTCOME_REFUSED_MESSAGE,    OUTCOME_REFUSED_MESSAGE,    0,                       false},
    {500, 501, OUTCOME_RETRY,              OUTCOME_RETRY,              0,                       false},
    {502, 502, OUTCOME_RETRY,              OUTCOME_RETRY,              0,                       true },
    {503, 503, OUTCOME_RETRY,              OUTCOME_RETRY,              0,                       false},
    {504, 504, OUTCOME_RETRY,              OUTCOME_RETRY,              0,                       true },
    {505, 599, OUTCOME_RETRY,              OUTCOME_RETRY,              0,                       false},
};

static void expect_answer(const char *call, int status, size_t row, enum outcome want)
{
    const struct reply reply = {.kind = REPLY_ANSWER,
                                .status = status,
                                .body = STR("{}"),
                                .retry_after_ms = 42000,
                                .why = ""};
    struct try try;
    char name[64];

    (void)snprintf(name, sizeof(name), "%s, status %d", call, status);
    begin_call(&try, call);
    expect_i64(name, SENDER_EXCHANGE, next(&try, NULL));
    expect_i64(name, SENDER_OUTCOME, next(&try, &reply));
    expect_i64(name, want, try.result.outcome);
    expect_i64(name, status, try.result.http_status);
    expect_i64(name, 42000, try.result.retry_after_ms);
    expect_i64(name, answers[row].may_have_arrived, try.result.may_have_arrived);
    if (want == OUTCOME_BROKEN)
        expect_i64(name, answers[row].pause, try.result.pause);
    expect_i64(name, outcome_is_success(want), try.result.reason.len == 0);
}

static void every_status_has_its_outcome(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        for (int status = answers[i].first; status <= answers[i].last; status++) {
            expect_answer("message", status, i, answers[i].message);
            expect_answer("receipt", status, i, answers[i].item);
            expect_answer("typing", status, i, answers[i].item);
            arena_reset(arena);
        }
    }
}

static void refusals_have_a_reason_code(void **state)
{
    (void)state;
    static const struct {
        int status;
        enum reason_code want;
    } cases[] = {
        {400, REASON_INVALID_MESSAGE_STRUCTURE},
        {413, REASON_INVALID_MESSAGE_STRUCTURE},
        {415, REASON_UNSUPPORTED_MESSAGE      },
        {418, REASON_GENERAL_ERROR            },
        {422, REASON_MESSAGE_NOT_ALLOWED      },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct reply reply = {.kind = REPLY_ANSWER, .status = cases[i].status};
        struct try try;
        begin(&try, &plain);
        (void)next(&try, NULL);
        (void)next(&try, &reply);
        expect_i64("reason", cases[i].want, try.result.reason_code);
    }
}

static void silence_is_told_apart_from_not_being_heard(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum reply_kind kind;
        enum outcome want;
        bool may_have_arrived;
    } cases[] = {
        {"not sent",  REPLY_NOT_SENT,  OUTCOME_RETRY,   false},
        {"no answer", REPLY_UNKNOWN,   OUTCOME_UNKNOWN, true },
        {"cancelled", REPLY_CANCELLED, OUTCOME_UNKNOWN, true },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct reply reply = {
            .kind = cases[i].kind, .retry_after_ms = -1, .why = "time-out"};
        struct try try;
        begin(&try, &plain);
        (void)next(&try, NULL);
        expect_i64(cases[i].name, SENDER_OUTCOME, next(&try, &reply));
        expect_i64(cases[i].name, cases[i].want, try.result.outcome);
        expect_i64(cases[i].name, cases[i].may_have_arrived,
                   try.result.may_have_arrived);
    }
}

static void the_answers_ids_are_kept(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *body;
        const char *id;
        const char *conversation;
    } cases[] = {
        {"both",                "{\"id\":\"9b0f\",\"conversationId\":\"" CONVERSATION "\",\"x\":1}",
         "9b0f",                                                                                             CONVERSATION},
        {"no conversation yet", "{\"id\":\"9b0f\"}",                                                 "9b0f", ""          },
        {"null",                "{\"id\":null,\"conversationId\":null}",                             "",     ""          },
        {"of another kind",     "{\"id\":7,\"conversationId\":[]}",                                  "",     ""          },
        {"no ids",              "{\"id\":\"a\\u0000\",\"conversationId\":\"\\n\"}",                  "",     ""          },
        {"no JSON",             "<html>",                                                            "",     ""          },
        {"no body",             "",                                                                  "",     ""          },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct reply reply = {
            .kind = REPLY_ANSWER, .status = 202, .body = str_of(cases[i].body)};
        struct try try;
        begin(&try, &plain);
        (void)next(&try, NULL);
        expect_i64(cases[i].name, SENDER_OUTCOME, next(&try, &reply));
        expect_i64(cases[i].name, OUTCOME_DONE, try.result.outcome);
        expect_str(cases[i].name, cases[i].id, try.result.provider_id);
        expect_str(cases[i].name, cases[i].conversation,
                   try.result.genesys_conversation_id);
    }
}

static void a_receipt_taken_as_failed_is_reported(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *said; /* reason of a Failed of ours, or NULL */
        const char *body;
        bool want;
    } cases[] = {
        {"delivered",        NULL,             "{\"id\":\"6f1d\",\"status\":\"Delivered\"}", false},
        {"failed",           NULL,             "{\"id\":\"6f1d\",\"status\":\"Failed\"}",    true },
        {"with its reasons", NULL,
         "{\"status\":\"Failed\",\"reasons\":[{\"code\":\"UnknownMessage\"}]}",              true },
        {"the echo of ours", "MessageExpired",
         "{\"status\":\"Failed\",\"reasons\":[{\"code\":\"MessageExpired\"}]}",              false},
        {"ours failed too",  "MessageExpired",
         "{\"status\":\"Failed\",\"reasons\":[{\"code\":\"UnknownMessage\"}]}",              true },
        {"no status",        NULL,             "{}",                                         false},
        {"no JSON",          NULL,             "OK",                                         false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct reply reply = {
            .kind = REPLY_ANSWER, .status = 200, .body = str_of(cases[i].body)};
        struct delivery delivery = delivery_of("receipt");
        if (cases[i].said != NULL) {
            delivery.event.receipt_status = MESSAGE_FAILED;
            delivery.event.reason_code = str_of(cases[i].said);
        }
        struct try try;
        begin(&try, &delivery);
        (void)next(&try, NULL);
        expect_i64(cases[i].name, SENDER_OUTCOME, next(&try, &reply));
        expect_i64(cases[i].name, OUTCOME_DONE, try.result.outcome);
        expect_i64(cases[i].name, cases[i].want, try.result.peer_reports_failure);
        expect_i64(cases[i].name, 0, (int64_t)try.result.provider_id.len);
    }
}

static void reasons_name_the_error_but_never_the_message(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int status;
        const char *body;
        const char *want;
    } cases[] = {
        {"a refusal: its code only",         400,
         "{\"code\":\"bad.request\",\"message\":\"Value [my secret text]\"}", "Genesys Cloud answered 400 bad.request"},
        {"what an admin must mend, in full", 403,
         "{\"code\":\"missing.permissions\",\"message\":\"conversation:message:"
         "receive\"}",                                                        "Genesys Cloud answered 403 missing.permissions: conversation:message:receive "
         "(correlation id 776052dd)"                                                            },
        {"no error body",                    404, "not here",                 "Genesys Cloud answered 404"            },
        {"no code",                          503, "{}",                       "Genesys Cloud answered 503"            },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct reply reply = {.kind = REPLY_ANSWER,
                                    .status = cases[i].status,
                                    .body = str_of(cases[i].body),
                                    .correlation_id = STR("776052dd")};
        struct try try;
        begin(&try, &plain);
        (void)next(&try, NULL);
        (void)next(&try, &reply);
        expect_str(cases[i].name, cases[i].want, try.result.reason);
    }
}

static void a_long_reason_is_cut_between_characters(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf body;
    buf_init(&body, 8192);
    struct try try;

    buf_add(&body, STR("{\"message\":\""));
    for (int i = 0; i < 400; i++)
        buf_add(&body, STR("\xe2\x82\xac"));
    buf_add(&body, STR("\"}"));
    const struct reply reply = {
        .kind = REPLY_ANSWER, .status = 403, .body = buf_str(&body)};
    begin(&try, &plain);
    (void)next(&try, NULL);
    (void)next(&try, &reply);
    assert_true(try.result.reason.len <= LIMIT_REASON_BYTES);
    assert_true(try.result.reason.len > LIMIT_REASON_BYTES - 4);
    assert_true(utf8_is_valid(try.result.reason));
}

/* ---- what gives way to text ---- */

static void a_refused_special_call_goes_on_as_text(void **state)
{
    (void)state;
    static const struct {
        const char *call;
        int status;
        const char *text; /* NULL: it does not go on */
        enum outcome want;
    } cases[] = {
        {"answer",     400, "Hello",                          OUTCOME_DONE              },
        {"answer",     404, "Hello",                          OUTCOME_DONE              },
        {"answer",     403, NULL,                             OUTCOME_BROKEN            },
        {"answer",     409, NULL,                             OUTCOME_ACCEPTED_DUPLICATE},
        {"answer",     503, NULL,                             OUTCOME_RETRY             },
        {"disconnect", 400, "[left the conversation: Hello]", OUTCOME_DONE              },
        {"disconnect", 403, "[left the conversation: Hello]", OUTCOME_DONE              },
        {"disconnect", 200, NULL,                             OUTCOME_DONE              },
        {"disconnect", 404, NULL,                             OUTCOME_DONE              },
        {"disconnect", 409, NULL,                             OUTCOME_DONE              },
        {"disconnect", 500, NULL,                             OUTCOME_RETRY             },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct reply reply = {.kind = REPLY_ANSWER, .status = cases[i].status};
        const struct reply taken = {
            .kind = REPLY_ANSWER, .status = 200, .body = STR("{\"id\":\"9b0f\"}")};
        struct try try;
        char name[64];
        (void)snprintf(name, sizeof(name), "%s, status %d", cases[i].call,
                       cases[i].status);
        begin_call(&try, cases[i].call);
        (void)next(&try, NULL);
        enum sender_step step = next(&try, &reply);
        if (cases[i].text != NULL) {
            char text[64];
            expect_i64(name, SENDER_EXCHANGE, step);
            (void)snprintf(text, sizeof(text), "\"text\":\"%s\"", cases[i].text);
            struct str body = try.result.exchange.body;
            assert_non_null(memmem(body.ptr, body.len, text, strlen(text)));
            step = next(&try, &taken);
            expect_str(name, "9b0f", try.result.provider_id);
        }
        expect_i64(name, SENDER_OUTCOME, step);
        expect_i64(name, cases[i].want, try.result.outcome);
    }
}

static void text_that_is_refused_too_is_refused(void **state)
{
    (void)state;
    const struct reply refused = {.kind = REPLY_ANSWER, .status = 400};
    struct try try;

    begin_call(&try, "answer");
    (void)next(&try, NULL);
    expect_i64("as text", SENDER_EXCHANGE, next(&try, &refused));
    expect_i64("no third way", SENDER_OUTCOME, next(&try, &refused));
    expect_i64("outcome", OUTCOME_REFUSED_MESSAGE, try.result.outcome);
}

static void an_answer_too_long_for_one_message_goes_as_text(void **state)
{
    (void)state;
    char label[LIMIT_GENESYS_TEXT + 1];
    const struct reply taken = {.kind = REPLY_ANSWER, .status = 200};
    struct try try;

    memset(label, 'x', sizeof(label));
    begin_call(&try, "answer");
    try.delivery.event.text = str_from(label, sizeof(label));
    expect_i64("first part", SENDER_EXCHANGE, next(&try, NULL));
    assert_non_null(strstr(try.result.exchange.url, "/open/message"));
    expect_i64("more", SENDER_PROGRESS, next(&try, &taken));
    begin_call(&try, "answer");
    try.delivery.event.text = str_from(label, LIMIT_GENESYS_TEXT);
    expect_i64("short enough", SENDER_EXCHANGE, next(&try, NULL));
    assert_non_null(strstr(try.result.exchange.url, "/structured/response"));
}

/* ---- parts ---- */

static void a_long_text_goes_part_by_part(void **state)
{
    (void)state;
    char text[2 * LIMIT_GENESYS_TEXT + 1];
    const struct reply taken = {
        .kind = REPLY_ANSWER, .status = 200, .body = STR("{\"id\":\"9b0f\"}")};
    struct try try;

    memset(text, 'x', sizeof(text));
    begin(&try, &plain);
    try.delivery.event.text = str_from(text, sizeof(text));
    for (unsigned part = 0; part < 3; part++) {
        try.attempt.parts_done = part; /* the engine counts */
        expect_i64("asks", SENDER_EXCHANGE, next(&try, NULL));
        expect_i64("hears", part < 2 ? SENDER_PROGRESS : SENDER_OUTCOME,
                   next(&try, &taken));
        expect_str("id", "9b0f", try.result.provider_id);
    }
    expect_i64("outcome", OUTCOME_DONE, try.result.outcome);
    try.attempt.parts_done = 3;
    expect_i64("all were out before", SENDER_OUTCOME, next(&try, NULL));
    expect_i64("outcome", OUTCOME_DONE, try.result.outcome);
}

static void what_comes_beside_an_answer_is_its_second_part(void **state)
{
    (void)state;
    const struct reply refused = {.kind = REPLY_ANSWER, .status = 404};
    const struct reply taken = {.kind = REPLY_ANSWER, .status = 200};
    struct try try;

    for (int as_text = 0; as_text <= 1; as_text++) {
        begin_call(&try, "answer");
        try.delivery.event.content.fallback = STR("but blue");
        (void)next(&try, NULL);
        if (as_text)
            expect_i64("gives way", SENDER_EXCHANGE, next(&try, &refused));
        expect_i64("first part", SENDER_PROGRESS, next(&try, &taken));
        try.attempt.parts_done = 1;
        expect_i64("second part", SENDER_EXCHANGE, next(&try, NULL));
        struct str body = try.result.exchange.body;
        assert_non_null(memmem(body.ptr, body.len, "\"but blue\"", 10));
        assert_null(memmem(body.ptr, body.len, "Hello", 5));
        expect_i64("done", SENDER_OUTCOME, next(&try, &taken));
    }
}

/* ---- credentials ---- */

static void without_a_token_it_waits_for_one(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct str token;
        int64_t fetched_ms;
        int64_t lifetime_ms;
        enum sender_step want;
    } cases[] = {
        {"none yet",       {NULL, 0}, 0,   0,         SENDER_NEED_CREDENTIAL},
        {"good",           STR("t"),  0,   1001,      SENDER_EXCHANGE       },
        {"at its end",     STR("t"),  0,   1000,      SENDER_NEED_CREDENTIAL},
        {"past its end",   STR("t"),  500, 400,       SENDER_NEED_CREDENTIAL},
        {"without an end", STR("t"),  900, INT64_MAX, SENDER_EXCHANGE       },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct try try;
        begin(&try, &plain);
        try.credential = (struct credential){.token = cases[i].token,
                                             .fetched_ms = cases[i].fetched_ms,
                                             .lifetime_ms = cases[i].lifetime_ms,
                                             .generation = 5};
        expect_i64(cases[i].name, cases[i].want, next(&try, NULL));
        expect_i64(cases[i].name, 5, (int64_t)try.attempt.credential_used);
    }
}

static const struct reply denied = {
    .kind = REPLY_ANSWER,
    .status = 401,
    .body = STR("{\"code\":\"bad.credentials\",\"message\":\"Invalid login\"}"),
};

static void a_refused_token_is_replaced_once(void **state)
{
    (void)state;
    struct try try;

    begin(&try, &plain);
    (void)next(&try, NULL);
    expect_i64("first 401", SENDER_NEED_CREDENTIAL, next(&try, &denied));
    try.credential.generation = 2;
    try.credential.token = STR("NEWER");
    expect_i64("with the new one", SENDER_EXCHANGE, next(&try, NULL));
    struct str sent = try.result.exchange.headers[1].value;
    expect_str("token", "Bearer NEWER", sent);
    expect_i64("second 401", SENDER_OUTCOME, next(&try, &denied));
    expect_i64("outcome", OUTCOME_BROKEN, try.result.outcome);
    expect_i64("pauses", PAUSE_ORGANISATION, try.result.pause);
    expect_str("reason", "Genesys Cloud answered 401 bad.credentials: Invalid login",
               try.result.reason);
}

static void a_401_counts_only_against_its_own_token(void **state)
{
    (void)state;
    struct try try;

    begin(&try, &plain);
    (void)next(&try, NULL);
    try.credential.generation = 2; /* another attempt was faster */
    expect_i64("again at once", SENDER_EXCHANGE, next(&try, &denied));
    expect_i64("the new token's first", SENDER_NEED_CREDENTIAL, next(&try, &denied));
    try.credential.generation = 3;
    expect_i64("the same reply, seen again", SENDER_EXCHANGE, next(&try, &denied));
    expect_i64("now it counts", SENDER_OUTCOME, next(&try, &denied));
    expect_i64("outcome", OUTCOME_BROKEN, try.result.outcome);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_as_the_fixtures_say),
        cmocka_unit_test(events_without_a_call_are_refused),
        cmocka_unit_test(a_receipt_for_an_unknown_message_is_given_up),
        cmocka_unit_test(a_request_there_is_no_memory_for_is_tried_again),
        cmocka_unit_test(an_answer_there_is_no_memory_for_is_as_good_as_lost),
        cmocka_unit_test(the_longest_attributes_are_dropped_first),
        cmocka_unit_test(attributes_stay_within_their_bytes_exactly),
        cmocka_unit_test(every_status_has_its_outcome),
        cmocka_unit_test(refusals_have_a_reason_code),
        cmocka_unit_test(silence_is_told_apart_from_not_being_heard),
        cmocka_unit_test(the_answers_ids_are_kept),
        cmocka_unit_test(a_receipt_taken_as_failed_is_reported),
        cmocka_unit_test(reasons_name_the_error_but_never_the_message),
        cmocka_unit_test(a_long_reason_is_cut_between_characters),
        cmocka_unit_test(a_refused_special_call_goes_on_as_text),
        cmocka_unit_test(text_that_is_refused_too_is_refused),
        cmocka_unit_test(an_answer_too_long_for_one_message_goes_as_text),
        cmocka_unit_test(a_long_text_goes_part_by_part),
        cmocka_unit_test(what_comes_beside_an_answer_is_its_second_part),
        cmocka_unit_test(without_a_token_it_waits_for_one),
        cmocka_unit_test(a_refused_token_is_replaced_once),
        cmocka_unit_test(a_401_counts_only_against_its_own_token),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
