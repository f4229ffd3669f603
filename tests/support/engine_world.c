#include "support/engine_world.h"
#include "support/plain_channel.h"

#include "gateway/arena.h"
#include "gateway/channel.h"
#include "gateway/flights.h"
#include "gateway/memory.h"

/* One world at a time: the engine's clock has no context. */
static struct now world_now;

static struct now world_clock(void)
{
    return world_now;
}

/* --- the channel of the configuration: never used, must only be there
 * ---------------------- */

static struct engine_world *the_world;

static void capabilities(const struct bridge *bridge, struct capabilities *out)
{
    (void)bridge;
    *out = (struct capabilities){
        .has_idempotency_key = true,
        .account_pace = the_world->account_pace,
        .contact_pace = the_world->contact_pace,
    };
}

static enum fetch_step fetch_next(struct fetch *fetch, const struct reply *last,
                                  struct now now, struct fetch_result *out)
{
    return the_world->fetch_next(fetch, last, now, out);
}

static const struct source source = {.handshake = source_no_handshake,
                                     .fetch_next = fetch_next};

/* --- the sender
 * ------------------------------------------------------------------------------ */

static enum sender_step outcome_of(struct sender_result *out, const struct reply *last)
{
    out->http_status = last->status;
    out->retry_after_ms = last->retry_after_ms;
    if (last->kind == REPLY_UNKNOWN) {
        out->outcome = OUTCOME_UNKNOWN;
        out->may_have_arrived = true;
    } else if (last->kind == REPLY_CANCELLED || last->status == 503) {
        out->outcome = OUTCOME_RETRY;
    } else if (last->status == 429) {
        out->outcome = OUTCOME_SLOW_DOWN;
        out->holds = the_world->holds;
    } else if (last->status == 403) {
        out->outcome = OUTCOME_BROKEN;
        out->pause = the_world->pauses;
    } else {
        out->outcome = OUTCOME_DONE;
    }
    return SENDER_OUTCOME;
}

static void see_file(struct file_seen *seen, const struct file *file)
{
    *seen = (struct file_seen){.is_there = file != NULL};
    if (file == NULL)
        return;
    seen->is_kept = file->link.len > 0;
    (void)snprintf(seen->missing, sizeof(seen->missing), "%.*s",
                   STR_ARG(file->missing));
}

static enum sender_step next(struct attempt *attempt, const struct reply *last,
                             struct now now, struct sender_result *out)
{
    (void)now;
    if (last != NULL) {
        (void)outcome_of(out, last);
        if (out->outcome == OUTCOME_DONE && attempt->parts_done + 1 < the_world->parts)
            return SENDER_PROGRESS;
        return SENDER_OUTCOME;
    }
    if (the_world->needs_token && attempt->credential->token.len == 0)
        return SENDER_NEED_CREDENTIAL;
    see_file(&the_world->file_seen, attempt->files);
    out->exchange.method = "POST";
    out->exchange.has_file_link = the_world->has_file_link;
    out->exchange.url =
        arena_printf(attempt->arena, "%lld/%u/%d", (long long)attempt->delivery->id,
                     attempt->parts_done, (int)attempt->delivery->event.receipt_status)
            .ptr;
    return SENDER_EXCHANGE;
}

static enum sender_step credential_next(const struct bridge *bridge,
                                        struct arena *arena, const struct reply *last,
                                        struct now now, struct sender_result *out)
{
    (void)bridge;
    (void)arena;
    (void)now;
    if (last == NULL) {
        out->exchange.method = "POST";
        out->exchange.url = "0/0/0";
        return SENDER_EXCHANGE;
    }
    (void)outcome_of(out, last);
    out->token = STR("a token");
    out->lifetime_ms = WORLD_TOKEN_LIFE_MS;
    the_world->tokens += out->outcome == OUTCOME_DONE;
    return SENDER_OUTCOME;
}

static const struct sender sender = {.next = next, .credential_next = credential_next};

static const struct channel test_channel = {
    .name = "test",
    .settings_size = 1,
    .settings_ready = plain_settings_ready,
    .settings_release = plain_settings_release,
    .capabilities = capabilities,
    .source = &source,
    .sender = &sender,
    .setup = &setup_none,
};
static const struct channel *const test_channels[] = {&test_channel, NULL};

