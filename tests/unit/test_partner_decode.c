/* partner_decode: what a partner says, by fixtures; what is refused, and where. */
#include "support/partner_fixture.h"
#include "support/protocol_fixture.h"

#include "gateway/memory.h"

static struct partner_fixture partner;
static struct arena *arena;

static int set_up(void **state)
{
    (void)state;
    partner_fixture_open(&partner);
    arena = arena_new(LIMIT_REQUEST_ARENA_BYTES);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    partner_fixture_close(&partner);
    return 0;
}

#define WEBHOOK_ID                                                                     \
    {                                                                                  \
        STR("webhook-id"), STR("msg_2f")                                               \
    }
#define JSON_TYPE                                                                      \
    {                                                                                  \
        STR("Content-Type"), STR("application/json")                                   \
    }

static const struct http_header usual_headers[] = {WEBHOOK_ID, JSON_TYPE};

static enum status decode(struct str body, struct arena *into, struct unit *unit,
                          struct error *err)
{
    const struct http_message message = {
        .method = STR("POST"),
        .headers = usual_headers,
        .header_count = COUNT_OF(usual_headers),
        .body = body,
    };
    *unit = (struct unit){0};
    *err = (struct error){.text = ""};
    return partner_source.decode(&partner.bridge, &message, into, unit, err);
}

/* ---- fixtures ---- */

static void check_fixture(const char *name, json_t *fixture)
{
    struct unit unit;
    struct error err;
    struct str body = fixture_text(fixture, "body", arena);

    expect_status(name, STATUS_OK, decode(body, arena, &unit, &err));
    expect_i64(name, 1, (int64_t)unit.event_count);
    expect_json(name, json_object_get(fixture, "event"),
                fixture_of_event(&unit.events[0]));
    expect_true("an event has keys unless it is typing",
                (unit.events[0].key_count == 0) ==
                    (unit.events[0].kind == EVENT_TYPING));
}

static void events_are_read_as_the_fixtures_say(void **state)
{
    (void)state;
    fixture_each(FIXTURES "/partner/inbound", check_fixture);
}

/* ---- refusals ---- */

static void check_refusal(const char *name, const json_t *fixture)
{
    struct unit unit;
    struct error err;
    struct str want = fixture_text(fixture, "status", arena);
    struct str pointer = fixture_text(fixture, "pointer", arena);
    struct str body = fixture_text(fixture, "body", arena);

    enum status status = decode(body, arena, &unit, &err);
    expect_str_at(name, want, str_of(status_name(status)), __FILE__, __LINE__);
    expect_str_at(name, pointer, str_of(err.pointer), __FILE__, __LINE__);
    expect_true(name, err.text[0] != '\0');
    expect_i64(name, 0, (int64_t)unit.event_count);
}

static void check_refusals(const char *name, json_t *list)
{
    size_t i;
    const json_t *fixture;

    (void)name;
    json_array_foreach(list, i, fixture)
        check_refusal(json_string_value(json_object_get(fixture, "name")), fixture);
}

static void what_is_refused_says_where(void **state)
{
    struct unit unit;
    struct error err;

    (void)state;
    fixture_each(FIXTURES "/partner/refused", check_refusals);
    expect_status("bad UTF-8", STATUS_INVALID,
                  decode(STR("{\"type\":\"\xff\"}"), arena, &unit, &err));
}

/* An event whose `member` of data has that many characters, of three bytes each. */
static void event_with_text(struct buf *body, const char *type, const char *member,
                            size_t count, const char *end)
{
    buf_clear(body);
    buf_printf(body,
               "{\"type\":\"%s\",\"timestamp\":\"2026-02-03T09:15:40Z\","
               "\"data\":{\"id\":\"m\",\"from\":{\"id\":\"u\"},%s:\"",
               type, member);
    for (size_t i = 0; i < count; i++)
        buf_add(body, STR("\xe2\x82\xac"));
    buf_printf(body, "\"%s}}", end);
}

#define IN_ANSWER "\"answer\":{\"to\":\"a\",\"payload\":\"p\",\"text\""

