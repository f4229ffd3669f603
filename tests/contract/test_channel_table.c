/*
 * The contract of channel.h, held by every row of the table that has a folder of
 * fixtures with a channel.json. What is particular to a channel stands in its fixtures:
 *
 *   channel.json   "settings" of a bridge, "partner_like": it refuses content
 *   auth/          "headers", "query", "part", "body" of a request; "want": ok, denied;
 *                  perhaps another "public_url"
 *   inbound/       such a request, the "events" it becomes, "ack" where it is special
 *   outbound/      a "delivery", perhaps its "files" or "heard_id", the "exchange" that
 *                  says it; more "settings"
 *   outcomes/      a "delivery", perhaps its "files", a "reply", and the "result" it
 *                  comes to, or the exchange that is asked for "then"
 *
 * and setup/, which test_channel_setup.c runs.
 */
#include "support/channel_fixture.h"
#include "support/expect.h"
#include "support/protocol_fixture.h"

#include "gateway/channels.h"
#include "gateway/limits.h"
#include "gateway/memory.h"
#include "gateway/reply.h"
#include "gateway/sender.h"

#include <glob.h>

#define PATH_BYTES 512
static const struct now suite_now = {.wall_ms = INT64_C(1770110150999)};

/* ---- a bridge of the channel ---- */

static const struct channel *channel; /* of the row that is tested */
static struct arena *arena;

static struct config *config_of(const json_t *fixture)
{
    return channel_fixture_config(channel, fixture, arena);
}

static void read_headers(const json_t *fixture, struct http_message *message)
{
    json_t *list = json_object_get(fixture, "headers");
    struct http_header *headers =
        arena_alloc(arena, (json_array_size(list) + 1) * sizeof(*headers));
    size_t i;
    json_t *pair;

    json_array_foreach(list, i, pair)
    {
        headers[i].name = str_of(json_string_value(json_array_get(pair, 0)));
        headers[i].value = str_of(json_string_value(json_array_get(pair, 1)));
    }
    message->headers = headers;
    message->header_count = json_array_size(list);
}

static struct http_message request_of(const json_t *fixture)
{
    struct http_message message = {
        .method = STR("POST"),
        .query = fixture_text(fixture, "query", arena),
        .part = fixture_text(fixture, "part", arena),
        .body = fixture_text(fixture, "body", arena),
    };
    struct str method = fixture_text(fixture, "method", arena);

    if (method.len > 0)
        message.method = method;
    message.path = arena_printf(arena, "/webhooks/channels/one%s%.*s",
                                message.part.len > 0 ? "/" : "", STR_ARG(message.part));
    read_headers(fixture, &message);
    return message;
}

/* ---- signatures ---- */

/* A handshake is answered before anything is verified. */
static bool check_handshake(const char *name, const json_t *fixture,
                            const struct bridge *bridge,
                            const struct http_message *message)
{
    const json_t *want = json_object_get(fixture, "handshake");
    struct http_reply reply = {0};
    bool is_handshake = channel->source->handshake(bridge, message, arena, &reply);

    expect_true(name, is_handshake == (want != NULL));
    if (!is_handshake)
        return false;
    expect_i64(name, fixture_i64(want, "status", 200), reply.status);
    expect_str(name, fixture_text(want, "body", arena).ptr, reply.body);
    expect_str(name, fixture_text(want, "content_type", arena).ptr,
               str_of(reply.content_type));
    return true;
}

static void check_auth(const char *name, json_t *fixture)
{
    struct config *config = config_of(fixture);
    const struct http_message message = request_of(fixture);
    struct error err = {.text = ""};
    bool is_good = str_is(fixture_text(fixture, "want", arena), "ok");

    if (check_handshake(name, fixture, &config->bridges[0], &message)) {
        config_drop(config);
        return;
    }
    enum status status =
        channel->source->verify(&config->bridges[0], &message, suite_now, &err);
    expect_status(name, is_good ? STATUS_OK : STATUS_DENIED, status);
    expect_true("a refusal says why", is_good || err.text[0] != '\0');
    config_drop(config);
}

/* ---- events ---- */

static json_t *events_of(const struct unit *unit)
{
    json_t *list = json_array();
    for (size_t i = 0; i < unit->event_count; i++)
        json_array_append_new(list, fixture_of_event(&unit->events[i]));
    return list;
}

