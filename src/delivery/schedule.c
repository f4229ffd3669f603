/*
 * schedule: who goes next. Within an account messages go before receipts, receipts
 * before typing; receipts older than 30 s rank with messages; bridges take turns.
 */
#include "internal.h"

#include "gateway/limits.h"

/* Source: design.md section 6, "Receipts". */
#define RECEIPT_RANKS_UP_MS 30000
/* No new attempt starts while an outcome has been uncommitted for this long. */
#define UNCOMMITTED_MS 1000
/* No place for the report: the writer is behind; look again. */
#define NO_ROOM_WAIT_MS 20

static bool receipt_ranks_up(const struct engine *engine, const struct flow *flow)
{
    const struct lane *lane = flow->ready[DELIVERY_RECEIPT].first;
    return lane != NULL && lane->first != NULL &&
           engine->now.wall_ms - lane->first->accepted_ms > RECEIPT_RANKS_UP_MS;
}

/* The flow whose turn it is among those with work of that class, or NULL. */
static struct flow *next_flow(const struct engine *engine, struct account *account,
                              enum delivery_class class, bool aged_receipts_too,
                              enum delivery_class *out_class)
{
    struct flow *start = account->flows;
    struct flow *flow = start;
    int64_t again_ms;
    if (flow == NULL)
        return NULL;
    do {
        flow = flow->next;
        if (flow->pauses != 0 &&
            (class == DELIVERY_TYPING || !flow_may_start(engine, flow, &again_ms)))
            continue; /* typing tells nothing about a peer: it may be dropped unsaid */
        if (aged_receipts_too && receipt_ranks_up(engine, flow)) {
            *out_class = DELIVERY_RECEIPT;
            return flow;
        }
        if (flow->ready[class].first != NULL) {
            *out_class = class;
            return flow;
        }
    } while (flow != start);
    return NULL;
}

static struct flow *pick(const struct engine *engine, struct account *account,
                         enum delivery_class *out_class)
{
    struct flow *flow = next_flow(engine, account, DELIVERY_MESSAGE, true, out_class);
    if (flow == NULL)
        flow = next_flow(engine, account, DELIVERY_RECEIPT, false, out_class);
    if (flow == NULL)
        flow = next_flow(engine, account, DELIVERY_TYPING, false, out_class);
    return flow;
}

/* The earliest probe of a paused flow with work; INT64_MAX: none. */
static int64_t next_probe_ms(const struct engine *engine, const struct account *account)
{
    int64_t earliest = INT64_MAX;
    for (size_t i = 0; i < engine->flow_count; i++) {
        const struct flow *flow = engine->flows[i];
        int64_t again_ms;
        if (flow->account != account || flow->pauses == 0)
            continue;
        if (flow->ready[DELIVERY_MESSAGE].first == NULL &&
            flow->ready[DELIVERY_RECEIPT].first == NULL)
            continue;
        (void)flow_may_start(engine, flow, &again_ms);
        if (again_ms < earliest)
            earliest = again_ms;
    }
    return earliest;
}

/* How long until the account may start something, apart from having something: 0 now.
 */
static int64_t account_wait_ms(struct engine *engine, struct account *account)
{
    if (account->is_down) {
        if (account->in_flight > 0)
            return INT64_MAX;
        if (engine->now.mono_ms < account->down_probe_at_ms)
            return account->down_probe_at_ms - engine->now.mono_ms;
    }
    if (account->in_flight >= account->limit)
        return INT64_MAX;
    if (engine->recording_count >= LIMIT_UNCOMMITTED)
        return INT64_MAX; /* a committed report wakes us */
    return account_pace_wait_ms(engine, account);
}

/* Fetches ahead of the token's end, while there is work or not: an idle gateway that
 * gets a message should not wait for a token. */
static void refresh(struct engine *engine, struct account *account)
{
    if (engine->now.mono_ms < account->refresh_due_ms || account->fetch != NULL)
        return;
    for (size_t i = 0; i < engine->config->bridge_count; i++) {
        const struct bridge *bridge = &engine->config->bridges[i];
        if (account->direction == DIRECTION_INBOUND &&
            strcmp(bridge->organisation->name, account->name) == 0) {
            credential_want(engine, account, bridge, engine->config);
            return;
        }
    }
    account->refresh_due_ms = INT64_MAX;
}

static int64_t serve_account(struct engine *engine, struct account *account)
{
    refresh(engine, account);
    for (;;) {
        enum delivery_class class;
        int64_t wait_ms = account_wait_ms(engine, account);
        if (wait_ms > 0)
            return account->lanes > 0 ? wait_ms : INT64_MAX;
        struct flow *flow = pick(engine, account, &class);
        if (flow == NULL)
            break;
        account->flows = flow;
        account->is_probing = account->is_down;
        bool has_room = run_start(engine, lane_list_take(&flow->ready[class]));
        account->is_probing &= account->in_flight > 0; /* there was something to try */
        if (!has_room)
            return NO_ROOM_WAIT_MS;
    }
    int64_t probe_ms = next_probe_ms(engine, account);
    return probe_ms == INT64_MAX ? INT64_MAX : probe_ms - engine->now.mono_ms;
}

int64_t schedule_round(struct engine *engine)
{
    int64_t wait_ms = INT64_MAX;

    if (atomic_load(&engine->draining))
        return wait_ms;
    if (atomic_load(&engine->rescan))
        return wait_ms; /* a lane may lack an older one than its head */
    if (engine->recording != NULL &&
        engine->now.mono_ms - engine->recording->recorded_ms > UNCOMMITTED_MS)
        return wait_ms; /* a committed report wakes us */
    for (struct account *a = engine->accounts; a != NULL; a = a->next)
        if (a->sender != NULL) {
            wait_ms = min_ms(wait_ms, serve_account(engine, a));
            if (a->refresh_due_ms != INT64_MAX)
                wait_ms = min_ms(wait_ms, a->refresh_due_ms - engine->now.mono_ms);
        }
    if (timers_next(engine) != INT64_MAX)
        wait_ms = min_ms(wait_ms, timers_next(engine) - engine->now.mono_ms);
    return wait_ms < 0 ? 0 : wait_ms;
}
