/*
 * orders: what an operator changes: pauses, dead letters, bridges that are gone. A
 * write job as everything else; the engine hears of it once it is committed.
 */
#include "internal.h"

#include "gateway/fault.h"
#include "gateway/json.h"
#include "gateway/limits.h"
#include "gateway/log.h"

#include <assert.h>

/* A reason, and as many numbers as a batch has. */
#define DETAILS_BYTES (16u * 1024)

struct order_change {
    struct tally *tally; /* NULL: of a bridge not served here */
    int64_t pending;
    int64_t dead;
};

struct order_work {
    struct write_job job;
    struct relay *relay;
    struct config *config; /* a reference */
    struct order *order;
    struct order_change *changes; /* one a delivery that was changed */
    struct delivery_list follow_ups;
    int64_t bridge_row; /* whose engine lanes are meant; 0: none */
};

/* What one run inside the transaction works with. */
struct order_run {
    struct order_work *work;
    struct order *order;
    struct store *store;
    struct now now;
};

/* --- bridges
 * --------------------------------------------------------------------------------- */

#define PAUSED_BY_OPERATOR "operator"

static const enum pause_scope bridge_scopes[] = {PAUSE_BRIDGE_TO_GENESYS,
                                                 PAUSE_BRIDGE_TO_CHANNEL};

static enum status find_bridge(struct order_run *run, struct error *err)
{
    struct str name = run->order->bridge;
    const struct bridge *bridge = config_bridge(run->work->config, name);
    if (bridge == NULL)
        return fail(err, STATUS_NOT_FOUND, "the configuration has no bridge \"%.*s\"",
                    STR_ARG(name));
    run->work->bridge_row = bridge->row;
    run->order->changed = 1;
    return STATUS_OK;
}

static enum status apply_pause(struct order_run *run, struct error *err)
{
    enum status status = find_bridge(run, err);
    for (size_t i = 0; i < COUNT_OF(bridge_scopes) && status == STATUS_OK; i++) {
        const struct pause pause = {
            .scope = bridge_scopes[i],
            .name = run->order->bridge,
            .reason = str_sub(run->order->reason, 0, LIMIT_REASON_BYTES),
            .set_by = STR(PAUSED_BY_OPERATOR),
            .since_ms = run->now.wall_ms,
        };
        status = store_pause_set(run->store, &pause, err);
    }
    return status;
}

static enum status apply_resume(struct order_run *run, struct error *err)
{
    enum status status = find_bridge(run, err);
    for (size_t i = 0; i < COUNT_OF(bridge_scopes) && status == STATUS_OK; i++)
        status =
            store_pause_clear(run->store, bridge_scopes[i], run->order->bridge, err);
    return status;
}

/* --- deliveries
 * ------------------------------------------------------------------------------ */

static void skip(struct order *order, int64_t id, const char *why)
{
    order->skips[order->skip_count++] = (struct order_skip){
        .delivery = id, .why = arena_copy(order->arena, str_of(why))};
}

/* An order goes on behind what it cannot change; only the database ends it. */
static enum status skip_or_fail(struct order *order, int64_t id, enum status status,
                                const struct error *err)
{
    if (status != STATUS_NOT_FOUND && status != STATUS_CONFLICT)
        return status;
    skip(order, id, err->text);
    return STATUS_OK;
}

static void note_change(struct order_run *run, struct tally *tally, int64_t pending,
                        int64_t dead)
{
    run->work->changes[run->order->changed++] =
        (struct order_change){.tally = tally, .pending = pending, .dead = dead};
}

/* The old delivery is settled, the new one is as if just accepted, but for the parts
 * that have arrived. */
static enum status replay_loaded(struct order_run *run, struct delivery *delivery,
                                 struct error *err)
{
    enum status status =
        store_delivery_settle(run->store, delivery->id, DELIVERY_DROPPED,
                              STR("replayed"), run->now.wall_ms, err);
    if (status != STATUS_OK)
        return status;
    FAULT_POINT("orders.settled_old");
    delivery->is_replay = true;
    delivery->was_sending = false;
    delivery->may_have_arrived = false; /* who orders it knows */
    delivery->attempts = 0;
    delivery->possible_duplicates = 0;
    delivery->age_ms = 0;
    delivery->aged_ms = 0;
    delivery->accepted_ms = run->now.wall_ms;
    delivery->accepted_mono_ms = run->now.mono_ms;
    return store_delivery_add(run->store, delivery, DELIVERY_READY, STR_NONE, err);
}

static void delivery_freep(struct delivery **delivery)
{
    delivery_free(*delivery);
}