/* What every event must be, whatever channel it is from. */
static void check_event(const char *name, const struct event *event)
{
    expect_true("a contact's id is an id, if there is one",
                event->contact_id.len == 0 || id_is_valid(event->contact_id));
    expect_true("only the unreadable has no contact",
                event->contact_id.len > 0 || event->kind == EVENT_UNREADABLE ||
                    event->kind == EVENT_RECEIPT);
    expect_true("an event has a key unless it is typing",
                (event->key_count == 0) == (event->kind == EVENT_TYPING));
    for (size_t i = 0; i < event->key_count; i++)
        expect_true("a key is not empty", event->keys[i].id.len > 0);
    expect_true("a message says something", event->kind != EVENT_MESSAGE ||
                                                event->text.len > 0 ||
                                                !content_is_empty(&event->content));
    expect_true(name, utf8_is_valid(event->text));
}

static void check_ack(const char *name, json_t *fixture, const struct bridge *bridge,
                      const struct unit *unit)
{
    json_t *want = json_object_get(fixture, "ack");
    const struct acceptance acceptance = {.status = STATUS_OK};
    struct http_reply reply = {0};

    channel->source->ack(bridge, unit, &acceptance, arena, &reply);
    expect_true("an ack is a 2xx", reply.status >= 200 && reply.status <= 299);
    if (want == NULL)
        return;
    expect_str(name, fixture_text(want, "body", arena).ptr, reply.body);
    expect_str(name, fixture_text(want, "content_type", arena).ptr,
               str_of(reply.content_type));
}

static void check_inbound(const char *name, json_t *fixture)
{
    struct config *config = config_of(fixture);
    const struct bridge *bridge = &config->bridges[0];
    const struct http_message message = request_of(fixture);
    struct unit unit = {.bridge = bridge};
    struct error err = {.text = ""};

    expect_status(name, STATUS_OK,
                  channel->source->decode(bridge, &message, arena, &unit, &err));
    expect_json(name, json_object_get(fixture, "events"), events_of(&unit));
    for (size_t i = 0; i < unit.event_count; i++)
        check_event(name, &unit.events[i]);
    check_ack(name, fixture, bridge, &unit);
    config_drop(config);
}

/* Nothing that is authentic is refused, however odd: it is kept, or says nothing. */
static void check_hostile(const char *body)
{
    struct config *config = config_of(NULL);
    const struct http_message message = {.method = STR("POST"), .body = str_of(body)};
    struct unit unit = {.bridge = &config->bridges[0]};
    struct error err = {.text = ""};

    expect_status(
        body, STATUS_OK,
        channel->source->decode(&config->bridges[0], &message, arena, &unit, &err));
    for (size_t i = 0; i < unit.event_count; i++)
        check_event(body, &unit.events[i]);
    config_drop(config);
}

/* ---- requests ---- */

static struct attempt attempt_of(const struct bridge *bridge,
                                 const struct delivery *delivery)
{
    return (struct attempt){
        .delivery = delivery,
        .bridge = bridge,
        .arena = arena,
        .parts_done = delivery->parts_done,
    };
}

/* What became of the attachments. */
static const struct file *files_of(const json_t *fixture)
{
    const json_t *list = json_object_get(fixture, "files");
    struct file *files =
        arena_alloc(arena, (json_array_size(list) + 1) * sizeof(*files));
    size_t i;
    json_t *row;

    json_array_foreach(list, i, row)
    {
        files[i] = (struct file){
            .link = fixture_text(row, "link", arena),
            .mime = fixture_text(row, "mime", arena),
            .name = fixture_text(row, "name", arena),
            .sha256 = STR("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f0"
                          "0a08"),
            .size = fixture_i64(row, "size", 0),
            .descriptor = -1,
            .missing = fixture_text(row, "missing", arena),
        };
    }
    return list == NULL ? NULL : files;
}

static void check_outbound(const char *name, json_t *fixture)
{
    struct config *config = config_of(fixture);
    struct delivery delivery;
    struct sender_result result;

    fixture_delivery(json_object_get(fixture, "delivery"), arena, &delivery);
    struct attempt attempt = attempt_of(&config->bridges[0], &delivery);
    attempt.files = files_of(fixture);
    attempt.heard_id = fixture_text(fixture, "heard_id", arena);
    expect_i64(name, SENDER_EXCHANGE,
               channel->sender->next(&attempt, NULL, suite_now, &result));
    expect_json(name, json_object_get(fixture, "exchange"),
                fixture_of_exchange(&result.exchange));
    expect_false("the URL is the configuration's", result.exchange.is_outside_url);
    expect_true("numbers are told",
                attempt.shows_numbers ==
                    json_is_true(json_object_get(fixture, "shows_numbers")));
    config_drop(config);
}

