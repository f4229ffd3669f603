/* webhook: who may speak as Genesys Cloud, and what it says, by fixtures. */
#include "support/expect.h"
#include "support/protocol_fixture.h"

#include "gateway/crypto.h"
#include "gateway/genesys.h"
#include "gateway/limits.h"
#include "gateway/memory.h"

static struct arena *arena;

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

/* ---- the bridge ---- */

#define INTEGRATION "5a1d3a52-0000-4000-8000-000000000002"
/* Source: genesys/open-messaging.md section 4.2. */
#define VECTOR_SECRET "example-signing-secret-0001"
#define VECTOR_BODY "{\"type\":\"Text\",\"text\":\"hello\"}"
#define VECTOR_SIGNATURE "sha256=4Im1SfsUih7DXLHP7m9LmanKLv2CnuFU03fCsdytiZE="

struct fixture {
    struct bridge bridge;
    struct hmac *keys[2];
    char name[8];
    char integration[64];
};

static void open_bridge(struct fixture *fixture, const char *first, const char *second)
{
    const char *const secrets[] = {first, second};
    struct error err;

    memset(fixture, 0, sizeof(*fixture));
    (void)snprintf(fixture->name, sizeof(fixture->name), "acme");
    (void)snprintf(fixture->integration, sizeof(fixture->integration), INTEGRATION);
    fixture->bridge.name = fixture->name;
    fixture->bridge.integration_id = fixture->integration;
    fixture->bridge.genesys_keys = fixture->keys;
    for (size_t i = 0; i < COUNT_OF(secrets) && secrets[i] != NULL; i++) {
        expect_status("key", STATUS_OK,
                      hmac_new(str_of(secrets[i]), &fixture->keys[i], &err));
        fixture->bridge.genesys_secrets.count++;
    }
}

static void close_bridge(struct fixture *fixture)
{
    for (size_t i = 0; i < COUNT_OF(fixture->keys); i++)
        hmac_free(fixture->keys[i]);
}

/* ---- verify ---- */

static enum status verify(const struct fixture *fixture,
                          const struct http_header *headers, size_t count,
                          const char *body)
{
    const struct http_message message = {.method = STR("POST"),
                                         .headers = headers,
                                         .header_count = count,
                                         .body = str_of(body)};
    struct error err = {.text = ""};

    enum status status = genesys_source.verify(&fixture->bridge, &message,
                                               (struct now){.wall_ms = 0}, &err);
    assert_null(strstr(err.text, VECTOR_SECRET));
    assert_true((status == STATUS_OK) == (err.text[0] == '\0'));
    return status;
}

static void the_signature_is_base64_over_the_raw_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *body;
        const char *signature;
        enum status want;
    } cases[] = {
        {"the vector",               VECTOR_BODY,     VECTOR_SIGNATURE,             STATUS_OK    },
        {"another body",             VECTOR_BODY " ", VECTOR_SIGNATURE,             STATUS_DENIED},
        {"an empty body",            "",              VECTOR_SIGNATURE,             STATUS_DENIED},
        {"in hex",                   VECTOR_BODY,
         "sha256=e089b549fb148a1ec35cb1cfee6f4b99a9ca2efd829ee154d377c2b1dcad8991", STATUS_DENIED},
        {"without its prefix",       VECTOR_BODY,
         "4Im1SfsUih7DXLHP7m9LmanKLv2CnuFU03fCsdytiZE=",                            STATUS_DENIED},
        {"another algorithm",        VECTOR_BODY,
         "sha512=4Im1SfsUih7DXLHP7m9LmanKLv2CnuFU03fCsdytiZE=",                     STATUS_DENIED},
        {"the prefix in upper case", VECTOR_BODY,
         "SHA256=4Im1SfsUih7DXLHP7m9LmanKLv2CnuFU03fCsdytiZE=",                     STATUS_DENIED},
        {"without padding",          VECTOR_BODY,
         "sha256=4Im1SfsUih7DXLHP7m9LmanKLv2CnuFU03fCsdytiZE",                      STATUS_DENIED},
        {"filler bits set",          VECTOR_BODY,
         "sha256=4Im1SfsUih7DXLHP7m9LmanKLv2CnuFU03fCsdytiZF=",                     STATUS_DENIED},
        {"one character off",        VECTOR_BODY,
         "sha256=5Im1SfsUih7DXLHP7m9LmanKLv2CnuFU03fCsdytiZE=",                     STATUS_DENIED},
        {"something behind it",      VECTOR_BODY,     VECTOR_SIGNATURE " ",         STATUS_DENIED},
        {"the prefix alone",         VECTOR_BODY,     "sha256=",                    STATUS_DENIED},
        {"empty",                    VECTOR_BODY,     "",                           STATUS_DENIED},
    };
    struct fixture fixture;

    open_bridge(&fixture, VECTOR_SECRET, NULL);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct http_header header = {STR("X-Hub-Signature-256"),
                                           str_of(cases[i].signature)};
        expect_status(cases[i].name, cases[i].want,
                      verify(&fixture, &header, 1, cases[i].body));
    }
    close_bridge(&fixture);
}