/* --- the transport
 * --------------------------------------------------------------------------- */

static enum status transport_start(struct transport *transport,
                                   const struct exchange *exchange, void *token,
                                   struct error *err)
{
    struct str url = str_of(exchange->url);
    int64_t part = 0;
    int64_t status = 0;
    int64_t id = 0;
    (void)transport;
    (void)err;
    assert_true(str_to_i64(str_cut(&url, '/'), &id));
    assert_true(str_to_i64(str_cut(&url, '/'), &part));
    assert_true(str_to_i64(url, &status));
    assert_true(the_world->flight_count < WORLD_FLIGHTS);
    the_world->flights[the_world->flight_count++] =
        (struct flight){.token = token,
                        .id = id,
                        .part = (unsigned)part,
                        .receipt_status = (enum message_status)status,
                        .timeout_ms = exchange->timeout_ms,
                        .exchange = exchange};
    return STATUS_OK;
}

void world_end(struct engine_world *world, size_t index, const struct reply *reply)
{
    assert_true(index < world->flight_count);
    void *token = world->flights[index].token;
    world->flight_count--;
    memmove(&world->flights[index], &world->flights[index + 1],
            (world->flight_count - index) * sizeof(world->flights[0]));
    engine_exchange_done(token, reply, world->engine);
}

static void transport_cancel(struct transport *transport, void *token)
{
    (void)transport;
    for (size_t i = 0; i < the_world->flight_count; i++) {
        struct flight *flight = &the_world->flights[i];
        flight->is_cancelled |= flight->token == token;
    }
}

static void transport_poll(struct transport *transport, int64_t timeout_ms)
{
    (void)transport;
    the_world->wait_ms = timeout_ms;
}

static void transport_wake(struct transport *transport)
{
    (void)transport;
}

static void transport_free(struct transport *transport)
{
    static const struct reply cancelled = {.kind = REPLY_CANCELLED, .why = ""};
    while (the_world->flight_count > 0)
        world_end(the_world, 0, &cancelled);
    mem_free(transport);
}

static const struct transport_ops transport_ops = {
    .start = transport_start,
    .cancel = transport_cancel,
    .poll = transport_poll,
    .wake = transport_wake,
    .free = transport_free,
};

/* --- the recorder
 * ------------------------------------------------------------------------------ */

static bool recorder_reserve(void *context)
{
    (void)context;
    return true;
}

static void recorder_unreserve(void *context)
{
    (void)context;
}

static void recorder_record(void *context, struct report *report)
{
    struct engine_world *world = context;
    struct report **last = &world->reports;
    while (*last != NULL)
        last = (struct report **)(void *)&(*last)->node.next;
    report->node.next = NULL;
    *last = report;
}

static void recorder_file(void *context, struct filing *filing)
{
    struct engine_world *world = context;
    filing->node.next = world->filings;
    world->filings = &filing->node;
}

/* Keeps it in the store too, if the store knows the delivery. */
static void keep(struct engine_world *world, const struct report *report)
{
    struct error err;
    const struct delivery_record record = {
        .class = report->delivery->class,
        .id = report->delivery->id,
        .contact_row = report->delivery->contact_row,
        .epoch = report->delivery->epoch,
        .outcome = report->outcome,
        .state = delivery_after(report->outcome),
        .attempts = report->attempts,
        .started_ms = report->started_ms,
        .ended_ms = report->ended_ms,
        .may_have_arrived = report->may_have_arrived,
    };
    struct delivery *known = NULL;
    if (report->delivery->class != DELIVERY_MESSAGE ||
        store_delivery_load(world->store, DELIVERY_MESSAGE, report->delivery->id,
                            &known, &err) != STATUS_OK)
        return;
    delivery_free(known);
    expect_status("begin", STATUS_OK, store_begin(world->store, &err));
    expect_status("record", STATUS_OK, store_record(world->store, &record, &err));
    expect_status("commit", STATUS_OK, store_commit(world->store, &err));
}

