#include "support/relay_world.h"
#include "support/plain_channel.h"

#include "gateway/channel.h"
#include "gateway/choice.h"
#include "gateway/memory.h"

struct relay_world *relay_world;

/* --- the sources: lines of text
 * ------------------------------------------------------------ */

static struct event_key key_of(enum id_side side, enum id_kind kind, struct str id)
{
    return (struct event_key){.side = side, .kind = kind, .id = id};
}

static enum message_status status_of(struct str name)
{
    for (int i = MESSAGE_ACCEPTED; i <= MESSAGE_FAILED; i++)
        if (str_is(name, message_status_name((enum message_status)i)))
            return (enum message_status)i;
    assert_true(str_is(name, "a known status"));
    return MESSAGE_FAILED;
}

static void offer_choices(struct event *event, struct arena *arena)
{
    struct str rest = event->text;
    if (str_find_byte(rest, '|') < 0)
        return;
    event->content.quick_replies = arena_alloc(arena, 8 * sizeof(struct choice));
    while (rest.len > 0) {
        struct str word = str_cut(&rest, '|');
        event->content.quick_replies[event->content.quick_reply_count++] =
            (struct choice){.label = word, .payload = word};
    }
}

static void decode_line(struct str line, enum direction direction, struct arena *arena,
                        struct event *event)
{
    bool is_inbound = direction == DIRECTION_INBOUND;
    enum id_side side = is_inbound ? ID_SIDE_CHANNEL : ID_SIDE_GENESYS;
    char kind = str_cut(&line, ' ').ptr[0];

    event->source_id = str_cut(&line, ' ');
    event->contact_id = str_cut(&line, ' ');
    event->keys[event->key_count++] = key_of(side, ID_KIND_MESSAGE, event->source_id);
    switch (kind) {
    case 'm':
        event->kind = EVENT_MESSAGE;
        event->text = line;
        offer_choices(event, arena);
        return;
    case 'c':
        event->kind = EVENT_ANSWER;
        event->has_choice = choice_token_read(
            str_cut(&line, ' '), &event->choice_message, &event->choice_ordinal);
        assert_true(event->has_choice);
        event->text = line;
        return;
    case 'a':
    case 'e':
        event->kind = kind == 'a' ? EVENT_ANSWER : EVENT_EDIT;
        event->target = key_of(kind == 'a' ? ID_SIDE_GATEWAY : side, ID_KIND_MESSAGE,
                               str_cut(&line, ' '));
        event->has_target = true;
        event->text = line;
        event->answer_payload = kind == 'a' ? line : STR_NONE;
        return;
    case 'r':
    case 'p':
        event->kind = EVENT_RECEIPT;
        event->target = key_of(kind == 'r' ? ID_SIDE_GATEWAY : side, ID_KIND_MESSAGE,
                               str_cut(&line, ' '));
        event->has_target = true;
        event->receipt_status = status_of(line);
        event->keys[0].kind = ID_KIND_RECEIPT;
        return;
    case 'i':
        event->kind = EVENT_IDENTITY;
        event->new_id = line;
        return;
    case 't':
        event->kind = EVENT_TYPING;
        event->key_count = 0;
        return;
    case 'u':
        event->kind = EVENT_UNREADABLE;
        event->contact_id = STR_NONE;
        event->raw = line;
        return;
    default:
        assert_int_equal('m', kind);
    }
}

static enum status decode(struct arena *arena, const struct http_message *message,
                          struct unit *unit)
{
    struct str rest = message->body;
    unit->events = arena_alloc(arena, 16 * sizeof(struct event));
    while (rest.len > 0)
        decode_line(str_cut(&rest, '\n'), unit->direction, arena,
                    &unit->events[unit->event_count++]);
    return STATUS_OK;
}

static enum status lines_decode(const struct bridge *bridge,
                                const struct http_message *message, struct arena *arena,
                                struct unit *unit, struct error *err)
{
    (void)bridge;
    (void)err;
    return decode(arena, message, unit);
}

static enum status lines_verify(const struct bridge *bridge,
                                const struct http_message *message, struct now now,
                                struct error *err)
{
    (void)bridge;
    (void)now;
    if (str_starts(message->body, STR("forged")))
        return fail(err, STATUS_DENIED, "forged");
    return STATUS_OK;
}

