#include "finish.h"

#include "relay/internal.h"
#include "store/backend.h"

/* --- messages
 * ------------------------------------------------------------------------- */

static void latest_delivery(const void *row, void *context)
{
    const struct stored_delivery *delivery = row;
    struct kept_message *kept = context;
    kept->delivery = delivery->id;
    kept->state = delivery->state;
}

static void look_at_slot(const void *row, void *context)
{
    const struct receipt_slot *slot = row;
    struct kept_message *kept = context;
    kept->is_told = slot->state != DELIVERY_DEAD;
}

void finish_each_message(struct sim *sim, finish_message *seen, void *context)
{
    struct store *store = sim->gateway.reader;
    CLEANUP(arena_freep) struct arena *arena = arena_new(SIZE_MAX);
    struct message message;
    for (int64_t row = 1;; row++) {
        struct kept_message kept = {.message = &message, .is_told = true};
        arena_reset(arena);
        if (store_message_get(store, row, arena, &message, NULL) != STATUS_OK)
            return;
        if (!peer_read_trace(sim, message.trace, &kept.mark)) {
            sim_problem(sim, "phantom: row %lld is nobody's", (long long)row);
            continue;
        }
        if (store->backend->deliveries_of(store, row, latest_delivery, &kept, NULL) !=
                STATUS_OK ||
            store->backend->receipts_of(store, row, look_at_slot, &kept, NULL) !=
                STATUS_OK)
            return;
        seen(sim, &kept, context);
    }
}

void finish_write_dead(struct sim *sim, const struct kept_message *message)
{
    const struct peer_mark *mark = &message->mark;
    sim_history(sim,
                &(struct history_event){
                    .kind = HISTORY_DEAD,
                    .lane = str_of(mark->person->lanes[mark->direction]),
                    .seq = mark->seq,
                    .must_be_told = event_counts_as_activity(message->message->kind) &&
                                    message->is_told,
                });
}

static void write_row(struct sim *sim, const struct kept_message *kept, void *context)
{
    const struct message *message = kept->message;
    const struct peer_mark *mark = &kept->mark;
    int64_t window_ms = sim->plan.bridge[mark->person->bridge].window_ms;
    (void)context;
    sim_history(sim, &(struct history_event){
                         .kind = HISTORY_STORED,
                         .lane = str_of(mark->person->lanes[mark->direction]),
                         .seq = mark->seq,
                         .row = message->row,
                         .at_ms = message->accepted_ms,
                         .conversation = message->conversation,
                         .window_ms = sim->plan.reloads == 0 ? window_ms : 0,
                         .is_activity = event_counts_as_activity(message->kind),
                     });
    if (kept->state == DELIVERY_DEAD)
        finish_write_dead(sim, kept);
    if (delivery_is_pending(kept->state) && sim->problem_count == 0)
        sim_problem(sim, "stall: row %lld still waits", (long long)message->row);
}

/* --- what waits
 * --------------------------------------------------------------------------- */

struct waiting {
    int64_t deliveries;
    int64_t dead;
    bool receipts;
};

static bool count_bridge(struct sim *sim, const struct bridge *bridge,
                         struct waiting *out)
{
    int64_t pending = 0;
    int64_t dead = 0;
    if (store_counts(sim->gateway.reader, bridge->row, &pending, &dead, NULL) !=
        STATUS_OK)
        return false;
    out->deliveries += pending;
    out->dead += dead;
    return true;
}

static struct waiting count_waiting(struct sim *sim)
{
    struct waiting waiting = {0};
    struct delivery *receipts = NULL;
    const struct config *config = sim->gateway.config;
    for (size_t i = 0; i < config->bridge_count; i++)
        if (!count_bridge(sim, &config->bridges[i], &waiting))
            waiting.deliveries++;
    if (store_take_receipts(sim->gateway.reader, STR("gateway"), 0, 1, &receipts,
                            NULL) != STATUS_OK ||
        receipts != NULL)
        waiting.receipts = true;
    delivery_free(receipts);
    return waiting;
}

bool finish_is_drained(struct sim *sim)
{
    if (sim->hooks_open > 0 || !sim->is_healed || !gateway_is_quiet(sim))
        return false;
    struct waiting waiting = count_waiting(sim);
    return waiting.deliveries == 0 && !waiting.receipts;
}

void finish_say_what_waits(struct sim *sim)
{
    const struct gateway *gateway = &sim->gateway;
    struct waiting waiting = {0};
    if (gateway->is_up)
        waiting = count_waiting(sim);
    sim_problem(
        sim,
        "stall: %u webhooks, %lld deliveries, receipts %s, gateway %s, %zu jobs, "
        "%s",
        sim->hooks_open, (long long)waiting.deliveries,
        waiting.receipts ? "too" : "not", gateway->is_up ? "up" : "down",
        gateway->is_up ? writer_pending(gateway->writer) : 0,
        sim->timer_count == 0 ? "nobody will wake" : "time is up");
}

/* --- the last look
 * ---------------------------------------------------------------------------- */

/* Relay counts by itself; a drift would end in 503 for ever. */
static void check_tallies(struct sim *sim)
{
    const struct config *config = sim->gateway.config;
    for (size_t i = 0; i < config->bridge_count; i++) {
        const struct bridge *bridge = &config->bridges[i];
        struct waiting waiting = {0};
        if (!count_bridge(sim, bridge, &waiting))
            return;
        if (bridge->tally->pending != waiting.deliveries ||
            bridge->tally->dead != waiting.dead)
            sim_problem(sim, "tally: bridge %s counts %lld and %lld, has %lld and %lld",
                        bridge->name, (long long)bridge->tally->pending,
                        (long long)bridge->tally->dead, (long long)waiting.deliveries,
                        (long long)waiting.dead);
    }
}

void finish_look(struct sim *sim)
{
    if (!sim->gateway.is_up || sim->gateway.is_dead)
        return;
    check_tallies(sim);
    finish_each_message(sim, write_row, NULL);
}
