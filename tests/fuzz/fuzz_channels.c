/*
 * fuzz_channels: what services post to the channels that refuse no content, headers
 * included, and what they answer, also to those who connect a bridge. The first line of
 * an input names a channel of the table; its settings are those of its fixtures.
 */
#include "protocol.h"

#include "gateway/channels.h"
#include "gateway/config.h"
#include "gateway/genesys.h"

#include "config/load.h"

#define RECORD_BYTES_MAX ((size_t)16 * 1024)
#define CHANNELS_MAX 32

/* ---- a bridge of each channel ---- */

/* The settings of tests/fixtures/<channel>/channel.json, which as JSON are YAML. */
static struct str settings_of(const struct channel *channel, struct arena *arena)
{
    CLEANUP(json_freep) struct json *record = NULL;
    struct error err;
    struct str text = STR_NONE;
    const char *path =
        arena_printf(arena, FIXTURES "/%s/channel.json", channel->name).ptr;
    FILE *file = fopen(path, "rb");

    demand(file != NULL, "a channel without fixtures");
    char *bytes = arena_alloc(arena, RECORD_BYTES_MAX);
    size_t len = fread(bytes, 1, RECORD_BYTES_MAX, file);
    (void)fclose(file);
    demand(json_parse(str_from(bytes, len), JSON_DEPTH_DEFAULT, &record, &err) ==
               STATUS_OK,
           "a record that is no JSON");
    demand(json_print_arena(json_get(record, "settings"), arena, &text, &err) ==
               STATUS_OK,
           "no settings");
    return text;
}

static struct config *load(const struct channel *channel)
{
    CLEANUP(arena_freep) struct arena *arena = arena_new(LIMIT_REQUEST_ARENA_BYTES);
    CLEANUP(buf_release) struct buf problems;
    struct config *config = NULL;
    struct config_input input = {.file = "fuzz.yaml", .channels = channels};

    buf_init(&problems, SIZE_MAX);
    input.text = arena_printf(
        arena,
        "public_url: https://hooks.example.com\n"
        "genesys:\n"
        "  - { name: main, api_url: \"http://127.0.0.1:1\", login_url: "
        "\"http://127.0.0.1:1\", client_id: a, client_secret: b }\n"
        "bridges:\n"
        "  - { name: one, channel: %s, genesys: main, integration_id: i-1, "
        "genesys_secrets: [ { value: a-secret-of-the-target } ], %s: %.*s }\n",
        channel->name, channel->name, STR_ARG(settings_of(channel, arena)));
    demand(config_load_text(&input, &config, &problems) == STATUS_OK,
           buf_c_string(&problems));
    return config;
}

/* NULL: no such channel, or one that may refuse. */
static const struct bridge *bridge_of(struct str name)
{
    static struct config *configs[CHANNELS_MAX];

    for (size_t i = 0; channels[i] != NULL; i++) {
        if (!str_is(name, channels[i]->name) || channels[i]->source->refuses_content)
            continue;
        demand(i < CHANNELS_MAX, "more channels than room");
        if (configs[i] == NULL)
            configs[i] = load(channels[i]);
        return &configs[i]->bridges[0];
    }
    return NULL;
}

/* ---- what must hold ---- */

static void check_event(const struct bridge *bridge, const struct event *event,
                        struct str body, struct arena *arena)
{
    demand(event->contact_id.len > 0 || event->kind == EVENT_UNREADABLE ||
               event->kind == EVENT_RECEIPT,
           "an event of nobody");
    demand(event->kind != EVENT_UNREADABLE || event->raw.len > 0 || body.len == 0,
           "nothing was kept");
    demand(event->kind != EVENT_MESSAGE || event->text.len > 0 ||
               !content_is_empty(&event->content),
           "a message that says nothing");
    demand_event(event);
    demand_round_trip(event, arena);
    demand_sayable(bridge->channel->sender, bridge, event, arena);
}

