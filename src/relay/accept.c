/*
 * accept: one unit becomes contacts, conversations, messages and deliveries. Runs
 * inside the writer's transaction; a second run after a lost transaction gives the same
 * result.
 */
#include "internal.h"

#include "gateway/channel.h"
#include "gateway/conversation.h"
#include "gateway/fault.h"

/* Genesys is asked for its conversation id on a first message and after this silence.
 * Source: design.md section 4, "Genesys conversation ids". */
#define HOUR_MS (INT64_C(60) * 60 * 1000)
#define PREFETCH_SILENCE_MS HOUR_MS

static bool event_has_profile(const struct event *event)
{
    return event->name.len > 0 || event->first_name.len > 0 ||
           event->last_name.len > 0 || event->attribute_count > 0;
}

/* --- contact and conversation
 * ---------------------------------------------------------------- */

/* By the id, else by its alias; the one that was not known leads there from now on. */
static enum status find_or_add(struct work *work, const struct event *event,
                               struct contact *out, struct error *err)
{
    struct store *store = work->store;
    int64_t bridge_row = work->bridge->row;
    struct str other = event->alias;

    enum status status =
        store_contact_find(store, bridge_row, event->contact_id, out, err);
    if (status != STATUS_NOT_FOUND)
        return status;
    if (other.len > 0) {
        status = store_contact_find(store, bridge_row, other, out, err);
        other = event->contact_id;
    }
    if (status == STATUS_NOT_FOUND) {
        status = store_contact_add(store, bridge_row, event->contact_id,
                                   work->now.wall_ms, out, err);
        other = event->alias;
    }
    if (status != STATUS_OK || other.len == 0)
        return status;
    return store_contact_alias(store, out, other, work->now.wall_ms, err);
}

static enum status contact_of(struct work *work, const struct event *event,
                              struct contact *out, struct error *err)
{
    enum status status = find_or_add(work, event, out, err);
    FAULT_POINT("accept.contact_known");
    if (status != STATUS_OK || !event_has_profile(event))
        return status;
    uint32_t tag = known_profile_tag(event);
    if (tag == out->profile_tag)
        return STATUS_OK;
    return store_contact_profile(work->store, out, event, tag, err);
}

/* The id under which the side that will get the event knows the contact: Genesys the
 * first one for ever, the channel the latest. */
static enum status address_of(struct work *work, const struct contact *contact,
                              enum direction direction, struct str *id,
                              struct error *err)
{
    struct str external_id;
    struct str address;
    if (!contact->has_moved)
        return STATUS_OK;
    enum status status = store_contact_ids(work->store, contact, work->arena,
                                           &external_id, &address, err);
    if (status == STATUS_OK)
        *id = direction == DIRECTION_INBOUND ? external_id : address;
    return status;
}

struct placement {
    int64_t conversation;
    int64_t activity_ms; /* see struct message */
    int64_t previous;    /* conversation before a new one; 0: none */
    bool opens;
    bool after_silence;
};

/* Messages and answers move the window; everything else belongs to the conversation of
 * the message it names, else to the latest. */
static enum status place(struct work *work, const struct event *event,
                         struct contact *contact, const struct message *target,
                         struct placement *out, struct error *err)
{
    int64_t now_ms = work->now.wall_ms;
    int64_t last_ms = contact->last_activity_ms;
    bool is_activity = event_counts_as_activity(event->kind);

    *out = (struct placement){.previous = contact->conversation};
    if (!is_activity && target != NULL) {
        out->conversation = target->conversation;
        return STATUS_OK;
    }
    bool joins =
        contact->conversation != 0 &&
        (!is_activity ||
         conversation_joins(last_ms, now_ms, work->bridge->threading_window_ms));
    enum status status = STATUS_OK;
    if (!joins) {
        status = store_conversation_open(work->store, contact, now_ms, err);
        out->opens = true;
    } else if (is_activity) {
        out->after_silence = now_ms - last_ms > PREFETCH_SILENCE_MS;
        out->activity_ms = conversation_activity(last_ms, now_ms);
    }
    out->conversation = contact->conversation;
    return status;
}

/* --- one message
 * ------------------------------------------------------------------------------ */

static enum status keep_choice(struct work *work, int64_t message,
                               const struct choice *choice, unsigned *ordinal,
                               struct error *err)
{
    struct stored_choice stored = {
        .ordinal = (*ordinal)++,
        .kind = choice->kind,
        .label = choice->label,
        .payload = choice->payload,
    };
    return store_choice_add(work->store, message, &stored, err);
}

