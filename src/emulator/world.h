/*
 * world: what the emulated organisation knows: integrations, customers, conversations,
 * messages, receipts, and a clock that a test can move.
 *
 * Memory only. Nothing is ever recognised as a repeat: each accepted call is one row,
 * because nobody knows what Genesys does with one. Belongs to the front thread.
 */
#pragma once

#include "gateway/random.h"
#include "gateway/text.h"
#include "lookup.h"
#include "rows.h"

#define HEX_ID_BYTES 33 /* "6f1d0c2ab3e84d5f9a7c1e2d3b4a5968" */
#define UUID_BYTES 37   /* "0f9e8d7c-6b5a-4938-8271-605f4e3d2c1b" */

struct conversation;

struct integration {
    char *id; /* all texts owned; those marked JSON are NULL when there is none */
    char *name;
    char *webhook_url;
    char *secret;
    char *webhook_headers;   /* JSON object of strings */
    char *supported_content; /* JSON object */
    char *messaging_setting; /* JSON object */
    char *flow_id;           /* of its routing recipient, or NULL */
    char recipient_id[UUID_BYTES];
    bool is_created; /* createStatus Completed; else Initiated */
    bool is_deleted; /* kept for the conversations that name it */
    int64_t created_ms;
    int64_t modified_ms;
    struct lookup contacts; /* by id */
    struct lookup_entry by_id;
};

/* A customer of one integration. */
struct contact {
    struct integration *integration;
    struct conversation *latest; /* or NULL */
    char id_type[8];             /* Email, Phone, Opaque */
    struct lookup_entry by_id;
    size_t id_len;
    char id[]; /* terminated */
};

struct conversation {
    char id[UUID_BYTES];
    struct contact *contact;
    bool is_connected;
    int64_t opened_ms;
    int64_t last_ms;         /* last message of either side */
    int64_t disconnected_ms; /* 0 while connected */
    int64_t typing_ms;       /* last typing of the customer, or 0 */
    struct message *first;   /* in order of arrival, through next_in_conversation */
    struct message *last;
    size_t message_count;
    struct lookup_entry by_id;
};

enum message_type { MESSAGE_TEXT, MESSAGE_STRUCTURED, MESSAGE_EVENT };

enum message_state {
    MESSAGE_RECEIVED, /* inbound */
    MESSAGE_QUEUED,   /* outbound: the webhook was not yet taken */
    MESSAGE_SENT,     /* outbound: the webhook was taken */
    MESSAGE_UNSENT,   /* outbound: the webhook was refused, or never answered in time */
    MESSAGE_DELIVERED,
    MESSAGE_FAILED,
    MESSAGE_PUBLISHED,
    MESSAGE_REMOVED,
};

/* Inbound: what a customer said. Outbound: one body for the webhook. */
struct message {
    char id[HEX_ID_BYTES];
    bool is_inbound;
    enum message_type type;
    enum message_state state;
    int64_t at_ms;
    struct conversation *conversation;
    struct message *next_in_conversation;
    struct notice *first_receipt; /* through next_of_message */
    struct notice *last_receipt;
    struct fetched *fetched; /* of its attachment, or NULL; borrowed: attachments.h */
    struct lookup_entry by_id;
    size_t json_len;
    char json[]; /* inbound: as received; outbound: the webhook's body */
};

/* A receipt or an event, as received. */
struct notice {
    const struct integration *integration;
    const struct message *message; /* the receipt's; NULL when it is unknown */
    struct notice *next_of_message;
    int64_t at_ms;
    size_t json_len;
    char json[];
};

#define MESSENGER_TYPES 8
extern const char *const messenger_types[MESSENGER_TYPES + 1]; /* ends with NULL */
#define TIMEOUT_DEFAULT_MINUTES 4320
#define TIMEOUT_MAX_MINUTES 4320

struct world {
    int64_t offset_ms; /* of the clock, moved by tests */
    struct random random;
    int64_t timeout_minutes[MESSENGER_TYPES]; /* the threading timeline */

    struct rows integrations;
    struct rows contacts;
    struct rows conversations;
    struct rows inbound;
    struct rows outbound;
    struct rows receipts;
    struct rows events;
    struct lookup integration_by_id;
    struct lookup conversation_by_id;
    struct lookup message_by_id;
};

/* `ceiling` rows in each list. */
void world_init(struct world *world, size_t ceiling);
/* Forgets everything and sets the clock right. */
void world_clear(struct world *world);
int64_t world_now_ms(const struct world *world);

void make_uuid(struct random *random, char out_text[UUID_BYTES]);

/* `id` empty: a new one is made. NULL when the list is full or the id is taken. */
struct integration *integration_add(struct world *world, struct str id, struct str name,
                                    struct str webhook_url, struct str secret);
struct integration *integration_find(const struct world *world, struct str id);
void integration_delete(struct world *world, struct integration *integration);
/* Replaces a text of an integration by a copy. */
void text_replace(char **text, struct str value);

struct contact *contact_find(const struct integration *integration, struct str id);

/*
 * The conversation that a message between a customer and an integration belongs to now:
 * the latest while it is connected or within the threading timeline after its end, else
 * a new one. NULL when the list is full. `id_type` may be empty: Opaque, or as before.
 * Source: open-messaging.md, section 2.5; read 2026-11-21.
 */
struct conversation *conversation_join(struct world *world,
                                       struct integration *integration,
                                       struct str contact_id, struct str id_type);
struct conversation *conversation_find(const struct world *world, struct str id);
/* Whether a message now would join the contact's latest conversation. */
bool conversation_is_joinable(const struct world *world, const struct contact *contact);
void conversation_disconnect(struct world *world, struct conversation *conversation);

/* For the next message: the body of an outbound one repeats its id. */
void message_make_id(struct world *world, char out_id[HEX_ID_BYTES]);
/*
 * Adds a message to its conversation (an event stands beside it).
 * NULL when the list is full.
 */
struct message *message_add(struct world *world, struct conversation *conversation,
                            const char id[HEX_ID_BYTES], bool is_inbound,
                            enum message_type type, struct str json);
struct message *message_find(const struct world *world, struct str id);
/* "Text", "Structured", ...; "received", "sent", ... */
const char *message_type_name(enum message_type type);
const char *message_state_name(enum message_state state);

/* NULL when the list is full. `message` may be NULL; a receipt's is told to it. */
struct notice *receipt_add(struct world *world, const struct integration *integration,
                           struct message *message, struct str json);
struct notice *event_add(struct world *world, const struct integration *integration,
                         struct str json);