static void twenty_thousand_characters_are_the_most(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        const char *member;
        const char *end;
        const char *pointer;
    } cases[] = {
        {"message.created",  "\"text\"",   "",  "/data/text"       },
        {"message.created",  IN_ANSWER,    "}", "/data/answer/text"},
        {"message.updated",  "\"text\"",   "",  "/data/text"       },
        {"reaction.updated", "\"emoji\"",  "",  "/data/emoji"      },
        {"contact.left",     "\"reason\"", "",  "/data/reason"     },
    };
    CLEANUP(buf_release) struct buf body;
    buf_init(&body, 1 << 20);

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct unit unit;
        struct error err;
        event_with_text(&body, cases[i].type, cases[i].member, LIMIT_PARTNER_TEXT,
                        cases[i].end);
        expect_status(cases[i].type, STATUS_OK,
                      decode(buf_str(&body), arena, &unit, &err));
        expect_i64(cases[i].type, LIMIT_PARTNER_TEXT,
                   (int64_t)utf8_count(unit.events[0].text));
        event_with_text(&body, cases[i].type, cases[i].member, LIMIT_PARTNER_TEXT + 1,
                        cases[i].end);
        expect_status(cases[i].type, STATUS_UNPROCESSABLE,
                      decode(buf_str(&body), arena, &unit, &err));
        expect_str(cases[i].type, cases[i].pointer, str_of(err.pointer));
    }
}

#define GOOD_BODY                                                                      \
    "{\"type\":\"message.created\",\"timestamp\":\"2026-02-03T09:15:40Z\","            \
    "\"data\":{\"id\":\"m\",\"from\":{\"id\":\"u\"},\"text\":\"a\"}}"

/* The headers of a request that is otherwise good. */
static enum status decode_with(const struct http_header *headers, size_t count,
                               const char *method, const char *part)
{
    const struct http_message message = {
        .method = str_of(method),
        .part = str_of(part),
        .headers = headers,
        .header_count = count,
        .body = STR(GOOD_BODY),
    };
    struct unit unit = {0};
    struct error err;

    return partner_source.decode(&partner.bridge, &message, arena, &unit, &err);
}

static void the_content_type_must_be_json(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *type;
        enum status want;
    } cases[] = {
        {"as it should be", "application/json",                   STATUS_OK         },
        {"with a charset",  "Application/JSON ; charset=utf-8",   STATUS_OK         },
        {"a form",          "application/x-www-form-urlencoded",  STATUS_UNSUPPORTED},
        {"a similar type",  "application/json+x",                 STATUS_UNSUPPORTED},
        {"a list",          "application/json, application/json", STATUS_UNSUPPORTED},
        {"nothing",         "",                                   STATUS_UNSUPPORTED},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct http_header headers[] = {
            WEBHOOK_ID,
            {STR("content-type"), str_of(cases[i].type)},
        };
        expect_status(cases[i].name, cases[i].want,
                      decode_with(headers, COUNT_OF(headers), "POST", ""));
    }
    const struct http_header twice[] = {WEBHOOK_ID, JSON_TYPE, JSON_TYPE};
    expect_status("twice", STATUS_UNSUPPORTED, decode_with(twice, 3, "POST", ""));
    expect_status("missing", STATUS_UNSUPPORTED, decode_with(twice, 1, "POST", ""));
}

static void the_webhook_id_must_be_an_id(void **state)
{
    (void)state;
    char longest[LIMIT_ID_BYTES + 1];
    memset(longest, 'x', sizeof(longest));
    const struct {
        const char *name;
        const char *id;
        size_t len;
        enum status want;
    } cases[] = {
        {"short",               "1",     1,                  STATUS_OK     },
        {"as long as may be",   longest, LIMIT_ID_BYTES,     STATUS_OK     },
        {"one more",            longest, LIMIT_ID_BYTES + 1, STATUS_INVALID},
        {"empty",               "",      0,                  STATUS_INVALID},
        {"a control character", "a\tb",  3,                  STATUS_INVALID},
        {"no UTF-8",            "\xff",  1,                  STATUS_INVALID},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct http_header headers[] = {
            {STR("webhook-id"), str_from(cases[i].id, cases[i].len)},
            JSON_TYPE,
        };
        expect_status(cases[i].name, cases[i].want,
                      decode_with(headers, COUNT_OF(headers), "POST", ""));
    }
}

