/*
 * engine: one round after the other: what arrived, what may start, what the transport
 * did.
 */
#include "internal.h"

#include "gateway/fault.h"
#include "gateway/log.h"
#include "gateway/memory.h"
#include "gateway/store.h"

/* Receipts read at once at start and when memory has room again. */
#define RECEIPTS_PAGE 256

struct offer {
    struct queue_node node;
    struct delivery *list;
};

static void engine_wake_queue(void *context)
{
    engine_wake(context);
}

struct engine *engine_new(const struct engine_settings *settings, struct config *config)
{
    struct engine *engine = mem_new(sizeof(*engine));
    engine->settings = *settings;
    if (engine->settings.clock == NULL)
        engine->settings.clock = clock_now;
    engine->now = engine->settings.clock();
    engine->started_ms = engine->now.mono_ms;
    engine->wall_offset_ms = engine->now.wall_ms - engine->now.mono_ms;
    (void)pthread_mutex_init(&engine->wake_lock, NULL);
    engine->config = config_hold(config);
    engine->recording_last = &engine->recording;
    random_seed(&engine->random, settings->seed);
    engine->offers = queue_new(settings->inbox, engine_wake_queue, engine);
    /* Reports come back for runs only: the accounts' limits and LIMIT_UNCOMMITTED
     * bound their number. */
    engine->reports = queue_new(SIZE_MAX, engine_wake_queue, engine);
    engine->filed = queue_new(SIZE_MAX, engine_wake_queue, engine); /* so are tries */
    engine->orders =
        queue_new(SIZE_MAX, engine_wake_queue, engine); /* a person's pace */
    accounts_configure(engine);
    return engine;
}

static void list_free(struct delivery *list)
{
    while (list != NULL) {
        struct delivery *next = list->next;
        delivery_free(list);
        list = next;
    }
}

static void take_offers(struct engine *engine, bool keep)
{
    size_t count = 0;
    struct queue_node *node = queue_take(engine->offers, SIZE_MAX, &count);
    while (node != NULL) {
        struct offer *offer = CONTAINER_OF(node, struct offer, node);
        node = node->next;
        struct delivery *list = offer->list;
        mem_free(offer);
        if (!keep) {
            list_free(list);
            continue;
        }
        while (list != NULL) {
            struct delivery *delivery = list;
            list = list->next;
            lane_offer(engine, delivery);
        }
    }
}

static void settle_reports(struct queue_node *node)
{
    while (node != NULL) {
        struct report *report = CONTAINER_OF(node, struct report, node);
        node = node->next;
        run_recorded(CONTAINER_OF(report, struct run, report));
    }
}

static void take_filed(struct engine *engine)
{
    size_t count = 0;
    struct queue_node *node = queue_take(engine->filed, SIZE_MAX, &count);
    while (node != NULL) {
        struct filing *filing = CONTAINER_OF(node, struct filing, node);
        node = node->next;
        fetch_filed(filing);
    }
}

void engine_free(struct engine *engine)
{
    if (engine == NULL)
        return;
    take_offers(engine, false);
    orders_take(engine, false);
    runs_free_pool(engine);
    lanes_free(engine);
    timers_free(engine);
    contact_paces_free(engine);
    heard_free(engine);
    accounts_free(engine);
    config_drop(atomic_exchange(&engine->adopt, NULL));
    config_drop(engine->config);
    queue_free(engine->offers);
    queue_free(engine->reports);
    queue_free(engine->filed);
    queue_free(engine->orders);
    (void)pthread_mutex_destroy(&engine->wake_lock);
    mem_free(engine);
}

void engine_set_transport(struct engine *engine, struct transport *transport)
{
    (void)pthread_mutex_lock(&engine->wake_lock);
    engine->transport = transport;
    (void)pthread_mutex_unlock(&engine->wake_lock);
}

/* Ages go by the monotonic clock; but times in log and database do not follow each
 * other now, and windows may end early. Source: design.md section 4, "Window". */
#define CLOCK_JUMP_MS (INT64_C(5) * 60 * 1000)

static void look_at_clock(struct engine *engine)
{
    struct now last = engine->now;
    engine->now = engine->settings.clock();
    int64_t offset_ms = engine->now.wall_ms - engine->now.mono_ms;
    if (offset_ms < engine->wall_offset_ms)
        engine->wall_offset_ms = offset_ms;
    int64_t jump_ms =
        engine->now.wall_ms - last.wall_ms - (engine->now.mono_ms - last.mono_ms);
    if (jump_ms > CLOCK_JUMP_MS || jump_ms < -CLOCK_JUMP_MS)
        log_warn("clock.jumped", F_MS("by", jump_ms));
}

