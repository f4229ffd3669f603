/*
 * pause: what holds a flow back: a broken peer, a bridge that is not configured, an
 * operator. The first is probed, the others wait for somebody's word.
 */
#include "internal.h"

#include "gateway/fault.h"
#include "gateway/memory.h"
#include "gateway/metrics.h"
#include "gateway/store.h"

#define LABELS_BYTES 256

/* --- a flow's pauses
 * ----------------------------------------------------------------------------- */

int64_t flow_active_ms(const struct engine *engine, const struct flow *flow)
{
    int64_t until_ms = flow->pauses != 0 ? flow->paused_since_ms : engine->now.mono_ms;
    return until_ms - flow->paused_total_ms;
}

static struct series *gauge_of(const char *bridge, enum pause_scope scope)
{
    char labels[LABELS_BYTES];
    (void)snprintf(labels, sizeof(labels), "bridge=\"%s\",scope=\"%s\"", bridge,
                   pause_scope_name(scope));
    return metrics_series(METRIC_PAUSED, labels);
}

static void make_gauges(const struct engine *engine, struct flow *flow)
{
    const struct bridge *bridge =
        config_bridge_of_row(engine->config, flow->bridge_row);
    if (bridge == NULL)
        return;
    bool is_inbound = flow->direction == DIRECTION_INBOUND;
    flow->paused_gauge = gauge_of(bridge->name, is_inbound ? PAUSE_BRIDGE_TO_GENESYS
                                                           : PAUSE_BRIDGE_TO_CHANNEL);
    if (is_inbound)
        flow->organisation_gauge = gauge_of(bridge->name, PAUSE_ORGANISATION);
}

static void show(const struct engine *engine, struct flow *flow)
{
    if (flow->paused_gauge == NULL)
        make_gauges(engine, flow);
    if (flow->paused_gauge == NULL)
        return;
    unsigned by_organisation = flow->pauses & FLOW_PAUSED_ORGANISATION;
    series_set(flow->paused_gauge, flow->pauses != by_organisation ? 1 : 0);
    if (flow->organisation_gauge != NULL)
        series_set(flow->organisation_gauge, by_organisation != 0 ? 1 : 0);
}

void flow_pause(struct engine *engine, struct flow *flow, unsigned bit)
{
    if (flow->pauses == 0)
        flow->paused_since_ms = engine->now.mono_ms;
    FAULT_POINT("pause.holds_flow");
    flow->pauses |= bit;
    struct probe *probe =
        bit == FLOW_PAUSED_ORGANISATION ? &flow->account->probe : &flow->probe;
    probe->at_ms = engine->now.mono_ms + engine->config->retry.probe;
    show(engine, flow);
}

void flow_resume(struct engine *engine, struct flow *flow, unsigned bits)
{
    bool was_paused = flow->pauses != 0;
    flow->pauses &= ~bits;
    if (was_paused && flow->pauses == 0)
        flow->paused_total_ms += engine->now.mono_ms - flow->paused_since_ms;
    show(engine, flow);
}

void account_pause(struct engine *engine, struct flow *flow, enum pause_scope scope)
{
    if (scope != PAUSE_ORGANISATION) {
        flow_pause(engine, flow, FLOW_PAUSED_BRIDGE);
        return;
    }
    for (size_t i = 0; i < engine->flow_count; i++)
        if (engine->flows[i]->account == flow->account)
            flow_pause(engine, engine->flows[i], FLOW_PAUSED_ORGANISATION);
}

/* --- probes
 * ---------------------------------------------------------------------------------
 */

static bool probe_is_due(const struct probe *probe, int64_t now_ms,
                         int64_t *out_again_ms)
{
    int64_t again_ms = probe->is_under_way ? INT64_MAX : probe->at_ms;
    if (again_ms > *out_again_ms)
        *out_again_ms = again_ms;
    return again_ms <= now_ms;
}

bool flow_may_start(const struct engine *engine, const struct flow *flow,
                    int64_t *out_again_ms)
{
    int64_t now_ms = engine->now.mono_ms;
    bool is_due = true;

    *out_again_ms = INT64_MIN;
    if ((flow->pauses & ~(unsigned)FLOW_PROBED) != 0) {
        *out_again_ms = INT64_MAX; /* somebody's word ends it */
        return false;
    }
    if ((flow->pauses & FLOW_PAUSED_BRIDGE) != 0)
        is_due = probe_is_due(&flow->probe, now_ms, out_again_ms);
    if ((flow->pauses & FLOW_PAUSED_ORGANISATION) != 0)
        is_due &= probe_is_due(&flow->account->probe, now_ms, out_again_ms);
    return is_due;
}