static void events_are_posted_to_the_bridge_itself(void **state)
{
    (void)state;
    expect_status("another method", STATUS_BAD_METHOD,
                  decode_with(usual_headers, COUNT_OF(usual_headers), "GET", ""));
    expect_status("a path below", STATUS_NOT_FOUND,
                  decode_with(usual_headers, COUNT_OF(usual_headers), "POST", "x"));
}

/* Every allocation of the decoder refused in turn. */
static void an_event_larger_than_the_arena_is_refused(void **state)
{
    (void)state;
    static const char body[] =
        "{\"type\":\"message.created\",\"timestamp\":\"2026-02-03T09:15:40Z\",\"data\":"
        "{\"id\":\"m-1\",\"from\":{\"id\":\"u-1\",\"name\":\"Ana\","
        "\"attributes\":{\"a\":\"b\",\"c\":\"d\"}},\"text\":\"hi\","
        "\"attachments\":[{\"url\":\"https://f/\",\"mime\":\"a/b\"}],"
        "\"answer\":{\"to\":\"x\",\"payload\":\"p\",\"text\":\"t\"}}}";
    enum status status = STATUS_TOO_LARGE;

    for (size_t ceiling = 16; status != STATUS_OK; ceiling += 16) {
        CLEANUP(arena_freep) struct arena *small = arena_new(ceiling);
        struct unit unit;
        struct error err;
        status = decode(str_of(body), small, &unit, &err);
        assert_true(status == STATUS_OK || status == STATUS_TOO_LARGE);
        assert_true(ceiling < 8192);
    }
}

/* Memory that runs out inside cJSON is our trouble, not the partner's. */
static void an_event_there_is_no_memory_for_is_not_refused(void **state)
{
    (void)state;
    enum status status = STATUS_RETRY;

    for (unsigned nth = 0; status != STATUS_OK; nth++) {
        struct unit unit;
        struct error err;
        cjson_fail_from(nth);
        status = decode(STR(GOOD_BODY), arena, &unit, &err);
        expect_true("refused nothing", cjson_fail_stop() == (status != STATUS_OK));
        assert_true(status == STATUS_OK || status == STATUS_RETRY);
        assert_true(nth < 100);
    }
}

/* ---- ack ---- */

#define MESSAGE_ID "019c2228b81a7d3c9a51e0f7c6b5a493"
#define MESSAGE_ACK "{\"id\":\"" MESSAGE_ID "\",\"conversation\":17}"

static void acks_follow_the_contract(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum status status;
        const char *public_id;
        int want;
        const char *body;
    } cases[] = {
        {"a new message",               STATUS_OK,        MESSAGE_ID, 202, MESSAGE_ACK},
        {"a repeated one",              STATUS_DUPLICATE, MESSAGE_ID, 200, MESSAGE_ACK},
        {"an event that is no message", STATUS_OK,        NULL,       202, "{}"       },
        {"a repeated one of those",     STATUS_DUPLICATE, NULL,       202, "{}"       },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct acceptance acceptance = {
            .status = cases[i].status,
            .public_id = cases[i].public_id,
            .conversation = 17,
        };
        struct http_reply reply;
        partner_source.ack(&partner.bridge, &(struct unit){0}, &acceptance, arena,
                           &reply);
        expect_i64(cases[i].name, cases[i].want, reply.status);
        expect_str(cases[i].name, cases[i].body, reply.body);
        expect_str(cases[i].name, "application/json", str_of(reply.content_type));
    }
}

static void there_is_no_handshake(void **state)
{
    (void)state;
    const struct http_message message = {.method = STR("GET")};
    struct http_reply reply = {0};

    assert_false(partner_source.handshake(&partner.bridge, &message, arena, &reply));
    assert_true(partner_source.refuses_content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_read_as_the_fixtures_say),
        cmocka_unit_test(what_is_refused_says_where),
        cmocka_unit_test(twenty_thousand_characters_are_the_most),
        cmocka_unit_test(the_content_type_must_be_json),
        cmocka_unit_test(the_webhook_id_must_be_an_id),
        cmocka_unit_test(events_are_posted_to_the_bridge_itself),
        cmocka_unit_test(an_event_larger_than_the_arena_is_refused),
        cmocka_unit_test(an_event_there_is_no_memory_for_is_not_refused),
        cmocka_unit_test(acks_follow_the_contract),
        cmocka_unit_test(there_is_no_handshake),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
