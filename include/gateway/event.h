/*
 * event: what one webhook request said, in the same words for every channel.
 *
 * decode fills events; accept keeps them; senders say them to the peer. All views
 * borrow from the request's arena, or, inside a struct delivery, from that delivery's
 * block. Pure; any thread.
 */
#pragma once

#include "gateway/status.h"
#include "gateway/text.h"

enum direction {
    DIRECTION_INBOUND,  /* customer -> agent: the peer is Genesys Cloud */
    DIRECTION_OUTBOUND, /* agent -> customer: the peer is the channel */
};
const char *direction_name(enum direction direction);

/* The values are stored: append only. */
enum event_kind {
    EVENT_MESSAGE = 0,
    EVENT_EDIT = 1,
    EVENT_DELETION = 2,
    EVENT_REACTION = 3,
    EVENT_ANSWER = 4, /* a button of an earlier message was pressed */
    EVENT_RECEIPT = 5,
    EVENT_TYPING = 6,
    EVENT_LEFT = 7,       /* the contact left or blocked us */
    EVENT_IDENTITY = 8,   /* the contact's id or names changed */
    EVENT_UNREADABLE = 9, /* authentic, but not understood: kept raw as a dead letter */
};
const char *event_kind_name(enum event_kind kind);
/* Messages and answers count for the threading window. Source: design.md section 4. */
bool event_counts_as_activity(enum event_kind kind);

/* The values are stored: append only. Order is progress, FAILED apart. */
enum message_status {
    MESSAGE_ACCEPTED = 0,
    MESSAGE_SENT = 1,
    MESSAGE_DELIVERED = 2,
    MESSAGE_READ = 3,
    MESSAGE_FAILED = 4,
};
const char *message_status_name(enum message_status status);
/* Whether a message may go from one status to another: never back, and out of FAILED
 * only to DELIVERED (by replay). Source: design.md section 6. */
bool message_status_may_follow(enum message_status from, enum message_status to);

/* Who gave an id. The values are hashed into the id index: append only. */
enum id_side { ID_SIDE_CHANNEL = 0, ID_SIDE_GENESYS = 1, ID_SIDE_GATEWAY = 2 };
/* What the id names. The values are hashed into the id index: append only. */
enum id_kind {
    ID_KIND_MESSAGE = 0, /* a message */
    ID_KIND_WEBHOOK = 1, /* one webhook event, the same on every retry */
    ID_KIND_RECEIPT = 2, /* a message's id with a status */
    ID_KIND_CONTACT = 3, /* a contact, by the number of its row */
};

/* One dedupe key: `id`, and for receipts the status as `extra`. */
struct event_key {
    enum id_side side;
    enum id_kind kind;
    struct str id;
    struct str extra;
};
#define EVENT_KEYS_MAX 3

struct attribute {
    struct str name;
    struct str value;
};

struct attachment {
    struct str url; /* empty where the service gives a ref instead */
    struct str mime;
    struct str name;
    struct str sha256; /* hex as given, or empty */
    struct str text;   /* caption */
    int64_t size;      /* bytes; 0 when not said */
    struct str ref;    /* what the service calls the file, to fetch it by */
};

/* What pressing the button does: answers with its payload, or opens a page. The values
 * are stored: append only. */
enum choice_kind {
    CHOICE_QUICK_REPLY = 0,
    CHOICE_BUTTON = 1,
    CHOICE_LINK = 2,
    CHOICE_DATE = 3, /* a time of a date picker; the payload is its ISO form */
    CHOICE_ITEM = 4, /* of a list: Genesys takes its answer as text only */
};
#define CHOICE_KINDS (CHOICE_ITEM + 1)
struct choice {
    enum choice_kind kind;
    struct str label;
    struct str payload; /* the URL of a link */
    struct str image;
};

struct card {
    struct str title;
    struct str description;
    struct str image;
    struct choice *choices;
    size_t choice_count;
};

/* What a message carries beside its text. */
struct content {
    struct attachment *attachments;
    size_t attachment_count;
    struct choice *quick_replies;
    size_t quick_reply_count;
    struct card *cards;
    size_t card_count;
    /* What is only text here (date picker, list, template): lines ready to show. */
    struct str fallback;
};

struct event {
    enum event_kind kind;
    struct str
        contact_id; /* external id, unchanged; 1-255 bytes, no control characters */
    struct str
        alias; /* another id the service gives of the same contact; may be empty */
    struct str name;
    struct str first_name;
    struct str last_name;
    struct attribute *attributes;
    size_t attribute_count;

    struct event_key keys[EVENT_KEYS_MAX]; /* none for typing */
    size_t key_count;
    struct str source_id; /* the id the message has at the side that sent it */
    int64_t time_ms;      /* the event's own time; 0 when not said */

    struct str
        text; /* also the new text of an edit, the emoji of a reaction, a reason */
    struct content content;
    bool is_bot; /* outbound: a bot wrote it */

    /* Which message an edit, deletion, reaction, answer, receipt or reply is about. */
    struct event_key target;
    bool has_target;
    struct str answer_payload;
    enum choice_kind answer_kind;
    /* Or an answer names the option itself, by the token its button had: choice.h. The
     * payload and the target are then accept's to find. */
    bool has_choice;
    int64_t choice_message; /* number of the message that offered it */
    unsigned choice_ordinal;

    enum message_status receipt_status;
    /* Without a target: of all that was sent to the contact by then (wall, ms). */
    int64_t receipt_until_ms;
    struct str reason_code; /* of a failed receipt, in the other side's words */
    struct str reason_text;

    int64_t typing_ms;
    struct str new_id;                  /* identity change; empty: only names changed */
    struct str genesys_conversation_id; /* outbound, when Genesys said it */
    struct str raw;                     /* unreadable: the first 64 KiB of the body */
};

struct bridge;

/* What one webhook request carried: kept together or not at all. */
struct unit {
    const struct bridge *bridge; /* borrowed from the configuration snapshot */
    enum direction direction;
    struct event *events;
    size_t event_count;
    struct str ack_note; /* decode's, for the source's own ack; may be empty */
};

struct arena;
/* True when `content` holds nothing. */
bool content_is_empty(const struct content *content);
/*
 * What a message carries beyond plain text (content, attributes, answer, names of a
 * target) as JSON for the database, and back. An empty result stands for "nothing".
 */
MUST_CHECK enum status event_extra_encode(const struct event *event,
                                          struct arena *arena, struct str *out_json,
                                          struct error *err);
MUST_CHECK enum status event_extra_decode(struct str json, struct arena *arena,
                                          struct event *event, struct error *err);