void engine_exchange_done(void *token, const struct reply *reply, void *context)
{
    struct engine *engine = context;
    enum token_kind kind = *(enum token_kind *)token;

    look_at_clock(engine);
    switch (kind) {
    case TOKEN_RUN:
        run_answered(token, reply);
        break;
    case TOKEN_CREDENTIAL:
        credential_answered(token, reply);
        break;
    case TOKEN_FETCH:
        fetch_answered(token, reply);
        break;
    }
}

/* --- loading
 * -----------------------------------------------------------------------------------
 */

/* The run before may have sent it, and died before it knew. */
static bool was_cut(const struct engine *engine, enum delivery_class class, int64_t id)
{
    const struct flights *flights = engine->settings.flights;
    return engine->is_starting && flights != NULL &&
           flights_were_cut(flights, class, id);
}

static void lane_seen(const struct lane_summary *summary, void *context)
{
    struct engine *engine = context;
    struct lane_key key;
    struct lane *lane = NULL;

    memset(&key, 0, sizeof(key));
    key.row = summary->contact_row;
    key.class = DELIVERY_MESSAGE;
    key.direction = (int32_t)summary->direction;
    HASH_FIND(hh, engine->lanes, &key, sizeof(key), lane);
    if (lane == NULL) {
        lane = lane_make(engine, key,
                         flow_of(engine, summary->bridge_row, summary->direction));
        lane->last_id = summary->first_id - 1;
        lane->was_cut = was_cut(engine, DELIVERY_MESSAGE, summary->first_id);
    }
    lane_read_again(engine, lane, summary->first_id);
    if (lane->state == LANE_IDLE)
        lane_ready(engine, lane);
}

/* Reads unsent receipts page by page until all are held or memory is full. */
static enum status load_receipts(struct engine *engine, struct error *err)
{
    while (engine->receipts_overflowed &&
           engine->lane_bytes < (size_t)engine->config->limits.lane_memory) {
        struct delivery *list = NULL;
        unsigned count = 0;
        int64_t after = engine->receipts_after;
        enum status status =
            store_take_receipts(engine->settings.reader, str_of(engine->settings.owner),
                                after, RECEIPTS_PAGE, &list, err);
        if (status != STATUS_OK)
            return status;
        engine->receipts_after = INT64_MAX; /* lane_offer keeps what is below */
        while (list != NULL) {
            struct delivery *receipt = list;
            list = list->next;
            after = receipt->id;
            receipt->may_have_arrived = was_cut(engine, DELIVERY_RECEIPT, receipt->id);
            lane_offer(engine, receipt);
            count++;
        }
        engine->receipts_after = after;
        engine->receipts_overflowed = count == RECEIPTS_PAGE;
    }
    return STATUS_OK;
}

static enum status load(struct engine *engine, struct error *err)
{
    struct store *reader = engine->settings.reader;
    enum status status = pauses_load(engine, err);
    if (status == STATUS_OK)
        status =
            store_lanes(reader, str_of(engine->settings.owner), lane_seen, engine, err);
    if (status != STATUS_OK)
        return status;
    engine->receipts_overflowed = true;
    engine->receipts_after = 0;
    return load_receipts(engine, err);
}

enum status engine_load(struct engine *engine, struct error *err)
{
    engine->is_starting = true;
    enum status status = load(engine, err);
    engine->is_starting = false;
    return status;
}

/* Offers were lost for want of room: the store knows them all. */
static bool rescan(struct engine *engine)
{
    struct error err;
    if (!atomic_exchange(&engine->rescan, false))
        return true;
    FAULT_POINT("engine.scans_again");
    enum status status = load(engine, &err);
    if (status == STATUS_OK)
        return true;
    log_warn("engine.rescan_failed", F_TEXT("error", err.text));
    atomic_store(&engine->rescan, true);
    return false;
}

/* What the store has and memory had no room for. False: it could not be read. */
static bool read_rest(struct engine *engine)
{
    struct error err;
    if (!rescan(engine))
        return false;
    if (!engine->receipts_overflowed || load_receipts(engine, &err) == STATUS_OK)
        return true;
    log_warn("engine.refill_failed", F_TEXT("error", err.text));
    return false;
}

static bool has_rest(struct engine *engine)
{
    return atomic_load(&engine->rescan) ||
           (engine->receipts_overflowed &&
            engine->lane_bytes < (size_t)engine->config->limits.lane_memory);
}

