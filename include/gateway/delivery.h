/*
 * delivery: one event on its way to one peer; its states and the outcomes of an
 * attempt.
 *
 * A struct delivery is one heap block with everything a sender needs, so that the
 * engine reads the database only at start and to refill a lane. It is made by accept or
 * by store_take and owned by whoever holds it (writer, then engine). Pure; any thread.
 */
#pragma once

#include "gateway/event.h"
#include "gateway/random.h"

/* The values are stored: append only. */
enum delivery_state {
    DELIVERY_READY = 0,   /* may be tried when its turn comes */
    DELIVERY_WAITING = 1, /* tried, failed, tried again later */
    DELIVERY_DONE = 2,
    DELIVERY_DEAD = 3,    /* given up: a dead letter with a reason */
    DELIVERY_DROPPED = 4, /* an operator dropped the dead letter */
};
const char *delivery_state_name(enum delivery_state state);
bool delivery_is_pending(enum delivery_state state);
/* Whether an operator may settle it so, without an attempt: a dead letter is dropped,
 * what waits becomes a dead letter. */
bool delivery_may_settle(enum delivery_state from, enum delivery_state to);

/* What an attempt came to. The values are stored: append only.
 * Source: design.md section 6, "Outcomes". */
enum outcome {
    OUTCOME_DONE = 0,
    OUTCOME_ACCEPTED_DUPLICATE = 1, /* the peer knew it already: counts as done */
    OUTCOME_RETRY = 2,              /* the peer has a passing trouble */
    OUTCOME_SLOW_DOWN = 3,          /* 429: the bucket pauses, not the message */
    OUTCOME_UNKNOWN = 4,            /* sent, no answer: it may have arrived */
    OUTCOME_REFUSED_MESSAGE = 5,    /* never this message */
    OUTCOME_REFUSED_CONTACT = 6,    /* never this contact */
    OUTCOME_WINDOW_CLOSED = 7,      /* the channel's session is over */
    OUTCOME_BROKEN = 8,    /* the configuration or the peer's: pause the scope */
    OUTCOME_PROGRESS = 9,  /* one part is done, more follow */
    OUTCOME_GIVEN_UP = 10, /* retried past its age */
    OUTCOME_SENDING = 11,  /* about to be sent to a peer that may not hear it twice */
};
#define OUTCOME_COUNT (OUTCOME_SENDING + 1)
const char *outcome_name(enum outcome outcome);
/* True for outcomes after which the delivery is neither tried again nor dead. */
bool outcome_is_success(enum outcome outcome);
/* The state a delivery is in after an outcome; the only function that moves it. */
enum delivery_state delivery_after(enum outcome outcome);

/* Reason codes of Failed receipts.
 * Source: genesys/open-messaging.md section 5.2. */
enum reason_code {
    REASON_GENERAL_ERROR = 0,
    REASON_MESSAGE_EXPIRED,
    REASON_RATE_LIMITED,
    REASON_MESSAGE_NOT_ALLOWED,
    REASON_UNSUPPORTED_MESSAGE,
    REASON_UNKNOWN_MESSAGE,
    REASON_INVALID_MESSAGE_STRUCTURE,
    REASON_INVALID_DESTINATION,
    REASON_SERVER_ERROR,
    REASON_MEDIA_TYPE_NOT_ALLOWED,
    REASON_INVALID_MEDIA_CONTENT_LENGTH,
    REASON_RECIPIENT_OPTED_OUT,
    REASON_DATA_FILTERED,
};
const char *reason_code_name(enum reason_code code); /* "GeneralError", ... */

/* What kind of thing is delivered, in the order in which a rate bucket is spent. */
enum delivery_class {
    DELIVERY_MESSAGE =
        0, /* a message, edit, deletion, reaction, answer, left: in a lane */
    DELIVERY_RECEIPT = 1, /* the one status slot of a message: waits for no lane */
    DELIVERY_TYPING = 2,  /* memory only, never stored */
};

struct delivery {
    struct delivery *next; /* for the list that holds it; owned by the holder */

    enum delivery_class class;
    enum direction direction; /* INBOUND: to Genesys; OUTBOUND: to the channel */
    int64_t id;               /* row of deliveries; for receipts the message's row */
    int64_t message_id;
    int64_t contact_row;
    int64_t bridge_row;
    int64_t conversation;          /* our number */
    int64_t previous_conversation; /* of the contact, 0 if none; for a first message */
    bool opens_conversation;       /* the first message of a conversation */
    bool wants_conversation_id;    /* Genesys: ask with prefetchConversationId */
    bool is_replay;
    int64_t epoch; /* of the lane group when this was taken; see store_record */

    char public_id[PUBLIC_ID_BYTES]; /* of the message; of receipts: the message's */
    int64_t accepted_ms;
    int64_t accepted_mono_ms; /* the same moment, if it was in this run and the delivery
                                 never left memory; else 0 */
    int64_t time_ms; /* channel.time: stored at acceptance, repeated unchanged */

    unsigned attempts;            /* ended ones */
    unsigned parts_done;          /* parts the peer has taken; the next one to send */
    int64_t age_ms;               /* as stored; counts while a gateway ran, unpaused */
    int64_t aged_ms;              /* wall: when that was its age; 0: now, it is new */
    int64_t held_since_ms;        /* engine's: its flow's active time when taken */
    unsigned possible_duplicates; /* repeats after a lost answer */
    bool may_have_arrived; /* by its last try: the next is a possible duplicate */
    bool was_sending;      /* its last record is OUTCOME_SENDING: we died meanwhile */

    /* Ids of the message this is about, as the peer knows it: of the target of an edit
     * or answer; of the message itself for a receipt. May be empty. */
    struct str target_peer_id;
    struct str
        target_genesys_conversation; /* latest known Genesys conversation, or empty */
    struct str trace; /* traceparent of the message's webhook, or empty */

    struct event
        event; /* kind, contact_id, names, text, content, receipt_*, typing_ms */
};

/*
 * One block with deep copies of everything in *from (event included).
 * mem_free frees it all.
 */
struct delivery *delivery_copy(const struct delivery *from);
void delivery_free(struct delivery *delivery);
/* Bytes of the block, for memory ceilings. */
size_t delivery_bytes(const struct delivery *delivery);