static void probe_begin(struct probe *probe, const struct engine *engine)
{
    probe->is_under_way = true;
    probe->at_ms = engine->now.mono_ms + engine->config->retry.probe;
}

void run_probe(struct run *run)
{
    struct flow *flow = run->lane->flow;
    run->probes_flow = (flow->pauses & FLOW_PAUSED_BRIDGE) != 0;
    run->probes_account = (flow->pauses & FLOW_PAUSED_ORGANISATION) != 0;
    if (run->probes_flow)
        probe_begin(&flow->probe, run->engine);
    if (run->probes_account)
        probe_begin(&run->account->probe, run->engine);
}

void run_end_probe(struct run *run)
{
    if (run->probes_flow)
        run->lane->flow->probe.is_under_way = false;
    if (run->probes_account)
        run->account->probe.is_under_way = false;
}

static void try_at_once(struct engine *engine, struct flow *flow)
{
    flow->probe.at_ms = engine->now.mono_ms;
    flow->account->probe.at_ms = engine->now.mono_ms;
}

/* --- what the store keeps
 * -------------------------------------------------------------------------------- */

static unsigned bit_of(const struct pause *pause)
{
    if (pause->scope == PAUSE_ORGANISATION)
        return FLOW_PAUSED_ORGANISATION;
    return str_is(pause->set_by, PAUSED_BY_GATEWAY) ? FLOW_PAUSED_BRIDGE
                                                    : FLOW_PAUSED_OPERATOR;
}

static void pause_seen(const struct pause *pause, void *context)
{
    struct engine *engine = context;
    enum direction direction = pause->scope == PAUSE_BRIDGE_TO_CHANNEL
                                   ? DIRECTION_OUTBOUND
                                   : DIRECTION_INBOUND;
    for (size_t i = 0; i < engine->config->bridge_count; i++) {
        const struct bridge *bridge = &engine->config->bridges[i];
        const char *name = pause->scope == PAUSE_ORGANISATION
                               ? bridge->organisation->name
                               : bridge->name;
        if (!str_is(pause->name, name))
            continue;
        struct flow *flow = flow_of(engine, bridge->row, direction);
        flow_pause(engine, flow, bit_of(pause));
        try_at_once(engine, flow); /* a restart or other settings may have mended it */
    }
}

enum status pauses_load(struct engine *engine, struct error *err)
{
    return store_pauses(engine->settings.reader, pause_seen, engine, err);
}

/* --- an operator's orders
 * -------------------------------------------------------------------------------- */

struct order {
    struct queue_node node;
    int64_t bridge_row;
    enum bridge_order order;
};

void orders_give(void *context, int64_t bridge_row, enum bridge_order order)
{
    struct engine *engine = context;
    struct order *own = mem_new(sizeof(*own));
    own->bridge_row = bridge_row;
    own->order = order;
    if (!queue_push(engine->orders, &own->node))
        abort(); /* unbounded: cannot be full */
}

static void obey_one(struct engine *engine, struct flow *flow, enum bridge_order order)
{
    switch (order) {
    case BRIDGE_PAUSE:
        flow_pause(engine, flow, FLOW_PAUSED_OPERATOR);
        break;
    case BRIDGE_RESUME:
        flow_resume(engine, flow, FLOW_PAUSED_OPERATOR | FLOW_PAUSED_BRIDGE);
        try_at_once(engine, flow);
        timers_clear_account(engine, flow->account);
        break;
    case BRIDGE_FORGET:
        lanes_drop_flow(engine, flow);
        /* What was offered since the order, a replay, say, went with the others. */
        atomic_store(&engine->rescan, true);
        break;
    }
}

void orders_take(struct engine *engine, bool obey)
{
    size_t count = 0;
    struct queue_node *node = queue_take(engine->orders, SIZE_MAX, &count);
    while (node != NULL) {
        struct order *own = CONTAINER_OF(node, struct order, node);
        node = node->next;
        for (int direction = DIRECTION_INBOUND; obey && direction <= DIRECTION_OUTBOUND;
             direction++)
            obey_one(engine,
                     flow_of(engine, own->bridge_row, (enum direction)direction),
                     own->order);
        mem_free(own);
    }
}