static void the_signature_stands_there_once(void **state)
{
    (void)state;
    static const struct http_header headers[] = {
        {STR("x-hub-signature-256"), STR(VECTOR_SIGNATURE)},
        {STR("X-HUB-SIGNATURE-256"), STR(VECTOR_SIGNATURE)},
    };
    struct fixture fixture;

    open_bridge(&fixture, VECTOR_SECRET, NULL);
    expect_status("once", STATUS_OK, verify(&fixture, headers, 1, VECTOR_BODY));
    expect_status("twice", STATUS_DENIED, verify(&fixture, headers, 2, VECTOR_BODY));
    expect_status("never", STATUS_DENIED, verify(&fixture, headers, 0, VECTOR_BODY));
    close_bridge(&fixture);
}

static void every_secret_of_the_bridge_opens(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *first;
        const char *second;
        enum status want;
    } cases[] = {
        {"first",          VECTOR_SECRET,            "another-secret-of-ours", STATUS_OK    },
        {"second",         "another-secret-of-ours", VECTOR_SECRET,            STATUS_OK    },
        {"neither",        "another-secret-of-ours", "a third one",            STATUS_DENIED},
        {"none there are", NULL,                     NULL,                     STATUS_DENIED},
    };
    const struct http_header header = {STR("X-Hub-Signature-256"),
                                       STR(VECTOR_SIGNATURE)};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fixture fixture;
        open_bridge(&fixture, cases[i].first, cases[i].second);
        expect_status(cases[i].name, cases[i].want,
                      verify(&fixture, &header, 1, VECTOR_BODY));
        close_bridge(&fixture);
    }
}

/* An escape that a re-serialised body would spell otherwise. The signature was made
 * with Python's hmac. */
static void escapes_are_signed_as_they_came(void **state)
{
    (void)state;
    const struct http_header header = {
        STR("X-Hub-Signature-256"),
        STR("sha256=8o+MRfwJx5o2lDJ/N0mlUFweIYrmOHwLzyrRxJWW1mE=")};
    struct fixture fixture;

    open_bridge(&fixture, VECTOR_SECRET, NULL);
    expect_status("escaped", STATUS_OK,
                  verify(&fixture, &header, 1, "{\"text\":\"a\\u2028b\\/\"}"));
    expect_status("written out", STATUS_DENIED,
                  verify(&fixture, &header, 1,
                         "{\"text\":\"a\xe2\x80\xa8"
                         "b/\"}"));
    close_bridge(&fixture);
}

/* ---- decode ---- */

static enum status decode(const struct fixture *fixture, struct str body,
                          struct arena *into, struct unit *unit)
{
    const struct http_message message = {.method = STR("POST"), .body = body};
    struct error err = {.text = ""};

    *unit = (struct unit){0};
    return genesys_source.decode(&fixture->bridge, &message, into, unit, &err);
}

