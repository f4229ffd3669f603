/*
 * receipts: a message's status moves forward, and the other side is told what it can be
 * told: Genesys gets Delivered or Failed, the partner accepted or failed.
 */
#include "internal.h"

#include "gateway/channel.h"
#include "gateway/fault.h"

static enum direction other_way(enum direction direction)
{
    return direction == DIRECTION_OUTBOUND ? DIRECTION_INBOUND : DIRECTION_OUTBOUND;
}

enum reason_code receipts_reason(struct str name)
{
    for (unsigned code = REASON_GENERAL_ERROR; code <= REASON_DATA_FILTERED; code++)
        if (str_is(name, reason_code_name((enum reason_code)code)))
            return (enum reason_code)code;
    return REASON_GENERAL_ERROR;
}

bool receipts_tell(const struct work *work, const struct message *message,
                   enum message_status status, enum message_status *out)
{
    struct capabilities can;
    work->bridge->channel->capabilities(work->bridge, &can);

    if (message->direction == DIRECTION_OUTBOUND) {
        /* Source: genesys/open-messaging.md section 5.1: Delivered and Failed only. */
        *out = status == MESSAGE_READ ? MESSAGE_DELIVERED : status;
        return status != MESSAGE_ACCEPTED && status != MESSAGE_SENT;
    }
    *out = status;
    if (!event_counts_as_activity(message->kind))
        return false; /* an edit, a reaction: its sender has no id to know it by */
    if (status == MESSAGE_FAILED)
        return can.wants_status_failed;
    /* A replayed one was told as failed: it is now what SENT is to others. */
    bool is_mended = message->status == MESSAGE_FAILED && status == MESSAGE_DELIVERED;
    return (status == MESSAGE_SENT || is_mended) && can.wants_status_accepted;
}

static enum status offer_receipt(struct work *work, const struct message *message,
                                 const struct receipt *receipt, struct error *err)
{
    struct delivery delivery = {
        .class = DELIVERY_RECEIPT,
        .direction = receipt->direction,
        .id = message->row,
        .message_id = message->row,
        .contact_row = message->contact_row,
        .bridge_row = message->bridge_row,
        .conversation = message->conversation,
        .accepted_ms = receipt->created_ms,
        .time_ms = receipt->created_ms,
        .target_peer_id = message->source_id,
        .trace = message->trace,
        .event =
            {
                    .kind = EVENT_RECEIPT,
                    .contact_id = message->contact_id,
                    .receipt_status = receipt->status,
                    .reason_code = str_of(reason_code_name(receipt->reason_code)),
                    .reason_text = receipt->reason,
                    },
    };
    memcpy(delivery.public_id, message->public_id, sizeof(delivery.public_id));
    enum status status =
        store_lane_epoch(work->store, delivery.contact_row, &delivery.epoch, err);
    if (status == STATUS_OK)
        delivery_list_add(&work->follow_ups, delivery_copy(&delivery));
    return status;
}

/* Never back, and out of FAILED only by a replay: not because the peer took what it has
 * called failed itself. */
static enum status may_follow(struct work *work, const struct message *message,
                              enum message_status to, bool *out_may, struct error *err)
{
    *out_may = message_status_may_follow(message->status, to);
    if (!*out_may || message->status != MESSAGE_FAILED)
        return STATUS_OK;
    return store_message_replayed(work->store, message->row, out_may, err);
}

enum status receipts_status(struct work *work, struct message *message,
                            const struct status_change *change, struct error *err)
{
    bool may = false;
    enum status status = may_follow(work, message, change->status, &may, err);
    if (status != STATUS_OK || !may)
        return status;
    status = store_message_status(work->store, message->row, change->status,
                                  work->now.wall_ms, err);
    if (status != STATUS_OK)
        return status;
    enum message_status told;
    bool is_told = receipts_tell(work, message, change->status, &told);
    message->status = change->status;
    if (!is_told)
        return STATUS_OK;

    struct receipt receipt = {
        .message = message->row,
        .direction = other_way(message->direction),
        .status = told,
        .reason_code = change->reason_code,
        .reason = change->reason,
        .created_ms = work->now.wall_ms,
    };
    FAULT_POINT("receipts.before_slot");
    status = store_receipt_put(work->store, &receipt, err);
    if (status == STATUS_DUPLICATE)
        return STATUS_OK;
    return status == STATUS_OK ? offer_receipt(work, message, &receipt, err) : status;
}

enum status receipts_is_contact(struct work *work, struct str id,
                                const struct message *message, bool *out_is,
                                struct error *err)
{
    struct contact contact;
    *out_is = str_equal(id, message->contact_id);
    if (*out_is)
        return STATUS_OK;
    enum status status =
        store_contact_find(work->store, message->bridge_row, id, &contact, err);
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    *out_is = status == STATUS_OK && contact.row == message->contact_row;
    return status;
}

/* ---- all that was sent by a time ---- */

/* Under the contact's row: it may be known by more ids than the event's. */
static struct event_key until_key(struct work *work, int64_t contact_row,
                                  enum direction direction, enum message_status status)
{
    return (struct event_key){
        .side = direction == DIRECTION_INBOUND ? ID_SIDE_CHANNEL : ID_SIDE_GENESYS,
        .kind = ID_KIND_CONTACT,
        .id = arena_printf(work->arena, "%lld", (long long)contact_row),
        .extra = str_of(message_status_name(status)),
    };
}

