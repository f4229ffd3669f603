#include "gateway/delivery.h"

#include "gateway/memory.h"

#include <assert.h>

static const char *const state_names[] = {
    [DELIVERY_READY] = "ready",     [DELIVERY_WAITING] = "waiting",
    [DELIVERY_DONE] = "done",       [DELIVERY_DEAD] = "dead",
    [DELIVERY_DROPPED] = "dropped",
};

static const char *const reason_names[] = {
    [REASON_GENERAL_ERROR] = "GeneralError",
    [REASON_MESSAGE_EXPIRED] = "MessageExpired",
    [REASON_RATE_LIMITED] = "RateLimited",
    [REASON_MESSAGE_NOT_ALLOWED] = "MessageNotAllowed",
    [REASON_UNSUPPORTED_MESSAGE] = "UnsupportedMessage",
    [REASON_UNKNOWN_MESSAGE] = "UnknownMessage",
    [REASON_INVALID_MESSAGE_STRUCTURE] = "InvalidMessageStructure",
    [REASON_INVALID_DESTINATION] = "InvalidDestination",
    [REASON_SERVER_ERROR] = "ServerError",
    [REASON_MEDIA_TYPE_NOT_ALLOWED] = "MediaTypeNotAllowed",
    [REASON_INVALID_MEDIA_CONTENT_LENGTH] = "InvalidMediaContentLength",
    [REASON_RECIPIENT_OPTED_OUT] = "RecipientOptedOut",
    [REASON_DATA_FILTERED] = "DataFiltered",
};

/* What each outcome is called and where it leaves a delivery. */
static const struct {
    const char *name;
    enum delivery_state after;
} outcomes[] = {
    [OUTCOME_DONE] = {"done",               DELIVERY_DONE   },
    [OUTCOME_ACCEPTED_DUPLICATE] = {"accepted_duplicate", DELIVERY_DONE   },
    [OUTCOME_RETRY] = {"retry",              DELIVERY_WAITING},
 /* The bucket waits, the message does not. */
    [OUTCOME_SLOW_DOWN] = {"slow_down",          DELIVERY_READY  },
    [OUTCOME_UNKNOWN] = {"unknown",            DELIVERY_WAITING},
    [OUTCOME_REFUSED_MESSAGE] = {"refused_message",    DELIVERY_DEAD   },
    [OUTCOME_REFUSED_CONTACT] = {"refused_contact",    DELIVERY_DEAD   },
    [OUTCOME_WINDOW_CLOSED] = {"window_closed",      DELIVERY_DEAD   },
 /* The scope is paused; its probe is this lane's head. */
    [OUTCOME_BROKEN] = {"broken",             DELIVERY_READY  },
    [OUTCOME_PROGRESS] = {"progress",           DELIVERY_READY  },
    [OUTCOME_GIVEN_UP] = {"given_up",           DELIVERY_DEAD   },
    [OUTCOME_SENDING] = {"sending",            DELIVERY_READY  },
};

const char *delivery_state_name(enum delivery_state state)
{
    assert((size_t)state < COUNT_OF(state_names));
    return state_names[state];
}

bool delivery_is_pending(enum delivery_state state)
{
    return state == DELIVERY_READY || state == DELIVERY_WAITING;
}

bool delivery_may_settle(enum delivery_state from, enum delivery_state to)
{
    return (from == DELIVERY_DEAD && to == DELIVERY_DROPPED) ||
           (delivery_is_pending(from) && to == DELIVERY_DEAD);
}

const char *outcome_name(enum outcome outcome)
{
    assert((size_t)outcome < COUNT_OF(outcomes));
    return outcomes[outcome].name;
}

bool outcome_is_success(enum outcome outcome)
{
    return delivery_after(outcome) == DELIVERY_DONE;
}

enum delivery_state delivery_after(enum outcome outcome)
{
    assert((size_t)outcome < COUNT_OF(outcomes));
    return outcomes[outcome].after;
}

const char *reason_code_name(enum reason_code code)
{
    assert((size_t)code < COUNT_OF(reason_names));
    return reason_names[code];
}

/*
 * Lays a delivery out behind its struct. Without a block it only counts, so the same
 * walk measures first and copies then.
 */
struct packer {
    char *block; /* NULL: counting */
    size_t used;
};

static void *pack_bytes(struct packer *packer, const void *bytes, size_t len)
{
    char *place = packer->block == NULL ? NULL : packer->block + packer->used;

    packer->used += len;
    if (place != NULL && len > 0)
        memcpy(place, bytes, len);
    return place;
}

static void *pack_array(struct packer *packer, const void *items, size_t count,
                        size_t size)
{
    size_t align = _Alignof(max_align_t);

    if (count == 0)
        return NULL;
    packer->used = (packer->used + align - 1) / align * align;
    return pack_bytes(packer, items, count * size);
}

static void pack_str(struct packer *packer, struct str *to, struct str from)
{
    const char *place = pack_bytes(packer, from.ptr, from.len);

    if (to != NULL)
        *to = str_from(place, from.len);
}