static enum status replay_one(struct order_run *run, int64_t id, struct error *err)
{
    CLEANUP(delivery_freep) struct delivery *delivery = NULL;
    struct order *order = run->order;
    enum status status =
        store_delivery_load(run->store, DELIVERY_MESSAGE, id, &delivery, err);
    if (status != STATUS_OK)
        return skip_or_fail(order, id, status, err);
    const struct bridge *bridge =
        config_bridge_of_row(run->work->config, delivery->bridge_row);
    if (bridge == NULL || delivery->event.kind == EVENT_UNREADABLE) {
        skip(order, id,
             bridge == NULL ? "its bridge is not configured"
                            : "it could not be read: there is nothing to send");
        return STATUS_OK;
    }
    status = replay_loaded(run, delivery, err);
    if (status != STATUS_OK)
        return skip_or_fail(order, id, status, err);
    note_change(run, bridge->tally, 1, -1);
    delivery_list_add(&run->work->follow_ups, TAKE(delivery));
    return STATUS_OK;
}

static enum status drop_one(struct order_run *run, int64_t id, struct error *err)
{
    CLEANUP(delivery_freep) struct delivery *delivery = NULL;
    enum status status =
        store_delivery_load(run->store, DELIVERY_MESSAGE, id, &delivery, err);
    if (status == STATUS_OK)
        status = store_delivery_settle(run->store, id, DELIVERY_DROPPED, STR("dropped"),
                                       run->now.wall_ms, err);
    if (status != STATUS_OK)
        return skip_or_fail(run->order, id, status, err);
    note_change(run, tally_of_row(run->work->relay, delivery->bridge_row), 0, -1);
    return STATUS_OK;
}

/* Nobody can be told: the bridge that could is gone. */
static enum status fail_message(struct order_run *run, int64_t row, struct error *err)
{
    struct arena *arena = run->work->relay->arena; /* the writer's: one at a time */
    struct message message;
    arena_reset(arena);
    enum status status = store_message_get(run->store, row, arena, &message, err);
    if (status != STATUS_OK ||
        !message_status_may_follow(message.status, MESSAGE_FAILED))
        return status;
    return store_message_status(run->store, row, MESSAGE_FAILED, run->now.wall_ms, err);
}

static enum status forget_one(struct order_run *run, int64_t id, struct error *err)
{
    CLEANUP(delivery_freep) struct delivery *delivery = NULL;
    enum status status =
        store_delivery_load(run->store, DELIVERY_MESSAGE, id, &delivery, err);
    if (status != STATUS_OK)
        return skip_or_fail(run->order, id, status, err);
    if (config_bridge_of_row(run->work->config, delivery->bridge_row) != NULL) {
        skip(run->order, id, "its bridge is configured");
        return STATUS_OK;
    }
    status =
        store_delivery_settle(run->store, id, DELIVERY_DEAD,
                              STR("its bridge was forgotten"), run->now.wall_ms, err);
    if (status != STATUS_OK)
        return skip_or_fail(run->order, id, status, err);
    run->work->bridge_row = delivery->bridge_row;
    note_change(run, tally_of_row(run->work->relay, delivery->bridge_row), -1, 1);
    return fail_message(run, delivery->message_id, err);
}

static enum status each_delivery(struct order_run *run,
                                 enum status (*change)(struct order_run *, int64_t,
                                                       struct error *),
                                 struct error *err)
{
    const struct order *order = run->order;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < order->delivery_count && status == STATUS_OK; i++)
        status = change(run, order->deliveries[i], err);
    return status;
}

static enum status apply_replay(struct order_run *run, struct error *err)
{
    return each_delivery(run, replay_one, err);
}

static enum status apply_drop(struct order_run *run, struct error *err)
{
    return each_delivery(run, drop_one, err);
}

static enum status apply_forget(struct order_run *run, struct error *err)
{
    struct str name = run->order->bridge;
    if (config_bridge(run->work->config, name) != NULL)
        return fail(err, STATUS_CONFLICT,
                    "bridge \"%.*s\" is configured: take it out of the configuration "
                    "and reload first",
                    STR_ARG(name));
    return each_delivery(run, forget_one, err);
}

/* --- the job
 * --------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    const char *event; /* of the log */
    enum status (*apply)(struct order_run *run, struct error *err);
} verbs[] = {
    [ORDER_PAUSE] = {"pause",  "bridge.paused",         apply_pause },
    [ORDER_RESUME] = {"resume", "bridge.resumed",        apply_resume},
    [ORDER_REPLAY] = {"replay", "dead_letters.replayed", apply_replay},
    [ORDER_DROP] = {"drop",   "dead_letters.dropped",  apply_drop  },
    [ORDER_FORGET] = {"forget", "bridge.forgotten",      apply_forget},
};

