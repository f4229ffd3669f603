/*
 * memory_backend: the tables of the memory backend, how their rows are kept and found,
 * and the members of its vtable by file. Private to memory*.c.
 */
#pragma once

#include "backend.h"
#include "memory.h"
#include "memory_table.h"

/* Columns of the key in brackets. Tables without a row are indexes. */
enum memory_table {
    TABLE_LAST,          /* [table] struct number_row: last number it gave out */
    TABLE_BRIDGES,       /* [row] struct bridge_row */
    TABLE_IDS,           /* [hash] struct id_row */
    TABLE_CONTACTS,      /* [row] struct contact_row */
    TABLE_CONTACT_IDS,   /* [bridge, external id] struct number_row: contact */
    TABLE_ALIASES,       /* [bridge, alias] struct number_row: contact */
    TABLE_CONVERSATIONS, /* [number] struct stored_conversation */
    TABLE_LINKS,         /* [conversation, order] struct link_row */
    TABLE_MESSAGES,      /* [row] struct message */
    TABLE_CONVERSATION_MESSAGES, /* [conversation, message] */
    TABLE_CHOICES,               /* [message, ordinal] struct stored_choice */
    TABLE_MEDIA,                 /* [id] struct media_row */
    TABLE_DELIVERIES,            /* [id] struct delivery_row */
    TABLE_MESSAGE_DELIVERIES,    /* [message, id] */
    TABLE_LANES,                 /* [contact, direction, id] of pending ones */
    TABLE_PARTS,                 /* [delivery, part] struct text_row: provider id */
    TABLE_ATTEMPTS,              /* [class, id, order] struct stored_attempt */
    TABLE_RECEIPTS,              /* [message] struct receipt_slot */
    TABLE_UNSENT,                /* [message]: receipts ready or waiting */
    TABLE_EARLY_RECEIPTS,        /* [hash] struct receipt */
    TABLE_GROUPS,                /* [group] struct group_row; none: never moved */
    TABLE_PAUSES,                /* [scope, name] struct pause */
    TABLE_RUN,                   /* [0] struct flights_run: begun and not ended */
};

struct delivery_row {
    struct stored_delivery stored; /* without provider_id: that is part 0 */
    int64_t previous_conversation;
    bool opens_conversation;
    bool wants_conversation_id;
    bool may_have_arrived;
};

struct media_row {
    int64_t message;
    int64_t created_ms;
    struct stored_media stored;
};

struct number_row {
    int64_t number;
};

struct text_row {
    struct str text;
};

struct contact_row {
    int64_t row;
    int64_t bridge_row;
    int64_t conversation; /* latest, 0: none yet */
    uint32_t profile_tag;
    struct str external_id;
    struct str address; /* latest alias, else external_id */
    struct str name;
    struct str first_name;
    struct str last_name;
    struct str attributes;
};

/* --- handles ------------------------------------------------------------- */

/*
 * At the start of every member that can fail: answers for a failure a test asked for,
 * and for a transaction that is lost. Writing ones assert that there is a transaction.
 */
MUST_CHECK enum status memory_read(struct store *store, struct error *err);
MUST_CHECK enum status memory_write(struct store *store, struct error *err);
struct table *memory_rows(struct store *store);

/* --- rows ---------------------------------------------------------------- */

/* Where a kind of row has texts, so that they are copied into its block with it. */
struct row_shape {
    size_t bytes;
    const size_t *texts; /* offsets of struct str */
    size_t text_count;
};
#define ROW_SHAPE(type, text_offsets)                                                  \
    {                                                                                  \
        sizeof(type), text_offsets, COUNT_OF(text_offsets)                             \
    }

extern const struct row_shape number_shape;
extern const struct row_shape text_shape;

/* Puts a copy of *row under the key, with its texts, which end in a NUL there. */
void row_put(struct table *table, const struct table_key *key,
             const struct row_shape *shape, const void *row);
/* Adds an entry without a row, or removes one with or without; repeats are free. */
void index_set(struct table *table, const struct table_key *key, bool is_there);
/* The number of a number_row, 0 when there is none. */
int64_t number_get(const struct table *table, const struct table_key *key);
void number_put(struct table *table, const struct table_key *key, int64_t number);
/* One more than this table ever gave out. */
int64_t number_next(struct table *table, enum memory_table of);
/* Entries whose keys start with the prefix. */
int64_t count_keys(const struct table *table, const struct table_key *prefix);
/* Deletes the entries whose keys start with the prefix. */
void keys_delete(struct table *table, const struct table_key *prefix);
/* Without its text and extra. */
void message_strip(struct table *table, const struct message *kept);
/* Deletes the rows of a table that are old by its own measure. */
typedef bool row_is_old(const void *row, int64_t before_ms);
void rows_expire(struct table *table, enum memory_table of, row_is_old *is_old,
                 int64_t before_ms);