static struct report *take_report(struct engine_world *world, size_t index)
{
    struct report **link = &world->reports;
    for (; index > 0; index--) {
        assert_non_null(*link);
        link = (struct report **)(void *)&(*link)->node.next;
    }
    struct report *report = *link;
    assert_non_null(report);
    *link = (struct report *)(void *)report->node.next;
    return report;
}

enum outcome world_commit(struct engine_world *world)
{
    return world_commit_at(world, 0);
}

enum outcome world_commit_at(struct engine_world *world, size_t index)
{
    struct report *report = take_report(world, index);
    if (!world->is_dead)
        keep(world, report);
    world->last_report = *report;
    /* Of a dead process nothing comes back. */
    report->is_stale = world->commits_are_stale || world->is_dead;
    struct dispatcher dispatcher = engine_dispatcher(world->engine);
    dispatcher.recorded(dispatcher.context, report);
    if (!world->is_ending)
        world_step(world);
    return world->last_report.outcome;
}

/* --- the world
 * ------------------------------------------------------------------------------------
 */

static const char config_text[] =
    "public_url: http://127.0.0.1\n"
    "database: \"sqlite:/unused\"\n"
    "genesys:\n"
    "  - { name: main, api_url: \"http://127.0.0.1:1\", login_url: "
    "\"http://127.0.0.1:1\", client_id: a, client_secret: b, requests_per_minute: 0, "
    "connections: 8 }\n"
    "bridges:\n"
    "  - { name: one, channel: test, genesys: main, integration_id: i-1, "
    "genesys_secrets: [ { value: a-secret-of-the-test } ] }\n"
    "  - { name: two, channel: test, genesys: main, integration_id: i-2, "
    "genesys_secrets: [ { value: a-secret-of-the-test } ] }\n";

static void make_config(struct engine_world *world)
{
    world->config = plain_config(config_text, test_channels);
    for (size_t i = 0; i < world->config->bridge_count; i++)
        world->config->bridges[i].row = (int64_t)i + 1;
}

static void change_run(struct engine_world *world,
                       enum status (*change)(struct store *, struct error *))
{
    struct error err;
    expect_status("begin", STATUS_OK, store_begin(world->store, &err));
    expect_status("run", STATUS_OK, change(world->store, &err));
    expect_status("commit", STATUS_OK, store_commit(world->store, &err));
}

static void engine_up(struct engine_world *world)
{
    struct error err;
    const struct engine_settings settings = {
        .reader = world->store,
        .genesys_sender = &sender,
        .genesys_source = &source,
        .media = world->media,
        .recorder = {.reserve = recorder_reserve,
                     .unreserve = recorder_unreserve,
                     .record = recorder_record,
                     .file = recorder_file,
                     .context = world},
        .flights = store_flights(world->store),
        .owner = "test",
        .seed = 1,
        .inbox = world->inbox,
        .clock = world_clock,
    };
    world->engine = engine_new(&settings, world->config);
    struct transport *transport = mem_new(sizeof(*transport));
    transport->ops = &transport_ops;
    engine_set_transport(world->engine, transport);
    expect_status("last run", STATUS_OK, store_run_look_back(world->store, &err));
    expect_status("load", STATUS_OK, engine_load(world->engine, &err));
    change_run(world, store_run_begin);
}

static void engine_down(struct engine_world *world)
{
    world->is_ending = true;
    engine_cut(world->engine);
    while (world->reports != NULL)
        (void)world_commit(world);
    engine_finish(world->engine);
    world->is_ending = false;
    if (flights_count(store_flights(world->store)) == 0)
        change_run(world, store_run_end);
    engine_free(world->engine);
}

int world_set_up(void **state)
{
    struct engine_world *world = mem_new(sizeof(*world));
    const struct store_options options = {.mode = STORE_WRITER, .may_migrate = true};
    struct error err;

    the_world = world;
    world_now = (struct now){.wall_ms = INT64_C(1700000000000), .mono_ms = 1000};
    world->inbox = WORLD_FLIGHTS;
    world->retry_after_ms = -1;
    world->pauses = PAUSE_BRIDGE_TO_GENESYS;
    world->parts = 1;
    world->fetch_next = fetch_url;
    make_config(world);
    expect_status("store", STATUS_OK,
                  store_open("memory:engine", &options, &world->store, &err));
    engine_up(world);
    *state = world;
    return 0;
}