static void lines_ack(const struct bridge *bridge, const struct acceptance *acceptance,
                      struct arena *arena, struct http_reply *reply)
{
    (void)bridge;
    (void)arena;
    (void)reply;
    relay_world->public_id[0] = '\0';
    if (acceptance->public_id != NULL)
        memcpy(relay_world->public_id, acceptance->public_id, PUBLIC_ID_BYTES);
    relay_world->conversation = acceptance->conversation;
}

static const struct source channel_source = {
    .handshake = source_no_handshake,
    .verify = lines_verify,
    .decode = lines_decode,
    .ack = lines_ack,
    .refuses_content = true,
};
static const struct source genesys_like_source = {
    .handshake = source_no_handshake,
    .verify = lines_verify,
    .decode = lines_decode,
    .ack = lines_ack,
};

/* --- the channel
 * ------------------------------------------------------------------------------- */

static void capabilities(const struct bridge *bridge, struct capabilities *out)
{
    (void)bridge;
    *out = (struct capabilities){
        .receipts = relay_world->channel_reports,
        .typing = true,
        .wants_status_accepted = relay_world->wants_accepted,
        .wants_status_failed = true,
    };
}

static const struct sender no_sender = {.credential_next = sender_no_credential};
static const struct channel lines_channel = {
    .name = "lines",
    .settings_size = 1,
    .settings_ready = plain_settings_ready,
    .settings_release = plain_settings_release,
    .capabilities = capabilities,
    .source = &channel_source,
    .sender = &no_sender,
};
static const struct channel *const lines_channels[] = {&lines_channel, NULL};

/* --- the dispatcher
 * ------------------------------------------------------------------------------ */

static void keep_offers(void *context, struct delivery *list)
{
    struct relay_world *world = context;
    while (list != NULL) {
        struct delivery *delivery = list;
        list = list->next;
        assert_true(world->offer_count < RELAY_OFFERS);
        world->offers[world->offer_count++] = delivery;
    }
}

static void keep_recorded(void *context, struct report *report)
{
    struct relay_world *world = context;
    world->recorded = report;
}

static void keep_order(void *context, int64_t bridge_row, enum bridge_order order)
{
    struct relay_world *world = context;
    world->ordered_row = bridge_row;
    world->ordered = order;
    world->order_count++;
}

/* --- up and down
 * ------------------------------------------------------------------------------------
 */

static const char config_text[] =
    "public_url: http://127.0.0.1\n"
    "database: \"sqlite:/unused\"\n"
    "limits: { max_pending: 40 }\n"
    "genesys:\n"
    "  - { name: main, api_url: \"http://127.0.0.1:1\", login_url: "
    "\"http://127.0.0.1:1\", client_id: a, client_secret: b }\n"
    "bridges:\n"
    "  - { name: one, channel: lines, genesys: main, integration_id: i-1, "
    "genesys_secrets: [ { value: a-secret-of-the-test } ] }\n";

static void open_store(struct relay_world *world, const char *scheme)
{
    const struct store_options options = {.mode = STORE_WRITER, .may_migrate = true};
    struct error err;
    char url[256];
    (void)snprintf(url, sizeof(url), "%s", scheme);
    if (strcmp(scheme, "sqlite:") == 0) {
        folder_make(world->directory);
        (void)snprintf(url, sizeof(url), "sqlite:%s/omgw.db", world->directory);
    }
    enum status status = store_open(url, &options, &world->store, &err);
    if (status != STATUS_OK)
        print_error("%s\n", err.text);
    expect_status("store", STATUS_OK, status);
}

void relay_world_up(const char *scheme)
{
    struct relay_world *world = mem_new(sizeof(*world));
    struct error err;

    relay_world = world;
    world->now = (struct now){.wall_ms = INT64_C(1700000000000), .mono_ms = 1000};
    world->arena = arena_new(1024 * 1024);
    world->config = plain_config(config_text, lines_channels);
    open_store(world, scheme);
    world->writer = writer_new(world->store, 64);
    const struct relay_settings settings = {
        .writer = world->writer,
        .genesys_source = &genesys_like_source,
        .dispatcher = {keep_offers, keep_recorded, world, keep_order},
        .seed = 7,
    };
    world->relay = relay_new(&settings);
    expect_status("begin", STATUS_OK, store_begin(world->store, &err));
    expect_status("bridges", STATUS_OK,
                  relay_sync_bridges(world->relay, world->config, world->store,
                                     world->now.wall_ms, &err));
    expect_status("commit", STATUS_OK, store_commit(world->store, &err));
}