/* --- found by more than one file ----------------------------------------- */

const struct contact_row *contact_get(const struct table *table, int64_t row);
/* The Genesys conversation used last; borrowed, empty when none. */
struct str latest_link(const struct table *table, int64_t conversation);
const struct delivery_row *delivery_get(const struct table *table, int64_t id);
/* Keeps the index of what is pending in step. */
void delivery_put(struct table *table, const struct delivery_row *row);
/* Ended without an attempt: `reason` goes in front of what was said of it before. */
void delivery_settle(struct table *table, int64_t id, enum delivery_state state,
                     struct str reason, int64_t ended_ms);
const struct message *message_get(const struct table *table, int64_t row);
/* The conversation's last activity was then. */
void conversation_active(struct table *table, int64_t conversation, int64_t at_ms);
const struct receipt_slot *slot_get(const struct table *table, int64_t message);
void attempt_add(struct table *table, const struct delivery_record *record);
/* Provider id of part 0 of the latest delivery that has one; borrowed, may be empty. */
struct str message_peer_id(const struct table *table, int64_t message);
/* Whether an attempt that began by then sent it. */
bool message_sent_by(const struct table *table, int64_t message, int64_t until_ms);
bool message_shows_numbers(const struct table *table, int64_t message);

/* --- members: see backend.h ---------------------------------------------- */

/* memory_contacts.c */
enum status memory_bridge_find(struct store *store, struct str name,
                               struct arena *arena, struct bridge_record *out,
                               struct error *err);
enum status memory_bridge_has_history(struct store *store, int64_t row, bool *out_has,
                                      struct error *err);
enum status memory_bridge_put(struct store *store, struct bridge_record *bridge,
                              int64_t now_ms, struct error *err);
enum status memory_bridges(struct store *store, each_row *seen, void *context,
                           struct error *err);
enum status memory_contact_find(struct store *store, int64_t bridge_row, struct str id,
                                struct contact *out, struct error *err);
enum status memory_contact_add(struct store *store, int64_t bridge_row,
                               struct str external_id, int64_t now_ms,
                               struct contact *out, struct error *err);
enum status memory_contact_ids(struct store *store, int64_t contact_row,
                               struct arena *arena, struct str *out_external_id,
                               struct str *out_address, struct error *err);
enum status memory_contact_profile(struct store *store, int64_t contact_row,
                                   const struct contact_profile *profile,
                                   struct error *err);
enum status memory_contact_alias(struct store *store, const struct contact *contact,
                                 struct str alias, bool is_new, int64_t now_ms,
                                 struct error *err);
enum status memory_conversation_open(struct store *store, const struct contact *contact,
                                     int64_t now_ms, int64_t *out_number,
                                     struct error *err);
enum status memory_conversation_link(struct store *store, int64_t conversation,
                                     struct str genesys_id, int64_t now_ms,
                                     struct error *err);
enum status memory_conversation_genesys(struct store *store, int64_t conversation,
                                        struct arena *arena, struct str *out_id,
                                        struct error *err);
enum status memory_conversation_get(struct store *store, int64_t number,
                                    struct stored_conversation *out, struct error *err);
enum status memory_links_of(struct store *store, int64_t conversation, each_row *seen,
                            void *context, struct error *err);
enum status memory_conversations_of(struct store *store, struct str genesys_id,
                                    each_row *seen, void *context, struct error *err);

/* memory_ids.c */
enum status memory_id_find(struct store *store, const uint8_t key[HASH16_BYTES],
                           struct id_entry *out, struct error *err);
enum status memory_id_add(struct store *store, const uint8_t key[HASH16_BYTES],
                          int64_t now_ms, struct id_entry *entry, struct error *err);
enum status memory_ids_expire(struct store *store, int64_t before_ms, bool *out_more,
                              struct error *err);

/* memory_messages.c */
enum status memory_message_add(struct store *store, struct message *message,
                               struct error *err);
enum status memory_message_get(struct store *store, int64_t row, struct arena *arena,
                               struct message *out, struct error *err);
enum status memory_message_status(struct store *store, int64_t row,
                                  enum message_status status, int64_t now_ms,
                                  struct error *err);
enum status memory_message_advance(struct store *store, int64_t row,
                                   enum message_status from, enum message_status to,
                                   int64_t now_ms, bool *out_changed,
                                   struct error *err);