int world_tear_down(void **state)
{
    struct engine_world *world = *state;
    engine_down(world);
    store_close(world->store);
    config_drop(world->config);
    mem_free(world);
    return 0;
}

void world_reload(struct engine_world *world, int64_t lane_memory)
{
    engine_down(world);
    world->config->limits.lane_memory = lane_memory;
    engine_up(world);
}

void world_crash(struct engine_world *world)
{
    /* Whatever still ends is never recorded: the store stays as it was. */
    world->is_dead = true;
    engine_down(world);
    world->is_dead = false;
    engine_up(world);
}

void world_shrink_inbox(struct engine_world *world, size_t inbox)
{
    engine_down(world);
    world->inbox = inbox;
    engine_up(world);
}

void world_pace(struct engine_world *world, struct pace account, struct pace contact)
{
    engine_down(world);
    world->account_pace = account;
    world->contact_pace = contact;
    engine_up(world);
}

void world_limit_rate(struct engine_world *world, int64_t per_minute)
{
    engine_down(world);
    world->config->organisations[0].requests_per_minute = per_minute;
    engine_up(world);
}

void world_offer_delivery(struct engine_world *world, const struct delivery *delivery)
{
    struct dispatcher dispatcher = engine_dispatcher(world->engine);
    dispatcher.offer(dispatcher.context, delivery_copy(delivery));
}

struct delivery world_delivery(int64_t bridge, int64_t contact, int64_t id)
{
    return (struct delivery){
        .class = DELIVERY_MESSAGE,
        .direction = DIRECTION_INBOUND,
        .id = id,
        .epoch = 1,
        .message_id = id,
        .contact_row = contact,
        .bridge_row = bridge,
        .accepted_ms = world_now.wall_ms,
        .event = {.contact_id = STR("contact")},
    };
}

void world_offer_on(struct engine_world *world, int64_t bridge, int64_t contact,
                    int64_t id)
{
    const struct delivery delivery = world_delivery(bridge, contact, id);
    world_offer_delivery(world, &delivery);
}

void world_offer_outbound(struct engine_world *world, int64_t contact, int64_t id)
{
    struct delivery delivery = world_delivery(1, contact, id);
    delivery.direction = DIRECTION_OUTBOUND;
    world_offer_delivery(world, &delivery);
}

void world_offer(struct engine_world *world, int64_t contact, int64_t id)
{
    world_offer_on(world, 1, contact, id);
}

void world_offer_class(struct engine_world *world, enum delivery_class class,
                       int64_t contact, int64_t id)
{
    struct delivery delivery = world_delivery(1, contact, id);
    delivery.class = class;
    delivery.event.receipt_status = MESSAGE_DELIVERED;
    world_offer_delivery(world, &delivery);
}

void world_offer_late(struct engine_world *world, int64_t contact, int64_t id,
                      int64_t age_ms)
{
    struct delivery delivery = world_delivery(1, contact, id);
    delivery.accepted_ms -= age_ms;
    world_offer_delivery(world, &delivery);
}

void world_offer_receipt(struct engine_world *world, int64_t message,
                         enum message_status status)
{
    struct delivery delivery = world_delivery(1, 1, message);
    delivery.class = DELIVERY_RECEIPT;
    delivery.event.receipt_status = status;
    world_offer_delivery(world, &delivery);
}

static void store_message(struct engine_world *world, const struct contact *contact,
                          int64_t number, struct str extra)
{
    struct error err;
    struct message message = {
        .bridge_row = 1,
        .contact_row = contact->row,
        .conversation = contact->conversation,
        .direction = DIRECTION_INBOUND,
        .accepted_ms = world_now.wall_ms,
        .text = STR("text"),
        .extra = extra,
    };
    (void)snprintf(message.public_id, sizeof(message.public_id), "%032lld",
                   (long long)number);
    expect_status("message", STATUS_OK,
                  store_message_add(world->store, &message, &err));
    struct delivery delivery = world_delivery(1, contact->row, 0);
    delivery.message_id = message.row;
    expect_status(
        "delivery", STATUS_OK,
        store_delivery_add(world->store, &delivery, DELIVERY_READY, STR_NONE, &err));
    expect_i64("numbers are as expected", number, delivery.id);
}

