/*
 * target: which message an event is about, and which of its options it answers. Runs
 * inside the writer's transaction.
 */
#include "internal.h"

/* The message an event is about, only if it is the same contact's. */
static enum status target_of(struct work *work, const struct event *event,
                             const struct contact *contact, struct message *out,
                             bool *out_found, struct error *err)
{
    *out_found = false;
    if (!event->has_target)
        return STATUS_OK;
    int64_t row = 0;
    uint32_t tag = 0;
    enum status status =
        store_id_find(work->store, work->bridge->row, &event->target, &row, &tag, err);
    if (status == STATUS_OK && row != 0)
        status = store_message_get(work->store, row, work->arena, out, err);
    if (status == STATUS_NOT_FOUND || (status == STATUS_OK && row == 0))
        return STATUS_OK;
    if (status != STATUS_OK)
        return status;
    *out_found = out->contact_row == contact->row;
    return STATUS_OK;
}

/* The id under which the side that will get this event knows the target. */
struct str target_peer_id(const struct message *target, enum direction direction)
{
    return target->direction == direction ? target->peer_id : target->source_id;
}

/* A number that a person types to pick an option: nothing but one to three digits. */
static bool read_number(struct str text, int64_t *out)
{
    text = str_trim(text);
    return text.len > 0 && text.len <= 3 && text.ptr[0] != '-' &&
           str_to_i64(text, out) && *out > 0;
}

/* A bare number answers the agent's latest message if its options went as numbers. */
static enum status read_numbered(struct work *work, struct event *event,
                                 const struct contact *contact, struct error *err)
{
    int64_t number = 0;

    if (event->kind != EVENT_MESSAGE || contact->conversation == 0 ||
        !content_is_empty(&event->content) || !read_number(event->text, &number))
        return STATUS_OK;
    enum status status = store_numbered_message(work->store, contact->conversation,
                                                &event->choice_message, err);
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    event->has_choice = status == STATUS_OK;
    event->choice_ordinal = (unsigned)number - 1;
    return status;
}

/*
 * An option named by its number or its button's token becomes the answer that it is.
 * One that is not there (or opens a page, or was another contact's) leaves the event as
 * it came: it goes on as text.
 */
static enum status resolve_choice(struct work *work, struct event *event,
                                  const struct contact *contact, struct message *target,
                                  bool *out_found, struct error *err)
{
    struct stored_choice choice;
    enum status status =
        store_message_get(work->store, event->choice_message, work->arena, target, err);
    if (status == STATUS_OK)
        status = store_choice_get(work->store, target->row, event->choice_ordinal,
                                  work->arena, &choice, err);
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    if (status != STATUS_OK || target->contact_row != contact->row ||
        target->direction != DIRECTION_OUTBOUND || choice.kind == CHOICE_LINK)
        return status;
    *out_found = true;
    event->kind = EVENT_ANSWER;
    event->text = choice.label;
    event->answer_payload = choice.payload;
    event->answer_kind = choice.kind;
    return STATUS_OK;
}

/* An answer is one only if its payload was really offered; else it goes on as text. */
static enum status check_answer(struct work *work, struct event *event,
                                const struct message *target, bool *found,
                                struct error *err)
{
    if (event->kind != EVENT_ANSWER || !*found || event->has_choice)
        return STATUS_OK;
    struct stored_choice choice;
    enum status status = store_choice_find(
        work->store, target->row, event->answer_payload, work->arena, &choice, err);
    if (status == STATUS_OK) {
        event->answer_kind = choice.kind;
        return STATUS_OK;
    }
    if (status == STATUS_NOT_FOUND) {
        *found = false;
        return STATUS_OK;
    }
    return status;
}

enum status target_find(struct work *work, struct event *event,
                        enum direction direction, const struct contact *contact,
                        struct message *out, bool *out_found, struct error *err)
{
    enum status status = STATUS_OK;

    *out_found = false;
    if (direction == DIRECTION_INBOUND && !event->has_choice)
        status = read_numbered(work, event, contact, err);
    if (status == STATUS_OK && event->has_choice)
        status = resolve_choice(work, event, contact, out, out_found, err);
    if (status == STATUS_OK && !*out_found)
        status = target_of(work, event, contact, out, out_found, err);
    if (status == STATUS_OK)
        status = check_answer(work, event, out, out_found, err);
    return status;
}
