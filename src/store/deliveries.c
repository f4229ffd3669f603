/*
 * Deliveries and receipts over a backend: what an outcome leaves behind, when a receipt
 * replaces another, and how a stored delivery becomes a block that a sender can say.
 */
#include "gateway/delivery.h"

#include "backend.h"
#include "internal.h"

#include "gateway/limits.h"

/* --- epochs ---------------------------------------------------------------- */

unsigned store_lane_group(int64_t contact_row)
{
    /* Fibonacci hashing: rows are consecutive, groups shall not be. */
    return (unsigned)(((uint64_t)contact_row * UINT64_C(0x9E3779B97F4A7C15)) >> 56);
}

enum status store_lane_epoch(struct store *store, int64_t contact_row,
                             int64_t *out_epoch, struct error *err)
{
    return store->backend->group_epoch(store, store_lane_group(contact_row), out_epoch,
                                       err);
}

static enum status set_epochs(struct store *store, struct delivery *list,
                              struct error *err)
{
    for (struct delivery *d = list; d != NULL; d = d->next) {
        enum status status = store_lane_epoch(store, d->contact_row, &d->epoch, err);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status check_epoch(struct store *store,
                               const struct delivery_record *record, struct error *err)
{
    int64_t epoch = 0;
    enum status status = store_lane_epoch(store, record->contact_row, &epoch, err);
    if (status != STATUS_OK)
        return status;
    if (record->epoch < epoch)
        return fail(err, STATUS_CONFLICT, "another owner has lane group %u now",
                    store_lane_group(record->contact_row));
    return STATUS_OK;
}

/* --- adding and recording -------------------------------------------------- */

enum status store_delivery_add(struct store *store, struct delivery *delivery,
                               enum delivery_state state, struct str reason,
                               struct error *err)
{
    enum status status = store->backend->delivery_add(
        store, delivery, state, str_sub(reason, 0, LIMIT_REASON_BYTES), err);
    if (status != STATUS_OK)
        return status;
    return store_lane_epoch(store, delivery->contact_row, &delivery->epoch, err);
}

enum status store_delivery_settle(struct store *store, int64_t id,
                                  enum delivery_state state, struct str reason,
                                  int64_t now_ms, struct error *err)
{
    enum delivery_state now = DELIVERY_DONE;
    enum status status = store->backend->delivery_state(store, id, &now, err);
    if (status != STATUS_OK)
        return status;
    if (!delivery_may_settle(now, state))
        return fail(err, STATUS_CONFLICT, "delivery %lld is %s", (long long)id,
                    delivery_state_name(now));
    return store->backend->delivery_settle(store, id, state, reason, now_ms, err);
}

static void see_replay(const void *row, void *context)
{
    const struct stored_delivery *delivery = row;
    *(bool *)context = delivery->is_replay;
}

enum status store_message_replayed(struct store *store, int64_t row, bool *out_is,
                                   struct error *err)
{
    *out_is = false;
    return store->backend->deliveries_of(store, row, see_replay, out_is, err);
}

/* A success at once is columns of the delivery; so is a part that is done. */
static bool is_logged(const struct delivery_record *record)
{
    if (record->outcome == OUTCOME_PROGRESS || record->outcome == OUTCOME_SENDING)
        return false;
    return !outcome_is_success(record->outcome) || record->attempts > 1;
}

static enum status record_receipt(struct store *store, struct record_change *change,
                                  struct error *err)
{
    const struct delivery_record *record = change->record;
    struct receipt_slot slot;
    enum status status = store->backend->receipt_find(store, record->id, &slot, err);
    if (status != STATUS_OK)
        return status;
    change->keeps_slot = slot.receipt.status != record->receipt_status;
    return store->backend->receipt_record(store, change, err);
}

enum status store_record(struct store *store, const struct delivery_record *record,
                         struct error *err)
{
    enum status status = check_epoch(store, record, err);
    if (status != STATUS_OK)
        return status;

    struct delivery_record bounded = *record;
    bounded.reason = str_sub(record->reason, 0, LIMIT_REASON_BYTES);
    struct record_change change = {.record = &bounded, .is_logged = is_logged(record)};
    if (record->class == DELIVERY_RECEIPT)
        return record_receipt(store, &change, err);
    return store->backend->delivery_record(store, &change, err);
}

/* --- receipts -------------------------------------------------------------- */

/* A receipt given up may be tried again; else only progress is news. */
static bool is_news(const struct receipt_slot *slot, enum message_status status)
{
    if (slot->receipt.status == status)
        return slot->state == DELIVERY_DEAD;
    return message_status_may_follow(slot->receipt.status, status);
}

enum status store_receipt_put(struct store *store, const struct receipt *receipt,
                              struct error *err)
{
    struct receipt_slot slot;
    enum status status =
        store->backend->receipt_find(store, receipt->message, &slot, err);
    if (status == STATUS_OK && !is_news(&slot, receipt->status))
        return STATUS_DUPLICATE;
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        return status;
    struct receipt bounded = *receipt;
    bounded.reason = str_sub(receipt->reason, 0, LIMIT_REASON_BYTES);
    return store->backend->receipt_put(store, &bounded, err);
}

/* Of two with one status the later; it matters where they speak of all up to a time. */
static bool replaces(const struct receipt *receipt, const struct receipt *waiting)
{
    if (receipt->status == waiting->status)
        return receipt->created_ms > waiting->created_ms;
    return message_status_may_follow(waiting->status, receipt->status);
}

enum status store_early_receipt_add(struct store *store, int64_t bridge_row,
                                    const struct event_key *key,
                                    const struct receipt *receipt, struct error *err)
{
    uint8_t hashed[HASH16_BYTES];
    enum status status = store_hash_key(store, bridge_row, key, hashed, err);
    if (status != STATUS_OK)
        return status;

    CLEANUP(arena_freep) struct arena *arena = arena_new(2 * LIMIT_REASON_BYTES);
    struct receipt waiting;
    status = store->backend->early_receipt_find(store, hashed, arena, &waiting, err);
    if (status == STATUS_OK && !replaces(receipt, &waiting))
        return STATUS_OK;
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        return status;
    struct receipt bounded = *receipt;
    bounded.reason = str_sub(receipt->reason, 0, LIMIT_REASON_BYTES);
    return store->backend->early_receipt_put(store, hashed, &bounded, err);
}

enum status store_early_receipt_take(struct store *store, int64_t bridge_row,
                                     const struct event_key *key, struct arena *arena,
                                     struct receipt *out, struct error *err)
{
    uint8_t hashed[HASH16_BYTES];
    enum status status = store_hash_key(store, bridge_row, key, hashed, err);
    if (status == STATUS_OK)
        status = store->backend->early_receipt_find(store, hashed, arena, out, err);
    if (status != STATUS_OK)
        return status;
    return store->backend->early_receipt_delete(store, hashed, err);
}

enum status store_early_receipts_expire(struct store *store, int64_t before_ms,
                                        bool *out_left, struct error *err)
{
    return store->backend->early_receipts_expire(store, before_ms, out_left, err);
}

/* --- taking work ----------------------------------------------------------- */

enum status store_lanes(struct store *store, struct str owner, store_lane_seen *seen,
                        void *context, struct error *err)
{
    return store->backend->lanes(store, owner, seen, context, err);
}

void delivery_free_list(struct delivery *list)
{
    while (list != NULL) {
        struct delivery *next = list->next;
        delivery_free(list);
        list = next;
    }
}

/* Hands a taken list on, or frees it when its epochs cannot be told. */
static enum status give_list(struct store *store, struct delivery *list,
                             struct delivery **out_list, struct error *err)
{
    enum status status = set_epochs(store, list, err);
    if (status != STATUS_OK) {
        delivery_free_list(list);
        return status;
    }
    *out_list = list;
    return STATUS_OK;
}

enum status store_take(struct store *store, struct str owner, int64_t contact_row,
                       enum direction direction, int64_t after, unsigned limit,
                       struct delivery **out_list, struct error *err)
{
    struct delivery *list = NULL;
    enum status status = store->backend->take(store, owner, contact_row, direction,
                                              after, limit, &list, err);
    if (status != STATUS_OK)
        return status;
    return give_list(store, list, out_list, err);
}

enum status store_take_receipts(struct store *store, struct str owner, int64_t after,
                                unsigned limit, struct delivery **out_list,
                                struct error *err)
{
    struct delivery *list = NULL;
    enum status status =
        store->backend->take_receipts(store, owner, after, limit, &list, err);
    if (status != STATUS_OK)
        return status;
    return give_list(store, list, out_list, err);
}

enum status store_delivery_load(struct store *store, enum delivery_class class,
                                int64_t id, struct delivery **out_delivery,
                                struct error *err)
{
    struct delivery *one = NULL;
    enum status status = store->backend->load(store, class, id, &one, err);
    if (status != STATUS_OK)
        return status;
    return give_list(store, one, out_delivery, err);
}

enum status store_counts(struct store *store, int64_t bridge_row, int64_t *out_pending,
                         int64_t *out_dead, struct error *err)
{
    return store->backend->counts(store, bridge_row, out_pending, out_dead, err);
}

/* --- a row becomes a block ------------------------------------------------- */

static void build_receipt(const struct delivery_source *source, struct delivery *out)
{
    const struct receipt_slot *slot = &source->slot;
    const struct receipt *receipt = &slot->receipt;

    out->direction = receipt->direction;
    out->id = receipt->message;
    out->accepted_ms = receipt->created_ms;
    out->time_ms = receipt->created_ms;
    out->attempts = slot->attempts;
    out->age_ms = slot->age_ms;
    out->aged_ms = slot->ended_ms != 0 ? slot->ended_ms : receipt->created_ms;
    /* Whom it is told is who sent the message, and knows it by the id it gave. */
    out->target_peer_id = source->message.source_id;
    out->event.kind = EVENT_RECEIPT;
    out->event.receipt_status = receipt->status;
    out->event.reason_code = str_of(reason_code_name(receipt->reason_code));
    out->event.reason_text = receipt->reason;
}

static void build_message(const struct delivery_source *source, struct delivery *out)
{
    const struct message *message = &source->message;

    out->time_ms = message->time_ms;
    out->event.kind = message->kind;
    out->event.source_id = message->source_id;
    out->event.time_ms = message->time_ms;
    if (message->kind == EVENT_UNREADABLE)
        out->event.raw = message->text;
    else
        out->event.text = message->text;
    if (!source->has_target)
        return;
    bool went_same_way = source->target_direction == out->direction;
    out->target_peer_id =
        went_same_way ? source->target_peer_id : source->target_source_id;
}

enum status delivery_build(const struct delivery_source *source,
                           struct delivery **out_delivery, struct error *err)
{
    const struct message *message = &source->message;
    struct delivery built = source->delivery;
    /* Plain texts, the most, need none. */
    CLEANUP(arena_freep)
    struct arena *arena =
        message->extra.len > 0 ? arena_new(LIMIT_REQUEST_ARENA_BYTES) : NULL;

    built.message_id = message->row;
    built.conversation = message->conversation;
    memcpy(built.public_id, message->public_id, sizeof(built.public_id));
    built.target_genesys_conversation = source->genesys_conversation;
    built.trace = message->trace;
    built.event = (struct event){0};
    if (built.class == DELIVERY_RECEIPT) {
        build_receipt(source, &built);
    } else {
        enum status status =
            event_extra_decode(message->extra, arena, &built.event, err);
        if (status == STATUS_INVALID)
            return STATUS_FAILED; /* we wrote it: the row is damaged */
        if (status != STATUS_OK)
            return status;
        build_message(source, &built);
    }
    built.event.contact_id =
        built.direction == DIRECTION_OUTBOUND ? source->address : message->contact_id;
    built.event.name = source->name;
    built.event.first_name = source->first_name;
    built.event.last_name = source->last_name;

    *out_delivery = delivery_copy(&built);
    return STATUS_OK;
}