enum status memory_choice_add(struct store *store, int64_t message,
                              const struct stored_choice *choice, struct error *err);
enum status memory_choice_get(struct store *store, int64_t message, unsigned ordinal,
                              struct arena *arena, struct stored_choice *out,
                              struct error *err);
enum status memory_numbered_message(struct store *store, int64_t conversation,
                                    int64_t *out_message, struct error *err);
enum status memory_contact_heard(struct store *store, int64_t contact_row,
                                 int64_t since_ms, bool *out_heard, struct error *err);
enum status memory_sent(struct store *store, const struct sent_query *query,
                        uint32_t statuses, struct sent *out, struct error *err);
enum status memory_choice_find(struct store *store, int64_t message, struct str payload,
                               struct arena *arena, struct stored_choice *out,
                               struct error *err);
enum status memory_receipt_find(struct store *store, int64_t message,
                                struct receipt_slot *out, struct error *err);
enum status memory_receipt_put(struct store *store, const struct receipt *receipt,
                               struct error *err);
enum status memory_receipt_record(struct store *store,
                                  const struct record_change *change,
                                  struct error *err);
enum status memory_early_receipt_find(struct store *store,
                                      const uint8_t key[HASH16_BYTES],
                                      struct arena *arena, struct receipt *out,
                                      struct error *err);
enum status memory_early_receipt_put(struct store *store,
                                     const uint8_t key[HASH16_BYTES],
                                     const struct receipt *receipt, struct error *err);
enum status memory_early_receipt_delete(struct store *store,
                                        const uint8_t key[HASH16_BYTES],
                                        struct error *err);
enum status memory_early_receipts_expire(struct store *store, int64_t before_ms,
                                         bool *out_left, struct error *err);
enum status memory_receipts_of(struct store *store, int64_t message, each_row *seen,
                               void *context, struct error *err);
enum status memory_messages_of(struct store *store, int64_t conversation,
                               unsigned limit, each_row *seen, void *context,
                               struct error *err);

/* memory_media.c */
enum status memory_media_add(struct store *store, int64_t message,
                             const struct stored_media *media, int64_t now_ms,
                             struct arena *arena, struct str *out_file,
                             struct error *err);
enum status memory_media_get(struct store *store, int64_t message, unsigned ordinal,
                             struct arena *arena, struct stored_media *out,
                             struct error *err);
enum status memory_media_is_needed(struct store *store, struct str file, bool *out_is,
                                   struct error *err);

/* memory_expiry.c */
enum status memory_expired_find(struct store *store, struct expiry_walk *walk,
                                struct expired *out, struct error *err);
enum status memory_expire(struct store *store, const struct expired *expired,
                          store_expired_seen *seen, void *context, struct error *err);

/* memory_deliveries.c */
enum status memory_delivery_add(struct store *store, struct delivery *delivery,
                                enum delivery_state state, struct str reason,
                                struct error *err);
enum status memory_delivery_state(struct store *store, int64_t id,
                                  enum delivery_state *out, struct error *err);
enum status memory_delivery_settle(struct store *store, int64_t id,
                                   enum delivery_state state, struct str reason,
                                   int64_t now_ms, struct error *err);
enum status memory_delivery_record(struct store *store,
                                   const struct record_change *change,
                                   struct error *err);
enum status memory_group_epoch(struct store *store, unsigned group, int64_t *out_epoch,
                               struct error *err);
enum status memory_lanes(struct store *store, struct str owner, store_lane_seen *seen,
                         void *context, struct error *err);
enum status memory_take(struct store *store, struct str owner, int64_t contact_row,
                        enum direction direction, int64_t after, unsigned limit,
                        struct delivery **out_list, struct error *err);
enum status memory_take_receipts(struct store *store, struct str owner, int64_t after,
                                 unsigned limit, struct delivery **out_list,
                                 struct error *err);
enum status memory_load(struct store *store, enum delivery_class class, int64_t id,
                        struct delivery **out_delivery, struct error *err);
enum status memory_counts(struct store *store, int64_t bridge_row, int64_t *out_pending,
                          int64_t *out_dead, struct error *err);
enum status memory_deliveries_of(struct store *store, int64_t message, each_row *seen,
                                 void *context, struct error *err);
enum status memory_attempts_of(struct store *store, enum delivery_class class,
                               int64_t id, each_row *seen, void *context,
                               struct error *err);
enum status memory_parts_of(struct store *store, int64_t delivery, each_row *seen,
                            void *context, struct error *err);