static enum status move_sent(struct work *work, const struct sent *sent,
                             const struct status_change *change, struct error *err)
{
    enum status status = STATUS_OK;

    for (size_t i = sent->count; i > 0 && status == STATUS_OK; i--) {
        struct message message;
        status = store_message_get(work->store, sent->rows[i - 1], work->arena,
                                   &message, err);
        if (status == STATUS_OK)
            status = receipts_status(work, &message, change, err);
    }
    return status;
}

/*
 * The attempt under way may be one that the receipt speaks of: its outcome asks for it,
 * receipts_join_until. Later ones begin after now, so the time that waits is never
 * later.
 */
static enum status keep_until(struct work *work, const struct contact *contact,
                              const struct event *event, enum direction direction,
                              int64_t until_ms, struct error *err)
{
    const struct event_key key =
        until_key(work, contact->row, direction, event->receipt_status);
    const struct receipt early = {.direction = direction,
                                  .status = event->receipt_status,
                                  .created_ms = until_ms};

    work->relay->early_receipts = true;
    return store_early_receipt_add(work->store, work->bridge->row, &key, &early, err);
}

static enum status accept_until(struct work *work, const struct event *event,
                                enum direction direction, struct error *err)
{
    const struct status_change change = {.status = event->receipt_status};
    int64_t now_ms = work->now.wall_ms;
    struct contact contact;
    struct sent sent;
    enum status status = store_contact_find(work->store, work->bridge->row,
                                            event->contact_id, &contact, err);
    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    const struct sent_query query = {
        .contact_row = contact.row,
        .bridge_row = work->bridge->row,
        .direction = other_way(direction),
        .until_ms = event->receipt_until_ms < now_ms ? event->receipt_until_ms : now_ms,
        .status = event->receipt_status,
    };
    status = store_sent(work->store, &query, &sent, err);
    if (status == STATUS_OK)
        status = move_sent(work, &sent, &change, err);
    if (status == STATUS_OK && sent.more_waits)
        status = keep_until(work, &contact, event, direction, query.until_ms, err);
    return status;
}

enum status receipts_join_until(struct work *work, struct message *message,
                                int64_t started_ms, struct error *err)
{
    static const enum message_status told[] = {MESSAGE_READ, MESSAGE_DELIVERED};
    enum status status = STATUS_OK;

    if (!work->relay->early_receipts)
        return STATUS_OK;
    for (size_t i = 0; i < COUNT_OF(told) && status == STATUS_OK; i++) {
        const struct event_key key = until_key(work, message->contact_row,
                                               other_way(message->direction), told[i]);
        const struct status_change change = {.status = told[i]};
        struct receipt early;
        status = store_early_receipt_take(work->store, work->bridge->row, &key,
                                          work->arena, &early, err);
        if (status == STATUS_OK && early.created_ms >= started_ms)
            status = receipts_status(work, message, &change, err);
        if (status == STATUS_NOT_FOUND)
            status = STATUS_OK;
    }
    return status;
}

/* ---- one message ---- */

enum status receipts_accept(struct work *work, const struct event *event,
                            enum direction direction, int64_t *out_message,
                            struct error *err)
{
    struct status_change change = {
        .status = event->receipt_status,
        .reason_code = receipts_reason(event->reason_code),
        .reason = event->reason_text,
    };
    if (event->receipt_until_ms != 0)
        return accept_until(work, event, direction, err);
    int64_t row = 0;
    uint32_t tag = 0;
    enum status status =
        store_id_find(work->store, work->bridge->row, &event->target, &row, &tag, err);
    struct message message;
    if (status == STATUS_OK)
        status = store_message_get(work->store, row, work->arena, &message, err);
    if (status == STATUS_NOT_FOUND) {
        struct receipt early = {
            .direction = direction,
            .status = change.status,
            .reason_code = change.reason_code,
            .reason = change.reason,
            .created_ms = work->now.wall_ms,
        };
        FAULT_POINT("receipts.too_early");
        work->relay->early_receipts = true;
        return store_early_receipt_add(work->store, work->bridge->row, &event->target,
                                       &early, err);
    }
    if (status != STATUS_OK)
        return status;
    *out_message = row;
    /* A receipt concerns a message that went the other way, to that very contact. */
    bool is_contact = event->contact_id.len == 0;
    if (!is_contact)
        status =
            receipts_is_contact(work, event->contact_id, &message, &is_contact, err);
    if (status != STATUS_OK || !is_contact || message.direction == direction)
        return status;
    return receipts_status(work, &message, &change, err);
}

enum status receipts_join(struct work *work, struct message *message,
                          const struct event_key *key, struct error *err)
{
    if (!work->relay->early_receipts)
        return STATUS_OK;
    struct receipt early;
    enum status status = store_early_receipt_take(work->store, work->bridge->row, key,
                                                  work->arena, &early, err);
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    if (status != STATUS_OK || early.direction == message->direction)
        return status;
    return receipts_status(work, message,
                           &(struct status_change){.status = early.status,
                                                   .reason_code = early.reason_code,
                                                   .reason = early.reason},
                           err);
}