static void expect_unreadable(const char *name, const json_t *fixture, struct str body,
                              const struct event *event)
{
    uint8_t sum[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];
    struct error err;

    expect_status(name, STATUS_OK, sha256(body, sum, &err));
    hex_encode(sum, sizeof(sum), hex);
    expect_i64(name, EVENT_UNREADABLE, event->kind);
    expect_str_at(name, body, event->raw, __FILE__, __LINE__);
    expect_str_at(name, fixture_text(fixture, "contact_id", arena), event->contact_id,
                  __FILE__, __LINE__);
    expect_i64(name, 1, (int64_t)event->key_count);
    expect_i64(name, ID_SIDE_GENESYS, event->keys[0].side);
    expect_i64(name, ID_KIND_WEBHOOK, event->keys[0].kind);
    expect_str(name, hex, event->keys[0].id);
}

static void check_fixture(const char *name, json_t *fixture)
{
    struct fixture bridge;
    struct unit unit;
    struct str body = fixture_text(fixture, "body", arena);

    open_bridge(&bridge, VECTOR_SECRET, NULL);
    expect_status(name, STATUS_OK, decode(&bridge, body, arena, &unit));
    close_bridge(&bridge);
    if (json_is_true(json_object_get(fixture, "unreadable"))) {
        expect_i64(name, 1, (int64_t)unit.event_count);
        expect_unreadable(name, fixture, body, &unit.events[0]);
        return;
    }
    json_t *events = json_array();
    for (size_t i = 0; i < unit.event_count; i++)
        json_array_append_new(events, fixture_of_event(&unit.events[i]));
    expect_json(name, json_object_get(fixture, "events"), events);
}

static void events_are_read_as_the_fixtures_say(void **state)
{
    (void)state;
    fixture_each(FIXTURES "/genesys/webhook", check_fixture);
}

static void a_body_for_another_integration_is_forbidden(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *body;
        enum status want;
    } cases[] = {
        {"ours",                  "{\"channel\":{\"id\":\"" INTEGRATION "\"}}",                      STATUS_OK},
        {"ours in upper case",
         "{\"channel\":{\"id\":\"5A1D3A52-0000-4000-8000-000000000002\"}}",                          STATUS_OK},
        {"another",               "{\"channel\":{\"id\":\"5a1d3a52-0000-4000-8000-000000000003\"}}",
         STATUS_FORBIDDEN                                                                                     },
        {"the beginning of ours", "{\"channel\":{\"id\":\"5a1d3a52\"}}",
         STATUS_FORBIDDEN                                                                                     },
    };
    struct fixture fixture;

    open_bridge(&fixture, VECTOR_SECRET, NULL);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct unit unit;
        expect_status(cases[i].name, cases[i].want,
                      decode(&fixture, str_of(cases[i].body), arena, &unit));
        expect_i64(cases[i].name, cases[i].want == STATUS_OK,
                   (int64_t)unit.event_count);
    }
    close_bridge(&fixture);
}

static void what_is_unreadable_is_cut(void **state)
{
    (void)state;
    size_t len = LIMIT_UNREADABLE_BYTES + 100;
    CLEANUP(mem_freep) char *body = mem_new(len);
    struct fixture fixture;
    struct unit unit;

    memset(body, 'x', len);
    open_bridge(&fixture, VECTOR_SECRET, NULL);
    expect_status("decode", STATUS_OK,
                  decode(&fixture, str_from(body, len), arena, &unit));
    expect_i64("length", LIMIT_UNREADABLE_BYTES, (int64_t)unit.events[0].raw.len);
    close_bridge(&fixture);
}