static enum status keep_choices(struct work *work, int64_t message,
                                const struct content *content, struct error *err)
{
    unsigned ordinal = 0;
    for (size_t i = 0; i < content->quick_reply_count; i++) {
        enum status status =
            keep_choice(work, message, &content->quick_replies[i], &ordinal, err);
        if (status != STATUS_OK)
            return status;
    }
    for (size_t c = 0; c < content->card_count; c++) {
        const struct card *card = &content->cards[c];
        for (size_t i = 0; i < card->choice_count; i++) {
            enum status status =
                keep_choice(work, message, &card->choices[i], &ordinal, err);
            if (status != STATUS_OK)
                return status;
        }
    }
    return STATUS_OK;
}

static enum status keep_message(struct work *work, const struct event *event,
                                struct message *message, uint32_t tag,
                                struct error *err)
{
    enum status status = event_extra_encode(event, work->arena, &message->extra, err);
    if (status == STATUS_OK)
        status = store_message_add(work->store, message, err);
    FAULT_POINT("accept.message_added");
    if (status == STATUS_OK)
        status = known_add(work, event, tag, message->row, err);
    if (status != STATUS_OK)
        return status;

    const struct event_key own = {.side = ID_SIDE_GATEWAY,
                                  .kind = ID_KIND_MESSAGE,
                                  .id = str_of(message->public_id)};
    int64_t other = 0;
    uint32_t other_tag = 0;
    status = store_id_add(work->store, work->bridge->row, &own, message->row, tag,
                          work->now.wall_ms, &other, &other_tag, err);
    if (status == STATUS_DUPLICATE)
        return fail(err, STATUS_FAILED, "a new public id is taken already");
    if (status != STATUS_OK)
        return status;
    return keep_choices(work, message->row, &event->content, err);
}

/* Why a message is dead when it is accepted already; empty: it lives. The service would
 * refuse it too, after a request, or take it and tell of its failure later. */
static enum status find_end(struct work *work, const struct message *message,
                            struct str *out_reason, struct error *err)
{
    struct capabilities can;
    bool is_heard = true;

    *out_reason = message->kind == EVENT_UNREADABLE ? STR("unreadable") : STR_NONE;
    if (message->direction == DIRECTION_INBOUND || message->kind != EVENT_MESSAGE)
        return STATUS_OK;
    work->bridge->channel->capabilities(work->bridge, &can);
    if (can.session_ms == 0)
        return STATUS_OK;
    enum status status =
        store_contact_heard(work->store, message->contact_row,
                            work->now.wall_ms - can.session_ms, &is_heard, err);
    if (status == STATUS_OK && !is_heard)
        *out_reason = arena_printf(
            work->arena,
            "%s takes messages only within %lld h after the customer wrote",
            work->bridge->channel->name, (long long)(can.session_ms / HOUR_MS));
    return status;
}

/* The other side hears of it in the same transaction. */
static enum status keep_dead(struct work *work, struct message *message,
                             struct str reason, struct error *err)
{
    const struct status_change change = {.status = MESSAGE_FAILED,
                                         .reason_code = REASON_MESSAGE_NOT_ALLOWED,
                                         .reason = reason};

    work->dead++;
    if (message->kind == EVENT_UNREADABLE) {
        work->unreadable++;
        return STATUS_OK;
    }
    return receipts_status(work, message, &change, err);
}

static enum status keep_delivery(struct work *work, const struct event *event,
                                 struct message *message, const struct contact *contact,
                                 const struct placement *placement,
                                 struct str peer_target, struct error *err)
{
    struct delivery delivery = {
        .class = DELIVERY_MESSAGE,
        .direction = message->direction,
        .message_id = message->row,
        .contact_row = contact->row,
        .bridge_row = work->bridge->row,
        .conversation = message->conversation,
        .previous_conversation = placement->opens ? placement->previous : 0,
        .opens_conversation = placement->opens,
        .wants_conversation_id = placement->opens || placement->after_silence,
        .accepted_ms = message->accepted_ms,
        .accepted_mono_ms = work->now.mono_ms,
        .time_ms = message->time_ms,
        .target_peer_id = peer_target,
        .trace = message->trace,
        .event = *event,
    };
    memcpy(delivery.public_id, message->public_id, sizeof(delivery.public_id));

    enum status status = STATUS_OK;
    if (event->kind == EVENT_LEFT && work->bridge->end_on_left)
        status =
            store_conversation_genesys(work->store, message->conversation, work->arena,
                                       &delivery.target_genesys_conversation, err);
    if (status != STATUS_OK)
        return status;

    FAULT_POINT("accept.before_delivery");
    struct str end;
    status = find_end(work, message, &end, err);
    if (status == STATUS_OK)
        status =
            store_delivery_add(work->store, &delivery,
                               end.len > 0 ? DELIVERY_DEAD : DELIVERY_READY, end, err);
    if (status != STATUS_OK)
        return status;
    if (end.len > 0)
        return keep_dead(work, message, end, err);
    work->pending++;
    delivery_list_add(&work->follow_ups, delivery_copy(&delivery));
    return STATUS_OK;
}

