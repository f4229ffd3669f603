#include "gateway/event.h"

#include <assert.h>

static const char *const direction_names[] = {
    [DIRECTION_INBOUND] = "inbound",
    [DIRECTION_OUTBOUND] = "outbound",
};

static const char *const kind_names[] = {
    [EVENT_MESSAGE] = "message",   [EVENT_EDIT] = "edit",
    [EVENT_DELETION] = "deletion", [EVENT_REACTION] = "reaction",
    [EVENT_ANSWER] = "answer",     [EVENT_RECEIPT] = "receipt",
    [EVENT_TYPING] = "typing",     [EVENT_LEFT] = "left",
    [EVENT_IDENTITY] = "identity", [EVENT_UNREADABLE] = "unreadable",
};

static const char *const status_names[] = {
    [MESSAGE_ACCEPTED] = "accepted",   [MESSAGE_SENT] = "sent",
    [MESSAGE_DELIVERED] = "delivered", [MESSAGE_READ] = "read",
    [MESSAGE_FAILED] = "failed",
};

const char *direction_name(enum direction direction)
{
    assert((size_t)direction < COUNT_OF(direction_names));
    return direction_names[direction];
}

const char *event_kind_name(enum event_kind kind)
{
    assert((size_t)kind < COUNT_OF(kind_names));
    return kind_names[kind];
}

bool event_counts_as_activity(enum event_kind kind)
{
    return kind == EVENT_MESSAGE || kind == EVENT_ANSWER;
}

const char *message_status_name(enum message_status status)
{
    assert((size_t)status < COUNT_OF(status_names));
    return status_names[status];
}

bool message_status_may_follow(enum message_status from, enum message_status to)
{
    if (from == MESSAGE_FAILED)
        return to == MESSAGE_DELIVERED; /* a replay arrived after all */
    if (to == MESSAGE_FAILED)
        return from < MESSAGE_DELIVERED;
    return to > from;
}

bool content_is_empty(const struct content *content)
{
    return content->attachment_count == 0 && content->quick_reply_count == 0 &&
           content->card_count == 0 && content->fallback.len == 0;
}
