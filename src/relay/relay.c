#include "internal.h"

#include "gateway/channel.h"
#include "gateway/fault.h"
#include "gateway/limits.h"
#include "gateway/memory.h"

struct relay *relay_new(const struct relay_settings *settings)
{
    struct relay *relay = mem_new(sizeof(*relay));
    relay->settings = *settings;
    relay->early_receipts = true; /* a former run may have left some */
    relay->arena = arena_new(LIMIT_REQUEST_ARENA_BYTES);
    relay->flood = flood_new();
    random_seed(&relay->random, settings->seed);
    for (unsigned peer = INTAKE_CHANNEL; peer <= INTAKE_GENESYS; peer++)
        relay->strangers[peer] = tally_strangers((enum intake_peer)peer);
    return relay;
}

void relay_free(struct relay *relay)
{
    if (relay == NULL)
        return;
    tally_free_all(relay);
    flood_free(relay->flood);
    arena_free(relay->arena);
    mem_free(relay);
}

struct recorder relay_recorder(struct relay *relay)
{
    return (struct recorder){
        .reserve = outcome_reserve,
        .unreserve = outcome_unreserve,
        .record = outcome_record,
        .file = filing_begin,
        .context = relay,
    };
}

/*
 * From here on it counts by itself. Never counted anew: jobs of the same batch, applied
 * but not told yet, would be counted twice.
 */
static enum status start_tally(struct relay *relay, struct bridge *bridge,
                               struct store *store, struct error *err)
{
    int64_t pending = 0;
    int64_t dead = 0;
    enum status status = store_counts(store, bridge->row, &pending, &dead, err);
    if (status != STATUS_OK)
        return status;
    bridge->tally = tally_new(relay, bridge->name, bridge->row);
    tally_moved(bridge->tally, pending, dead);
    return STATUS_OK;
}

static enum status sync_bridge(struct relay *relay, struct bridge *bridge,
                               struct store *store, int64_t now_ms, struct error *err)
{
    struct bridge_record record = {
        .name = bridge->name,
        .channel = bridge->channel->name,
        .integration_id = bridge->integration_id,
    };
    enum status status = store_bridge_sync(store, &record, now_ms, err);
    if (status != STATUS_OK)
        return status;
    bridge->row = record.row;
    FAULT_POINT("relay.bridge_synced");
    bridge->tally = tally_find(relay, str_of(bridge->name));
    return bridge->tally != NULL ? STATUS_OK : start_tally(relay, bridge, store, err);
}

enum status relay_sync_bridges(struct relay *relay, struct config *config,
                               struct store *store, int64_t now_ms, struct error *err)
{
    for (size_t i = 0; i < config->bridge_count; i++) {
        enum status status =
            sync_bridge(relay, &config->bridges[i], store, now_ms, err);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

void delivery_list_init(struct delivery_list *list)
{
    list->first = NULL;
    list->last = &list->first;
}

void delivery_list_add(struct delivery_list *list, struct delivery *delivery)
{
    delivery->next = NULL;
    *list->last = delivery;
    list->last = &delivery->next;
}

void delivery_list_drop(struct delivery_list *list)
{
    struct delivery *delivery = delivery_list_take(list);
    while (delivery != NULL) {
        struct delivery *next = delivery->next;
        delivery_free(delivery);
        delivery = next;
    }
}

struct delivery *delivery_list_take(struct delivery_list *list)
{
    struct delivery *first = list->first;
    delivery_list_init(list);
    return first;
}

void work_begin(struct work *work)
{
    delivery_list_init(&work->follow_ups);
}

void work_committed(struct work *work)
{
    struct tally *tally = work->bridge->tally;
    tally_moved(tally, work->pending, work->dead);
    if (work->conflicts > 0)
        series_add(tally->conflicts, work->conflicts);
    if (work->unreadable > 0)
        series_add(tally->unreadable, work->unreadable);
    struct delivery *list = delivery_list_take(&work->follow_ups);
    const struct dispatcher *dispatcher = &work->relay->settings.dispatcher;
    if (list != NULL)
        dispatcher->offer(dispatcher->context, list);
}

void work_failed(struct work *work)
{
    delivery_list_drop(&work->follow_ups);
}