void world_store_messages(struct engine_world *world, int64_t contact, int64_t count)
{
    world_store_extra(world, contact, count, STR_NONE);
}

void world_store_extra(struct engine_world *world, int64_t contact, int64_t count,
                       struct str extra)
{
    struct error err;
    struct bridge_record bridge = {
        .name = "one", .channel = "test", .integration_id = "i-1"};
    struct contact row = {0};
    expect_status("begin", STATUS_OK, store_begin(world->store, &err));
    expect_status("bridge", STATUS_OK,
                  store_bridge_sync(world->store, &bridge, world_now.wall_ms, &err));
    while (row.row < contact) {
        char name[32];
        (void)snprintf(name, sizeof(name), "contact-%lld", (long long)row.row);
        expect_status("contact", STATUS_OK,
                      store_contact_add(world->store, 1, str_of(name),
                                        world_now.wall_ms, &row, &err));
    }
    expect_status("conversation", STATUS_OK,
                  store_conversation_open(world->store, &row, world_now.wall_ms, &err));
    for (int64_t i = 1; i <= count; i++)
        store_message(world, &row, i, extra);
    expect_status("commit", STATUS_OK, store_commit(world->store, &err));
}

void world_store_lanes(struct engine_world *world, int64_t count)
{
    struct error err;
    struct bridge_record bridge = {
        .name = "one", .channel = "test", .integration_id = "i-1"};
    expect_status("begin", STATUS_OK, store_begin(world->store, &err));
    expect_status("bridge", STATUS_OK,
                  store_bridge_sync(world->store, &bridge, world_now.wall_ms, &err));
    for (int64_t i = 1; i <= count; i++) {
        struct contact row = {0};
        char name[32];
        (void)snprintf(name, sizeof(name), "contact-%lld", (long long)i);
        expect_status("contact", STATUS_OK,
                      store_contact_add(world->store, 1, str_of(name),
                                        world_now.wall_ms, &row, &err));
        expect_status(
            "conversation", STATUS_OK,
            store_conversation_open(world->store, &row, world_now.wall_ms, &err));
        store_message(world, &row, i, STR_NONE);
    }
    expect_status("commit", STATUS_OK, store_commit(world->store, &err));
}

void world_forbid_repeats(struct engine_world *world)
{
    world->config->bridges[0].on_unknown = ON_UNKNOWN_FAIL;
}

void world_step(struct engine_world *world)
{
    engine_step(world->engine, INT64_MAX);
}

void world_set_wall_clock(struct engine_world *world, int64_t by_ms)
{
    (void)world;
    world_now.wall_ms += by_ms;
}

void world_advance(struct engine_world *world, int64_t ms)
{
    (void)world;
    world_now.mono_ms += ms;
    world_now.wall_ms += ms;
}

int64_t world_flight_id(const struct engine_world *world, size_t index)
{
    assert_true(index < world->flight_count);
    return world->flights[index].id;
}

unsigned world_flight_part(const struct engine_world *world, size_t index)
{
    assert_true(index < world->flight_count);
    return world->flights[index].part;
}

enum message_status world_flight_status(const struct engine_world *world, size_t index)
{
    assert_true(index < world->flight_count);
    return world->flights[index].receipt_status;
}

void world_answer(struct engine_world *world, size_t index, int http_status)
{
    const struct reply reply = {.kind = REPLY_ANSWER,
                                .status = http_status,
                                .retry_after_ms = world->retry_after_ms,
                                .why = ""};
    world_end(world, index, &reply);
}

void world_lose_answer(struct engine_world *world, size_t index)
{
    const struct reply reply = {
        .kind = REPLY_UNKNOWN, .retry_after_ms = -1, .why = "timed out"};
    world_end(world, index, &reply);
}
