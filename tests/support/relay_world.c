#include "support/relay_world.h"

#include "gateway/memory.h"

struct relay_world *relay_world;

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
    lines_settings = (struct lines_settings){.channel_reports = false};
    world->now = (struct now){.wall_ms = INT64_C(1700000000000), .mono_ms = 1000};
    world->arena = arena_new(1024 * 1024);
    world->config = lines_config();
    open_store(world, scheme);
    world->writer = writer_new(world->store, 64);
    const struct relay_settings settings = {
        .writer = world->writer,
        .genesys_source = &lines_genesys_source,
        .dispatcher = {.offer = keep_offers,
                       .recorded = keep_recorded,
                       .context = world,
                       .order = keep_order},
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
        .started_ms = world->now.mono_ms,
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
    lines_answer(&world->answer.reply, world->public_id, &world->conversation);
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