/* ---- outcomes ---- */

static json_t *outcome_of(enum sender_step step, const struct sender_result *result)
{
    json_t *object = json_object();
    enum outcome outcome = step == SENDER_PROGRESS ? OUTCOME_PROGRESS : result->outcome;
    bool is_refusal = delivery_after(outcome) == DELIVERY_DEAD;

    json_object_set_new(object, "outcome", json_string(outcome_name(outcome)));
    if (is_refusal)
        json_object_set_new(object, "reason_code",
                            json_string(reason_code_name(result->reason_code)));
    if (result->provider_id.len > 0)
        json_object_set_new(
            object, "provider_id",
            json_stringn(result->provider_id.ptr, result->provider_id.len));
    if (result->retry_after_ms >= 0)
        json_object_set_new(object, "retry_after_ms",
                            json_integer(result->retry_after_ms));
    if (result->holds != HOLD_ACCOUNT)
        json_object_set_new(
            object, "holds",
            json_string(result->holds == HOLD_CONTACT ? "contact" : "perhaps contact"));
    if (result->may_have_arrived)
        json_object_set_new(object, "may_have_arrived", json_true());
    return object;
}

static void check_result(const char *name, const json_t *fixture, enum sender_step step,
                         const struct sender_result *result)
{
    expect_json(name, json_object_get(fixture, "result"), outcome_of(step, result));
    expect_true("a failure says why", outcome_is_success(result->outcome) ||
                                          step == SENDER_PROGRESS ||
                                          result->reason.len > 0);
}

/* Another way to say the same; where that is refused as well, it is over. */
static void check_then(const char *name, const json_t *fixture, struct attempt *attempt,
                       enum sender_step step, struct sender_result *result)
{
    const struct reply reply = channel_fixture_reply(fixture, arena);

    expect_i64(name, SENDER_EXCHANGE, step);
    expect_json(name, json_object_get(fixture, "then"),
                fixture_of_exchange(&result->exchange));
    expect_i64(name, SENDER_OUTCOME,
               channel->sender->next(attempt, &reply, suite_now, result));
    expect_i64(name, OUTCOME_REFUSED_MESSAGE, result->outcome);
}

static void check_outcome(const char *name, json_t *fixture)
{
    struct config *config = config_of(fixture);
    struct delivery delivery;
    struct sender_result result;
    const struct reply reply = channel_fixture_reply(fixture, arena);

    fixture_delivery(json_object_get(fixture, "delivery"), arena, &delivery);
    struct attempt attempt = attempt_of(&config->bridges[0], &delivery);
    attempt.files = files_of(fixture);
    expect_i64(name, SENDER_EXCHANGE,
               channel->sender->next(&attempt, NULL, suite_now, &result));
    enum sender_step step = channel->sender->next(&attempt, &reply, suite_now, &result);
    if (json_object_get(fixture, "then") != NULL)
        check_then(name, fixture, &attempt, step, &result);
    else
        check_result(name, fixture, step, &result);
    config_drop(config);
}

/* An id there was no memory for cannot be had again: the answer is as good as lost. */
static void check_no_memory(const char *name, json_t *fixture)
{
    const struct reply reply = channel_fixture_reply(fixture, arena);
    bool has_then = json_object_get(fixture, "then") != NULL;
    bool has_failed = reply_is_success(&reply) && !has_then;

    for (unsigned nth = 0; has_failed; nth++) {
        struct config *config = config_of(fixture);
        struct delivery delivery;
        struct sender_result result;
        fixture_delivery(json_object_get(fixture, "delivery"), arena, &delivery);
        struct attempt attempt = attempt_of(&config->bridges[0], &delivery);
        expect_i64(name, SENDER_EXCHANGE,
                   channel->sender->next(&attempt, NULL, suite_now, &result));
        cjson_fail_from(nth);
        (void)channel->sender->next(&attempt, &reply, suite_now, &result);
        has_failed = cjson_fail_stop();
        if (has_failed)
            expect_i64(name, OUTCOME_UNKNOWN, result.outcome);
        config_drop(config);
        assert_true(nth < 200);
    }
}

/* What a status means is every channel's own affair; that each means something is not.
 */