static void check_request(const struct bridge *bridge,
                          const struct http_message *message, struct arena *arena)
{
    const struct source *source = bridge->channel->source;
    const struct acceptance acceptance = {.status = STATUS_OK};
    const struct now now = {.wall_ms = INT64_C(1770110150999)};
    struct unit unit = {.bridge = bridge};
    struct http_reply reply = {0};
    struct error err = {.text = ""};

    if (source->handshake(bridge, message, arena, &reply))
        demand(reply.status >= 200 && reply.status < 500, "an odd handshake");
    enum status status = source->verify(bridge, message, now, &err);
    demand(status == STATUS_OK || status == STATUS_DENIED, "an odd verdict");
    status = source->decode(bridge, message, arena, &unit, &err);
    demand(status == STATUS_OK || status == STATUS_FORBIDDEN, "content was refused");
    if (status != STATUS_OK)
        return;
    for (size_t i = 0; i < unit.event_count; i++)
        check_event(bridge, &unit.events[i], message->body, arena);
    source->ack(bridge, &unit, &acceptance, arena, &reply);
    demand(reply.status >= 200 && reply.status < 300, "an ack that is none");
}

/* The body as the answer to a line of an agent. */
static void check_answer(const struct bridge *bridge, struct str body,
                         struct arena *arena)
{
    static const int statuses[] = {200, 400, 403, 429, 500};
    static const struct delivery line = {
        .class = DELIVERY_MESSAGE,
        .direction = DIRECTION_OUTBOUND,
        .public_id = "019c2228b81a7d3c9a51e0f7c6b5a493",
        .message_id = 7,
        .event = {.contact_id = STR("700000001"), .text = STR("Hello")},
    };

    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        struct attempt attempt = {.delivery = &line, .bridge = bridge, .arena = arena};
        const struct reply reply = {
            .status = statuses[i], .body = body, .retry_after_ms = -1, .why = ""};
        struct sender_result result;
        const struct sender *sender = bridge->channel->sender;
        demand(sender->next(&attempt, NULL, (struct now){0}, &result) ==
                   SENDER_EXCHANGE,
               "a line that cannot be said");
        demand(sender->next(&attempt, &reply, (struct now){0}, &result) ==
                   SENDER_OUTCOME,
               "a step out of turn");
        demand(outcome_is_success(result.outcome) || result.reason.len > 0,
               "a failure without a reason");
        demand(result.reason.len <= 2 * LIMIT_REASON_BYTES, "a reason without an end");
        demand_text(result.reason);
        demand(result.provider_id.len == 0 || id_is_valid(result.provider_id),
               "an id that is none");
    }
}

/* The same answer to everything that connects or checks the bridge. */
static void check_plan(const struct bridge *bridge, const struct setup_plan *plan,
                       enum setup_goal goal, const struct reply *reply,
                       struct arena *arena)
{
    struct setup setup = {
        .bridge = bridge, .goal = goal, .arena = arena, .id = STR("id")};
    const struct reply *last = NULL;

    setup_begin(&setup, plan);
    for (; setup_next(&setup, last) == SETUP_EXCHANGE; last = reply)
        demand(utf8_is_valid(str_of(setup.exchange.url)), "a URL that is no UTF-8");
    demand(last == NULL || reply->status == 200 ||
               setup_verdict(&setup) != SETUP_WELL || setup.finding_count == 0,
           "a failure that is well");
    for (size_t i = 0; i < setup.finding_count; i++) {
        demand_text(setup.findings[i].text);
        demand(str_find_byte(setup.findings[i].text, '\n') < 0,
               "a finding of several lines");
        demand(setup.findings[i].text.len <= LIMIT_REASON_BYTES,
               "a finding without an end");
    }
}

static void check_setup(const struct bridge *bridge, struct str body,
                        struct arena *arena)
{
    static const int statuses[] = {200, 400, 403, 404, 429};
    static const enum setup_goal goals[] = {SETUP_CONNECT, SETUP_CHECK};

    for (size_t s = 0; s < COUNT_OF(statuses); s++)
        for (size_t g = 0; g < COUNT_OF(goals); g++) {
            const struct reply reply = {
                .status = statuses[s], .body = body, .retry_after_ms = -1, .why = ""};
            check_plan(bridge, bridge->channel->setup, goals[g], &reply, arena);
            check_plan(bridge, &genesys_setup, goals[g], &reply, arena);
            arena_reset(arena);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = str_from(data, size);
    const struct bridge *bridge = bridge_of(str_cut(&rest, '\n'));
    CLEANUP(arena_freep) struct arena *arena = arena_new(LIMIT_REQUEST_ARENA_BYTES);
    struct request request;

    if (bridge == NULL)
        return -1;
    request_init(&request, (const uint8_t *)rest.ptr, rest.len);
    check_request(bridge, &request.message, arena);
    arena_reset(arena);
    check_answer(bridge, request.message.body, arena);
    arena_reset(arena);
    check_setup(bridge, request.message.body, arena);
    return 0;
}