static void message_init(struct work *work, const struct event *event,
                         enum direction direction, const struct contact *contact,
                         struct message *out)
{
    int64_t now_ms = work->now.wall_ms;
    *out = (struct message){
        .bridge_row = work->bridge->row,
        .contact_row = contact->row,
        .direction = direction,
        .kind = event->kind,
        .status = MESSAGE_ACCEPTED,
        .accepted_ms = now_ms,
        /* The event's own time unless it is later than its acceptance. */
        .time_ms =
            event->time_ms > 0 && event->time_ms < now_ms ? event->time_ms : now_ms,
        .contact_id = event->contact_id,
        .source_id = event->source_id,
        .trace = work->trace,
        .text = event->kind == EVENT_UNREADABLE ? event->raw : event->text,
    };
    uuid7_text(now_ms, &work->relay->random, out->public_id);
}

static enum status accept_message(struct work *work, const struct event *given,
                                  enum direction direction, uint32_t tag,
                                  struct acceptance *out, struct error *err)
{
    struct event event = *given;
    struct contact contact;
    enum status status = contact_of(work, &event, &contact, err);
    if (status != STATUS_OK)
        return status;

    struct message target = {0};
    bool has_target = false;
    status = target_find(work, &event, direction, &contact, &target, &has_target, err);
    if (status != STATUS_OK)
        return status;

    struct placement placement;
    status =
        place(work, &event, &contact, has_target ? &target : NULL, &placement, err);
    if (status != STATUS_OK)
        return status;

    struct message message;
    message_init(work, &event, direction, &contact, &message);
    message.conversation = placement.conversation;
    message.activity_ms = placement.activity_ms;
    message.target_row = has_target ? target.row : 0;
    status = keep_message(work, &event, &message, tag, err);
    if (status != STATUS_OK)
        return status;
    if (event.genesys_conversation_id.len > 0) {
        status = store_conversation_link(work->store, message.conversation,
                                         event.genesys_conversation_id,
                                         message.accepted_ms, err);
        if (status != STATUS_OK)
            return status;
    }
    status = address_of(work, &contact, direction, &event.contact_id, err);
    if (status != STATUS_OK)
        return status;
    status =
        keep_delivery(work, &event, &message, &contact, &placement,
                      has_target ? target_peer_id(&target, direction) : STR_NONE, err);
    if (status == STATUS_OK && out->public_id == NULL &&
        event_counts_as_activity(event.kind)) {
        out->public_id = arena_c_string(work->arena, str_of(message.public_id));
        out->conversation = message.conversation;
    }
    return status;
}

static enum status accept_identity(struct work *work, const struct event *event,
                                   struct error *err)
{
    struct contact contact;
    enum status status = contact_of(work, event, &contact, err);
    if (status != STATUS_OK || event->new_id.len == 0)
        return status;
    return store_contact_alias(work->store, &contact, event->new_id, work->now.wall_ms,
                               err);
}

/* --- the unit
 * --------------------------------------------------------------------------------- */

static enum status accept_event(struct work *work, const struct event *event,
                                enum direction direction, struct acceptance *out,
                                struct error *err)
{
    uint32_t tag = known_body_tag(event);
    struct known known;
    enum status status = known_find(work, event, tag, &known, err);
    if (status != STATUS_OK)
        return status;
    if (known.is_known)
        return known_answer(work, event, &known, out, err);

    int64_t message = 0;
    switch (event->kind) {
    case EVENT_RECEIPT:
        status = receipts_accept(work, event, direction, &message, err);
        return status == STATUS_OK ? known_add(work, event, tag, message, err) : status;
    case EVENT_IDENTITY:
        status = accept_identity(work, event, err);
        return status == STATUS_OK ? known_add(work, event, tag, 0, err) : status;
    case EVENT_TYPING:
        return STATUS_OK; /* never stored: intake hands it to the engine */
    case EVENT_MESSAGE:
    case EVENT_EDIT:
    case EVENT_DELETION:
    case EVENT_REACTION:
    case EVENT_ANSWER:
    case EVENT_LEFT:
    case EVENT_UNREADABLE:
        break;
    }
    return accept_message(work, event, direction, tag, out, err);
}

enum status accept_unit(struct work *work, const struct unit *unit,
                        struct acceptance *out, struct error *err)
{
    bool any_new = unit->event_count == 0;

    *out = (struct acceptance){.status = STATUS_OK};
    for (size_t i = 0; i < unit->event_count; i++) {
        enum status status =
            accept_event(work, &unit->events[i], unit->direction, out, err);
        if (status == STATUS_OK)
            any_new = true;
        else if (status != STATUS_DUPLICATE)
            return status;
    }
    out->status = any_new ? STATUS_OK : STATUS_DUPLICATE;
    return STATUS_OK;
}