void relay_world_down(void)
{
    struct relay_world *world = relay_world;
    offers_clear();
    relay_free(world->relay);
    writer_free(world->writer);
    store_close(world->store);
    config_drop(world->config);
    arena_free(world->arena);
    if (world->directory[0] != '\0')
        folder_remove(world->directory);
    mem_free(world);
}

/* --- webhooks
 * -------------------------------------------------------------------------------------------
 */

static void stored(void *token)
{
    *(bool *)token = true;
}

static bool is_stored;

static struct intake *webhook_begin(enum intake_peer peer, const char *lines)
{
    struct relay_world *world = relay_world;
    struct intake *intake = NULL;
    arena_reset(world->arena);
    struct http_message *message = arena_alloc(world->arena, sizeof(*message));
    message->method = STR("POST");
    message->body = arena_copy(world->arena, str_of(lines));
    const struct intake_request request = {
        .peer = peer,
        .bridge_name = STR("one"),
        .message = message,
        .arena = world->arena,
        .now = world->now,
        .stored = stored,
        .token = &is_stored,
    };
    is_stored = false;
    world->public_id[0] = '\0';
    if (intake_begin(world->relay, world->config, &request, &intake, &world->answer))
        return NULL;
    intake_submit(intake);
    return intake;
}

static enum status webhook_end(struct intake *intake)
{
    struct relay_world *world = relay_world;
    if (intake == NULL)
        return world->answer.status;
    if (!is_stored)
        (void)writer_step(world->writer, world->now);
    assert_true(is_stored);
    intake_finish(intake, world->now, &world->answer);
    return world->answer.status;
}

enum status inbound(const char *lines)
{
    return webhook_end(webhook_begin(INTAKE_CHANNEL, lines));
}

enum status outbound(const char *lines)
{
    return webhook_end(webhook_begin(INTAKE_GENESYS, lines));
}

struct intake *inbound_begin(const char *lines)
{
    return webhook_begin(INTAKE_CHANNEL, lines);
}

enum status inbound_end(struct intake *intake)
{
    return webhook_end(intake);
}

/* --- outcomes
 * --------------------------------------------------------------------------------------------
 */

void report_outcome(const struct delivery *delivery, enum outcome outcome,
                    const char *provider_id)
{
    struct relay_world *world = relay_world;
    struct recorder recorder = relay_recorder(world->relay);
    struct report report = {
        .delivery = delivery,
        .bridge = &world->config->bridges[0],
        .outcome = outcome,
        .attempts = 1,
        .http_status = 200,
        .reason_code = REASON_INVALID_DESTINATION,
        .reason = STR("a reason"),
        .provider_id = str_of(provider_id),
        .shows_numbers = world->shows_numbers,
        .started_ms = world->now.wall_ms,
        .ended_ms = world->now.wall_ms,
    };
    world->recorded = NULL;
    assert_true(recorder.reserve(recorder.context));
    recorder.record(recorder.context, &report);
    while (world->recorded == NULL)
        (void)writer_step(world->writer, world->now);
    assert_ptr_equal(&report, world->recorded);
    assert_false(report.is_stale);
}

const struct delivery *offered(size_t n)
{
    assert_true(n < relay_world->offer_count);
    return relay_world->offers[n];
}

void offers_clear(void)
{
    for (size_t i = 0; i < relay_world->offer_count; i++)
        delivery_free(relay_world->offers[i]);
    relay_world->offer_count = 0;
}

void advance(int64_t ms)
{
    relay_world->now.wall_ms += ms;
    relay_world->now.mono_ms += ms;
}

void tidy(void)
{
    relay_tidy(relay_world->relay, relay_world->config);
    (void)writer_step(relay_world->writer, relay_world->now);
}

struct message message_now(int64_t row, struct arena *arena)
{
    struct message message;
    struct error err;
    expect_status("message", STATUS_OK,
                  store_message_get(relay_world->store, row, arena, &message, &err));
    return message;
}

static void counts(int64_t *pending, int64_t *dead)
{
    struct error err;
    expect_status("counts", STATUS_OK,
                  store_counts(relay_world->store, relay_world->config->bridges[0].row,
                               pending, dead, &err));
}

int64_t pending_now(void)
{
    int64_t pending = 0;
    int64_t dead = 0;
    counts(&pending, &dead);
    return pending;
}

int64_t dead_now(void)
{
    int64_t pending = 0;
    int64_t dead = 0;
    counts(&pending, &dead);
    return dead;
}