static void every_status_comes_to_an_outcome(void)
{
    static const struct delivery message = {
        .class = DELIVERY_MESSAGE,
        .direction = DIRECTION_OUTBOUND,
        .public_id = "019c2228b81a7d3c9a51e0f7c6b5a493",
        .message_id = 7,
        .event = {.contact_id = STR("700000001"), .text = STR("Hello")},
    };
    struct config *config = config_of(NULL);
    static const char *const bodies[] = {"", "{}", "[]", "no JSON", "null"};

    for (int status = 200; status < 600; status++) {
        struct sender_result result;
        struct attempt attempt = attempt_of(&config->bridges[0], &message);
        const struct reply reply = {.status = status,
                                    .body = str_of(bodies[status % 5]),
                                    .retry_after_ms = -1,
                                    .why = ""};
        (void)channel->sender->next(&attempt, NULL, suite_now, &result);
        enum sender_step step =
            channel->sender->next(&attempt, &reply, suite_now, &result);
        char name[32];
        (void)snprintf(name, sizeof(name), "status %d", status);
        expect_true(name, step == SENDER_OUTCOME || step == SENDER_EXCHANGE);
        expect_true(name, status != 429 || result.outcome == OUTCOME_SLOW_DOWN);
        expect_true(name, status != 401 || result.outcome == OUTCOME_BROKEN);
        expect_true(name, status < 500 || !outcome_is_success(result.outcome));
        arena_reset(arena);
    }
    config_drop(config);
}

/* ---- the table ---- */

static bool has_record(void)
{
    char path[PATH_BYTES];
    glob_t found;
    (void)snprintf(path, sizeof(path), "%s/%s/channel.json", FIXTURES, channel->name);
    bool is_there = glob(path, 0, NULL, &found) == 0;
    globfree(&found);
    return is_there;
}

/* Partner has a contract and tests of its own: it may refuse. */
static bool next_channel(const struct channel *const **at)
{
    for (; **at != NULL; (*at)++) {
        channel = **at;
        if (strcmp(channel->name, "partner") == 0)
            continue;
        expect_true("the channel has fixtures with a channel.json", has_record());
        (*at)++;
        return true;
    }
    return false;
}

static void each_fixture(const char *folder, fixture_check *check)
{
    const struct channel *const *at = channels;
    while (next_channel(&at)) {
        char path[PATH_BYTES];
        (void)snprintf(path, sizeof(path), "%s/%s/%s", FIXTURES, channel->name, folder);
        fixture_each(path, check);
        arena_reset(arena);
    }
}

static void only_who_knows_a_secret_is_heard(void **state)
{
    (void)state;
    each_fixture("auth", check_auth);
}

static void webhooks_become_the_events_of_the_fixtures(void **state)
{
    (void)state;
    each_fixture("inbound", check_inbound);
}

static void what_is_odd_is_kept_or_says_nothing(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        "x",
        "{",
        "null",
        "[]",
        "{}",
        "0",
        "\"text\"",
        "{\"a\":1,\"a\":2}",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", /* one too
                                                                                 deep */
    };
    const struct channel *const *at = channels;
    while (next_channel(&at))
        for (size_t i = 0; i < COUNT_OF(bodies); i++) {
            check_hostile(bodies[i]);
            arena_reset(arena);
        }
}

static void deliveries_become_the_requests_of_the_fixtures(void **state)
{
    (void)state;
    each_fixture("outbound", check_outbound);
}

static void replies_come_to_the_outcomes_of_the_fixtures(void **state)
{
    (void)state;
    each_fixture("outcomes", check_outcome);
}

/* Whoever takes files may refuse one, and would take the text. */
static void a_file_that_is_refused_goes_as_a_link(void **state)
{
    (void)state;
    const struct channel *const *at = channels;
    while (next_channel(&at)) {
        struct config *config = config_of(NULL);
        struct capabilities can;
        channel->capabilities(&config->bridges[0], &can);
        if (can.file_form_count > 0)
            json_decref(channel_fixture_load(channel, "outcomes/file-refused.json"));
        config_drop(config);
    }
}

static void an_answer_there_is_no_memory_for_is_as_good_as_lost(void **state)
{
    (void)state;
    each_fixture("outcomes", check_no_memory);
}

static void replies_come_to_something(void **state)
{
    (void)state;
    const struct channel *const *at = channels;
    while (next_channel(&at))
        every_status_comes_to_an_outcome();
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_who_knows_a_secret_is_heard),
        TEST(webhooks_become_the_events_of_the_fixtures),
        TEST(what_is_odd_is_kept_or_says_nothing),
        TEST(deliveries_become_the_requests_of_the_fixtures),
        TEST(replies_come_to_the_outcomes_of_the_fixtures),
        TEST(a_file_that_is_refused_goes_as_a_link),
        TEST(an_answer_there_is_no_memory_for_is_as_good_as_lost),
        TEST(replies_come_to_something),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