/* --- the dispatcher: any thread
 * ---------------------------------------------------------------- */

static void engine_offer(void *context, struct delivery *list)
{
    struct engine *engine = context;
    struct offer *offer = mem_new(sizeof(*offer));
    offer->list = list;
    if (!FAULT_FAILS("engine.inbox_is_full") &&
        queue_push(engine->offers, &offer->node))
        return;
    mem_free(offer);
    list_free(list);
    atomic_store(&engine->rescan, true);
    engine_wake(engine);
}

static void engine_recorded(void *context, struct report *report)
{
    struct engine *engine = context;
    if (!queue_push(engine->reports, &report->node))
        abort(); /* unbounded: cannot be full */
}

static void engine_filed(void *context, struct filing *filing)
{
    struct engine *engine = context;
    if (!queue_push(engine->filed, &filing->node))
        abort(); /* unbounded: cannot be full */
}

struct dispatcher engine_dispatcher(struct engine *engine)
{
    return (struct dispatcher){
        .offer = engine_offer,
        .recorded = engine_recorded,
        .filed = engine_filed,
        .context = engine,
        .order = orders_give,
    };
}

void engine_adopt(struct engine *engine, struct config *config)
{
    config_drop(atomic_exchange(&engine->adopt, config_hold(config)));
    engine_wake(engine);
}

void engine_wake(struct engine *engine)
{
    (void)pthread_mutex_lock(&engine->wake_lock);
    if (engine->transport != NULL)
        engine->transport->ops->wake(engine->transport);
    (void)pthread_mutex_unlock(&engine->wake_lock);
}

void engine_drain(struct engine *engine)
{
    atomic_store(&engine->draining, true);
    engine_wake(engine);
}

bool engine_is_quiet(const struct engine *engine)
{
    return atomic_load(&engine->runs) == 0;
}

size_t engine_held_bytes(const struct engine *engine)
{
    return engine->lane_bytes;
}

void engine_cut(struct engine *engine)
{
    atomic_store(&engine->draining, true);
    (void)pthread_mutex_lock(&engine->wake_lock);
    struct transport *transport = TAKE(engine->transport);
    (void)pthread_mutex_unlock(&engine->wake_lock);
    if (transport != NULL)
        transport->ops->free(transport);
}

void engine_finish(struct engine *engine)
{
    size_t count = 0;
    look_at_clock(engine);
    take_filed(engine);
    settle_reports(queue_take(engine->reports, SIZE_MAX, &count));
}

enum status engine_start_exchange(struct engine *engine,
                                  const struct exchange *exchange, void *token,
                                  struct error *err)
{
    if (engine->transport == NULL)
        return fail(err, STATUS_RETRY, "the gateway is stopping");
    return engine->transport->ops->start(engine->transport, exchange, token, err);
}

/* --- a round
 * --------------------------------------------------------------------------------------
 */

/*
 * What the writer offers may have been read from the store, sent and committed before
 * its offer is looked at: then its lane tells that it is known. So reports are taken
 * first, and settled, which may end lanes, behind the offers that came before them.
 */
static void take_from_writer(struct engine *engine)
{
    size_t count = 0;
    struct queue_node *reports = queue_take(engine->reports, SIZE_MAX, &count);
    take_offers(engine, true);
    settle_reports(reports);
}

static void take_config(struct engine *engine)
{
    struct error err;
    struct config *config = atomic_exchange(&engine->adopt, NULL);
    if (config == NULL)
        return;
    FAULT_POINT("engine.adopts_config");
    config_drop(engine->config);
    engine->config = config;
    accounts_configure(engine);
    /* A bridge may be new here, and paused since before. */
    if (pauses_load(engine, &err) != STATUS_OK)
        log_warn("engine.pauses_unread", F_TEXT("error", err.text));
}

void engine_step(struct engine *engine, int64_t max_wait_ms)
{
    look_at_clock(engine);
    take_config(engine);
    take_from_writer(engine);
    orders_take(engine, true);
    take_filed(engine);
    bool is_read = read_rest(engine);
    timers_fire(engine);
    typing_expire(engine);
    fetchings_round(engine);
    int64_t wait_ms = schedule_round(engine);
    wait_ms = min_ms(wait_ms, fetchings_next_ms(engine));
    /* The round itself may have made room. */
    if (has_rest(engine) && !atomic_load(&engine->draining))
        wait_ms = min_ms(wait_ms, is_read ? 0 : REFILL_RETRY_MS);
    wait_ms = min_ms(wait_ms, max_wait_ms);
    engine->transport->ops->poll(engine->transport, wait_ms);
}