/* Every allocation refused in turn: then the body is kept raw, and never refused. */
static void a_message_larger_than_the_arena_is_unreadable(void **state)
{
    (void)state;
    static const char body[] =
        "{\"id\":\"6f1d0c2ab3e84d5f9a7c1e2d3b4a5968\",\"type\":\"Structured\","
        "\"channel\":{\"id\":\"" INTEGRATION "\",\"to\":{\"id\":\"u-9\"}},"
        "\"text\":\"Look:\",\"content\":["
        "{\"contentType\":\"QuickReply\",\"quickReply\":{\"text\":\"a\"}},"
        "{\"contentType\":\"Attachment\",\"attachment\":{\"url\":\"https://u\"}},"
        "{\"contentType\":\"Card\",\"card\":{\"title\":\"t\",\"actions\":"
        "[{\"text\":\"b\"}]}},{\"contentType\":\"Form\"}]}";
    enum event_kind kind = EVENT_UNREADABLE;
    struct fixture fixture;

    open_bridge(&fixture, VECTOR_SECRET, NULL);
    for (size_t room = sizeof(struct event) + 128; kind == EVENT_UNREADABLE;
         room += 16) {
        CLEANUP(arena_freep) struct arena *small = arena_new(room);
        struct unit unit;
        expect_status("decode", STATUS_OK,
                      decode(&fixture, str_of(body), small, &unit));
        expect_i64("one event", 1, (int64_t)unit.event_count);
        kind = unit.events[0].kind;
        if (kind == EVENT_UNREADABLE)
            expect_str("whole", body, unit.events[0].raw);
        assert_true(room < 8192);
    }
    expect_i64("in the end", EVENT_MESSAGE, kind);
    close_bridge(&fixture);
}

/* Memory that runs out inside cJSON makes nothing unreadable: Genesys Cloud comes
 * again. */
static void a_message_there_is_no_memory_for_comes_again(void **state)
{
    (void)state;
    static const char body[] =
        "{\"id\":\"6f1d0c2ab3e84d5f9a7c1e2d3b4a5968\",\"type\":\"Text\","
        "\"channel\":{\"id\":\"" INTEGRATION "\",\"to\":{\"id\":\"u-9\"}},"
        "\"text\":\"Hello\"}";
    enum status status = STATUS_RETRY;
    struct fixture fixture;

    open_bridge(&fixture, VECTOR_SECRET, NULL);
    for (unsigned nth = 0; status != STATUS_OK; nth++) {
        struct unit unit;
        cjson_fail_from(nth);
        status = decode(&fixture, str_of(body), arena, &unit);
        expect_true("refused nothing", cjson_fail_stop() == (status != STATUS_OK));
        assert_true(status == STATUS_OK || status == STATUS_RETRY);
        if (status == STATUS_OK)
            expect_i64("kind", EVENT_MESSAGE, unit.events[0].kind);
        assert_true(nth < 100);
    }
    close_bridge(&fixture);
}

static void the_answer_is_200_and_empty(void **state)
{
    (void)state;
    const struct acceptance acceptance = {
        .status = STATUS_DUPLICATE, .public_id = "019c", .conversation = 1};
    struct fixture fixture;
    struct http_reply reply;

    open_bridge(&fixture, VECTOR_SECRET, NULL);
    genesys_source.ack(&fixture.bridge, &(struct unit){0}, &acceptance, arena, &reply);
    expect_i64("status", 200, reply.status);
    expect_str("body", "{}", reply.body);
    assert_false(genesys_source.refuses_content);
    const struct http_message message = {.method = STR("GET")};
    assert_false(genesys_source.handshake(&fixture.bridge, &message, arena, &reply));
    close_bridge(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_signature_is_base64_over_the_raw_bytes),
        cmocka_unit_test(the_signature_stands_there_once),
        cmocka_unit_test(every_secret_of_the_bridge_opens),
        cmocka_unit_test(escapes_are_signed_as_they_came),
        cmocka_unit_test(events_are_read_as_the_fixtures_say),
        cmocka_unit_test(a_body_for_another_integration_is_forbidden),
        cmocka_unit_test(what_is_unreadable_is_cut),
        cmocka_unit_test(a_message_larger_than_the_arena_is_unreadable),
        cmocka_unit_test(a_message_there_is_no_memory_for_comes_again),
        cmocka_unit_test(the_answer_is_200_and_empty),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