const char *order_verb_name(enum order_verb verb)
{
    return verbs[verb].name;
}

/* Of one bridge by name; of deliveries their numbers, changed or not. */
static void describe(const struct order *order, struct json *details)
{
    json_add_i64(details, "changed", (int64_t)order->changed);
    if (order->reason.len > 0)
        json_add_str(details, "reason", str_sub(order->reason, 0, LIMIT_REASON_BYTES));
    if (order->delivery_count == 0)
        return;
    json_add_i64(details, "skipped", (int64_t)order->skip_count);
    struct json *numbers = json_add_array(details, "deliveries");
    for (size_t i = 0; i < order->delivery_count; i++)
        json_append(numbers, json_new_i64(order->deliveries[i]));
}

static enum status add_audit(const struct order_run *run, struct error *err)
{
    CLEANUP(json_freep) struct json *details = json_new_object();
    CLEANUP(buf_release) struct buf text;
    const struct order *order = run->order;
    buf_init(&text, DETAILS_BYTES);
    describe(order, details);
    enum status status = json_print(details, &text, err);
    if (status != STATUS_OK)
        return status;
    const struct audit_entry entry = {
        .at_ms = run->now.wall_ms,
        .actor = order->actor,
        .action = str_of(order_verb_name(order->verb)),
        .subject = order->bridge,
        .details = buf_str(&text),
    };
    return store_audit_add(run->store, &entry, err);
}

static enum status order_apply(struct write_job *job, struct store *store,
                               struct now now, struct error *err)
{
    struct order_work *work = CONTAINER_OF(job, struct order_work, job);
    struct order *order = work->order;
    struct order_run run = {.work = work, .order = order, .store = store, .now = now};

    /* Of a run that was lost. */
    delivery_list_drop(&work->follow_ups);
    work->bridge_row = 0;
    order->changed = 0;
    order->skip_count = 0;
    enum status status = verbs[order->verb].apply(&run, err);
    return status == STATUS_OK && order->changed > 0 ? add_audit(&run, err) : status;
}

/* The engine hears what is committed. */
static void hand_over(struct order_work *work)
{
    static const enum bridge_order words[] = {
        [ORDER_PAUSE] = BRIDGE_PAUSE,
        [ORDER_RESUME] = BRIDGE_RESUME,
        [ORDER_FORGET] = BRIDGE_FORGET,
    };
    const struct dispatcher *dispatcher = &work->relay->settings.dispatcher;
    struct delivery *list = delivery_list_take(&work->follow_ups);
    if (list != NULL)
        dispatcher->offer(dispatcher->context, list);
    if (work->bridge_row != 0)
        dispatcher->order(dispatcher->context, work->bridge_row,
                          words[work->order->verb]);
}

static void count_changes(const struct order_work *work)
{
    const struct order *order = work->order;
    if (order->verb == ORDER_PAUSE || order->verb == ORDER_RESUME)
        return; /* no delivery moved */
    for (size_t i = 0; i < order->changed; i++)
        if (work->changes[i].tally != NULL)
            tally_moved(work->changes[i].tally, work->changes[i].pending,
                        work->changes[i].dead);
}

static void order_told(struct write_job *job, enum status status,
                       const struct error *err)
{
    struct order_work *work = CONTAINER_OF(job, struct order_work, job);
    struct order *order = work->order;
    struct config *config = work->config;

    order->status = status;
    if (status == STATUS_OK) {
        FAULT_POINT("orders.committed");
        count_changes(work);
        hand_over(work);
        log_warn(verbs[order->verb].event, F_STR("bridge", order->bridge),
                 F_I64("count", order->changed), F_STR("reason", order->reason));
    } else {
        order->err = *err;
        delivery_list_drop(&work->follow_ups);
    }
    /* From `done` on the order may be gone. */
    order->done(order);
    config_drop(config);
}

void order_submit(struct relay *relay, struct config *config, struct order *order)
{
    struct error err;
    assert(order->delivery_count <= LIMIT_WRITER_BATCH);
    struct order_work *work = arena_alloc(order->arena, sizeof(*work));
    size_t room = order->delivery_count + 1; /* a bridge's own counts too */
    work->job = (struct write_job){.apply = order_apply, .done = order_told};
    work->relay = relay;
    work->config = config_hold(config);
    work->order = order;
    work->changes = arena_alloc(order->arena, room * sizeof(*work->changes));
    delivery_list_init(&work->follow_ups);
    order->work = work;
    order->skips = arena_alloc(order->arena, room * sizeof(*order->skips));
    if (!writer_submit(relay->settings.writer, &work->job))
        order_told(&work->job,
                   fail(&err, STATUS_RETRY, "the gateway is busy: come again"), &err);
}