/* The members of *to that are views; the rest was copied with its struct. */
#define PACK(packer, to, from, member)                                                 \
    pack_str(packer, (to) == NULL ? NULL : &(to)->member, (from)->member)

static struct attachment *pack_attachments(struct packer *packer,
                                           const struct content *content)
{
    struct attachment *copies = pack_array(packer, content->attachments,
                                           content->attachment_count, sizeof(*copies));

    for (size_t i = 0; i < content->attachment_count; i++) {
        const struct attachment *from = &content->attachments[i];
        struct attachment *to = copies == NULL ? NULL : &copies[i];

        PACK(packer, to, from, url);
        PACK(packer, to, from, mime);
        PACK(packer, to, from, name);
        PACK(packer, to, from, ref);
        PACK(packer, to, from, sha256);
        PACK(packer, to, from, text);
    }
    return copies;
}

static struct choice *pack_choices(struct packer *packer, const struct choice *choices,
                                   size_t count)
{
    struct choice *copies = pack_array(packer, choices, count, sizeof(*copies));

    for (size_t i = 0; i < count; i++) {
        struct choice *to = copies == NULL ? NULL : &copies[i];

        PACK(packer, to, &choices[i], label);
        PACK(packer, to, &choices[i], payload);
        PACK(packer, to, &choices[i], image);
    }
    return copies;
}

static struct card *pack_cards(struct packer *packer, const struct content *content)
{
    struct card *copies =
        pack_array(packer, content->cards, content->card_count, sizeof(*copies));

    for (size_t i = 0; i < content->card_count; i++) {
        const struct card *from = &content->cards[i];
        struct card *to = copies == NULL ? NULL : &copies[i];
        struct choice *choices =
            pack_choices(packer, from->choices, from->choice_count);

        PACK(packer, to, from, title);
        PACK(packer, to, from, description);
        PACK(packer, to, from, image);
        if (to != NULL)
            to->choices = choices;
    }
    return copies;
}

static struct attribute *pack_attributes(struct packer *packer,
                                         const struct event *event)
{
    struct attribute *copies =
        pack_array(packer, event->attributes, event->attribute_count, sizeof(*copies));

    for (size_t i = 0; i < event->attribute_count; i++) {
        struct attribute *to = copies == NULL ? NULL : &copies[i];

        PACK(packer, to, &event->attributes[i], name);
        PACK(packer, to, &event->attributes[i], value);
    }
    return copies;
}

static void pack_content(struct packer *packer, struct content *to,
                         const struct content *from)
{
    struct attachment *attachments = pack_attachments(packer, from);
    struct choice *quick_replies =
        pack_choices(packer, from->quick_replies, from->quick_reply_count);
    struct card *cards = pack_cards(packer, from);

    PACK(packer, to, from, fallback);
    if (to == NULL)
        return;
    to->attachments = attachments;
    to->quick_replies = quick_replies;
    to->cards = cards;
}

static void pack_event(struct packer *packer, struct event *to,
                       const struct event *from)
{
    struct attribute *attributes = pack_attributes(packer, from);

    pack_content(packer, to == NULL ? NULL : &to->content, &from->content);
    for (size_t i = 0; i < from->key_count; i++) {
        PACK(packer, to, from, keys[i].id);
        PACK(packer, to, from, keys[i].extra);
    }
    PACK(packer, to, from, contact_id);
    PACK(packer, to, from, alias);
    PACK(packer, to, from, name);
    PACK(packer, to, from, first_name);
    PACK(packer, to, from, last_name);
    PACK(packer, to, from, source_id);
    PACK(packer, to, from, text);
    PACK(packer, to, from, target.id);
    PACK(packer, to, from, target.extra);
    PACK(packer, to, from, answer_payload);
    PACK(packer, to, from, reason_code);
    PACK(packer, to, from, reason_text);
    PACK(packer, to, from, new_id);
    PACK(packer, to, from, genesys_conversation_id);
    PACK(packer, to, from, raw);
    if (to != NULL)
        to->attributes = attributes;
}

static void pack_delivery(struct packer *packer, const struct delivery *from)
{
    struct delivery *to = pack_bytes(packer, from, sizeof(*from));

    PACK(packer, to, from, target_peer_id);
    PACK(packer, to, from, target_genesys_conversation);
    PACK(packer, to, from, trace);
    pack_event(packer, to == NULL ? NULL : &to->event, &from->event);
}

size_t delivery_bytes(const struct delivery *delivery)
{
    struct packer counting = {.block = NULL};

    pack_delivery(&counting, delivery);
    return counting.used;
}

struct delivery *delivery_copy(const struct delivery *from)
{
    struct packer copying = {.block = mem_new(delivery_bytes(from))};
    struct delivery *copy = (struct delivery *)(void *)copying.block;

    pack_delivery(&copying, from);
    copy->next = NULL; /* a copy is in no list */
    return copy;
}

void delivery_free(struct delivery *delivery)
{
    mem_free(delivery);
}
