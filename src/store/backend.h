/*
 * backend: what a database must be able to do. Private to the store room.
 *
 * store.c holds the rules that are true of every database and calls these members; a
 * backend keeps and finds rows. So a backend never compares statuses, epochs or
 * windows, and never sees an id of the id index in clear: store.c hashes it first.
 * Every member is required. Statuses are those of store.h.
 */
#pragma once

#include "gateway/crypto.h"
#include "gateway/flights.h"
#include "gateway/store.h"

struct store_backend;
struct store_copier;
struct contact_cache;

/* The part of a handle that every backend's own struct starts with. */
struct store {
    const struct store_backend *backend;
    enum store_mode mode;
    uint8_t
        id_key[HASH16_BYTES]; /* of the id index; made with the database, set by open */

    /* The rest belongs to store.c. */
    struct hash16 *hash;
    struct contact_cache *contacts; /* writer only */
};

struct id_entry {
    int64_t message;
    uint32_t tag;
};

/* Empty members keep what is there. */
struct contact_profile {
    struct str name;
    struct str first_name;
    struct str last_name;
    struct str
        attributes; /* JSON as event_extra_encode writes an event with nothing else */
    uint32_t tag;
};

/* The one receipt of a message as it stands. */
struct receipt_slot {
    struct receipt receipt;
    enum delivery_state state; /* READY or WAITING: unsent */
    unsigned attempts;
    int64_t age_ms;
    int64_t ended_ms; /* of the last attempt; 0: none yet */
    int http_status;
};

/* A row of deliveries as kept. */
struct stored_delivery {
    int64_t id;
    int64_t message;
    int64_t contact_row;
    int64_t bridge_row;
    enum direction direction;
    enum delivery_state state;
    bool is_replay;
    bool shows_numbers;
    unsigned attempts;
    unsigned parts_done;
    unsigned possible_duplicates;
    int64_t age_ms;
    int64_t created_ms; /* accepted_ms given with it */
    int64_t started_ms; /* of the last attempt; 0: none yet */
    int64_t ended_ms;
    int http_status;
    enum reason_code reason_code;
    struct str reason;
    struct str provider_id; /* of part 0 */
};

struct stored_attempt {
    enum delivery_class class;
    int64_t id; /* of the delivery; class RECEIPT: of the message */
    unsigned number;
    enum outcome outcome;
    int http_status;
    enum reason_code reason_code;
    struct str reason;
    int64_t started_ms;
    int64_t ended_ms;
};

struct stored_conversation {
    int64_t number;
    int64_t contact_row;
    int64_t bridge_row;
    int64_t opened_ms;
    int64_t last_activity_ms;
    int64_t closed_ms; /* 0: open */
};

/* Rows are handed to one of these, one at a time; views live until it returns. */
typedef void each_row(const void *row, void *context);

/*
 * What a backend knows of one delivery; delivery_build makes the block of it. The
 * backend sets in `delivery`: class, id, bridge_row, contact_row, direction, and for
 * class MESSAGE what delivery_add was given (previous_conversation, the flags,
 * accepted_ms) and the last record left (attempts, parts_done, age_ms, aged_ms,
 * possible_duplicates); a receipt's attempts and age come from its slot. The builder
 * sets the rest.
 */
struct delivery_source {
    struct delivery delivery;
    struct message message; /* with source_id, text, extra, contact_id */
    struct str address; /* outbound messages go there: latest alias, else contact_id */
    struct str name;    /* of the contact, as last told */
    struct str first_name;
    struct str last_name;
    bool has_target;
    enum direction target_direction;
    struct str target_source_id;     /* the target's id at the side that sent it */
    struct str target_peer_id;       /* and at the side that got it */
    struct str genesys_conversation; /* latest of the message's conversation */
    struct receipt_slot slot;        /* class RECEIPT */
};

/* For every backend, in deliveries.c. */
MUST_CHECK enum status delivery_build(const struct delivery_source *source,
                                      struct delivery **out_delivery,
                                      struct error *err);
void delivery_free_list(struct delivery *list);

/* An outcome and what store.c decided about it. */
struct record_change {
    const struct delivery_record *record;
    bool is_logged;  /* a row of attempts */
    bool keeps_slot; /* the receipt slot holds a later status by now: leave it alone */
};

/* The schema as `db status` shows it. */
struct store_overview {
    const char *engine;
    struct str version; /* name of the last applied migration, empty: none */
    struct str newest;  /* name of the last one this binary knows */
    int64_t contacts;
    int64_t conversations;
    int64_t messages;
    int64_t deliveries;
    int64_t ids;
    int64_t pending_receipts;
};

/* What a list's filter comes to. */
struct list_query {
    enum list_kind kind;
    int64_t above; /* numbers, both without it */
    int64_t below;
    int64_t bridge_row; /* 0: all */
    struct str contact; /* empty: all */
    uint32_t
        states; /* bits by the number of the state; a conversation's: open, closed */
    int64_t since_ms;
    unsigned limit;
};

/* Columns of a list, in the order in which a backend's query gives them. */
enum list_source {
    LIST_FROM_TEXT,
    LIST_FROM_PROSE,
    LIST_FROM_NUMBER,
    LIST_FROM_TIME,
    LIST_FROM_FLAG,
    LIST_FROM_DIRECTION, /* numbers of enums from here on */
    LIST_FROM_KIND,
    LIST_FROM_STATUS,
    LIST_FROM_STATE,
    LIST_FROM_OPENNESS, /* of a conversation: 0 open, 1 closed */
};
struct list_column {
    const char *name;
    enum list_source source;
    enum list_depth depth;
    unsigned rank; /* as in struct list_cell */
};
const struct list_column *list_columns(enum list_kind kind, size_t *out_count);
/* From the text or the number that a row has in the column. */
struct list_cell list_cell(const struct list_column *column, bool is_empty,
                           struct str text, int64_t number);

struct store_backend {
    const char *scheme; /* of the URLs that select it, with the colon */

    /* `place` is the URL behind the scheme. Sets mode, backend and id_key. */
    enum status (*open)(const char *place, const struct store_options *options,
                        struct store **out_store, struct error *err);
    void (*close)(struct store *store);

    enum status (*begin)(struct store *store, struct error *err);
    enum status (*commit)(struct store *store, struct error *err);
    void (*rollback)(struct store *store);
    enum status (*savepoint)(struct store *store, struct error *err);
    enum status (*release)(struct store *store, struct error *err);
    enum status (*undo)(struct store *store, struct error *err);
    uint64_t (*changes)(struct store *store);
    void (*maintain)(struct store *store);
    int64_t (*log_bytes)(struct store *store);
    /* See store_space; `place` as open gets it. */
    void (*space)(const char *place, struct store_space *out);

    /* See store_flights. */
    struct flights *(*flights)(struct store *store);
    /* The run that has begun and not ended. */
    enum status (*run_get)(struct store *store, bool *out_is_there,
                           struct flights_run *out, struct error *err);
    /* NULL: none. */
    enum status (*run_set)(struct store *store, const struct flights_run *run,
                           struct error *err);

    /* By name. NOT_FOUND. */
    enum status (*bridge_find)(struct store *store, struct str name,
                               struct arena *arena, struct bridge_record *out,
                               struct error *err);
    /* Whether it has a contact. */
    enum status (*bridge_has_history)(struct store *store, int64_t row, bool *out_has,
                                      struct error *err);
    /* Row 0: adds it and sets the row; else changes channel and integration id. */
    enum status (*bridge_put)(struct store *store, struct bridge_record *bridge,
                              int64_t now_ms, struct error *err);
    /* struct bridge_record, by row. */
    enum status (*bridges)(struct store *store, each_row *seen, void *context,
                           struct error *err);

    /* NOT_FOUND */
    enum status (*id_find)(struct store *store, const uint8_t key[HASH16_BYTES],
                           struct id_entry *out, struct error *err);
    /* DUPLICATE: nothing changed, *entry becomes what is there. */
    enum status (*id_add)(struct store *store, const uint8_t key[HASH16_BYTES],
                          int64_t now_ms, struct id_entry *entry, struct error *err);
    /* See store_ids_expire. */
    enum status (*ids_expire)(struct store *store, int64_t before_ms, bool *out_more,
                              struct error *err);

    /* By external id, then by alias. NOT_FOUND. */
    enum status (*contact_find)(struct store *store, int64_t bridge_row, struct str id,
                                struct contact *out, struct error *err);
    enum status (*contact_add)(struct store *store, int64_t bridge_row,
                               struct str external_id, int64_t now_ms,
                               struct contact *out, struct error *err);
    enum status (*contact_profile)(struct store *store, int64_t contact_row,
                                   const struct contact_profile *profile,
                                   struct error *err);
    /* Makes `alias` the address; is_new: contact_find finds it from now on. An alias
     * equal to the external id or known already comes with is_new false. */
    enum status (*contact_alias)(struct store *store, const struct contact *contact,
                                 struct str alias, bool is_new, int64_t now_ms,
                                 struct error *err);
    /* See store_contact_ids. */
    enum status (*contact_ids)(struct store *store, int64_t contact_row,
                               struct arena *arena, struct str *out_external_id,
                               struct str *out_address, struct error *err);
    /* Closes contact->conversation unless 0, adds the next as the contact's latest with
     * opened = last activity = now_ms, and sets its number in *out_number. */
    enum status (*conversation_open)(struct store *store, const struct contact *contact,
                                     int64_t now_ms, int64_t *out_number,
                                     struct error *err);
    /* A repeat keeps the first time, and makes it the latest again. */
    enum status (*conversation_link)(struct store *store, int64_t conversation,
                                     struct str genesys_id, int64_t now_ms,
                                     struct error *err);
    enum status (*conversation_genesys)(struct store *store, int64_t conversation,
                                        struct arena *arena, struct str *out_id,
                                        struct error *err);

    /* Sets message->row: one more than any row before. */
    enum status (*message_add)(struct store *store, struct message *message,
                               struct error *err);
    /* NOT_FOUND. peer_id: provider id of part 0 of its latest delivery that has one. */
    enum status (*message_get)(struct store *store, int64_t row, struct arena *arena,
                               struct message *out, struct error *err);
    /* NOT_FOUND */
    enum status (*message_status)(struct store *store, int64_t row,
                                  enum message_status status, int64_t now_ms,
                                  struct error *err);
    enum status (*message_advance)(struct store *store, int64_t row,
                                   enum message_status from, enum message_status to,
                                   int64_t now_ms, bool *out_changed,
                                   struct error *err);
    enum status (*choice_add)(struct store *store, int64_t message,
                              const struct stored_choice *choice, struct error *err);
    enum status (*choice_get)(struct store *store, int64_t message, unsigned ordinal,
                              struct arena *arena, struct stored_choice *out,
                              struct error *err);
    /* As store_numbered_message. */
    enum status (*numbered_message)(struct store *store, int64_t conversation,
                                    int64_t *out_message, struct error *err);
    enum status (*contact_heard)(struct store *store, int64_t contact_row,
                                 int64_t since_ms, bool *out_heard, struct error *err);
    /* As store_sent; `statuses`: bits by the number of the status a message may have.
     */
    enum status (*sent)(struct store *store, const struct sent_query *query,
                        uint32_t statuses, struct sent *out, struct error *err);
    /* The lowest ordinal with that payload. NOT_FOUND. */
    enum status (*choice_find)(struct store *store, int64_t message, struct str payload,
                               struct arena *arena, struct stored_choice *out,
                               struct error *err);

    /* As in store.h. */
    enum status (*media_add)(struct store *store, int64_t message,
                             const struct stored_media *media, int64_t now_ms,
                             struct arena *arena, struct str *out_file,
                             struct error *err);
    enum status (*media_get)(struct store *store, int64_t message, unsigned ordinal,
                             struct arena *arena, struct stored_media *out,
                             struct error *err);
    enum status (*media_is_needed)(struct store *store, struct str file, bool *out_is,
                                   struct error *err);

    /* Sets delivery->id: one more than any id before. */
    enum status (*delivery_add)(struct store *store, struct delivery *delivery,
                                enum delivery_state state, struct str reason,
                                struct error *err);
    /*
     * Class MESSAGE: sets state, counts, age, times, http status and reason of the row;
     * a provider id that is not empty belongs to record->part. The row of attempts, if
     * logged, has number record->attempts.
     */
    enum status (*delivery_record)(struct store *store,
                                   const struct record_change *change,
                                   struct error *err);

    /* NOT_FOUND */
    enum status (*delivery_state)(struct store *store, int64_t id,
                                  enum delivery_state *out, struct error *err);
    /* Sets the state and the end; puts `reason`, and a colon, in front of the one that
     * is there. */
    enum status (*delivery_settle)(struct store *store, int64_t id,
                                   enum delivery_state state, struct str reason,
                                   int64_t now_ms, struct error *err);

    /* The slot without texts. NOT_FOUND. */
    enum status (*receipt_find)(struct store *store, int64_t message,
                                struct receipt_slot *out, struct error *err);
    /* Adds or replaces: READY, no attempts, age 0. */
    enum status (*receipt_put)(struct store *store, const struct receipt *receipt,
                               struct error *err);
    /* Class RECEIPT: as delivery_record, for the slot. */
    enum status (*receipt_record)(struct store *store,
                                  const struct record_change *change,
                                  struct error *err);

    /* NOT_FOUND */
    enum status (*early_receipt_find)(struct store *store,
                                      const uint8_t key[HASH16_BYTES],
                                      struct arena *arena, struct receipt *out,
                                      struct error *err);
    /* Adds or replaces. */
    enum status (*early_receipt_put)(struct store *store,
                                     const uint8_t key[HASH16_BYTES],
                                     const struct receipt *receipt, struct error *err);
    enum status (*early_receipt_delete)(struct store *store,
                                        const uint8_t key[HASH16_BYTES],
                                        struct error *err);
    /* Those with created_ms < before_ms. */
    enum status (*early_receipts_expire)(struct store *store, int64_t before_ms,
                                         bool *out_left, struct error *err);

    /* Of a lane group, 0-255. Starts at 1. */
    enum status (*group_epoch)(struct store *store, unsigned group, int64_t *out_epoch,
                               struct error *err);
    /* The four below see only groups that `owner` holds, where a backend has owners.
     * They leave delivery->epoch to store.c. */
    enum status (*lanes)(struct store *store, struct str owner, store_lane_seen *seen,
                         void *context, struct error *err);
    enum status (*take)(struct store *store, struct str owner, int64_t contact_row,
                        enum direction direction, int64_t after, unsigned limit,
                        struct delivery **out_list, struct error *err);
    enum status (*take_receipts)(struct store *store, struct str owner, int64_t after,
                                 unsigned limit, struct delivery **out_list,
                                 struct error *err);
    /* Any state, any owner. NOT_FOUND. */
    enum status (*load)(struct store *store, enum delivery_class class, int64_t id,
                        struct delivery **out_delivery, struct error *err);
    /* Counts rows: relay asks at start and reload, then counts by itself. */
    enum status (*counts)(struct store *store, int64_t bridge_row, int64_t *out_pending,
                          int64_t *out_dead, struct error *err);

    /* See store_expired_find: `out` begins empty. */
    enum status (*expired_find)(struct store *store, struct expiry_walk *walk,
                                struct expired *out, struct error *err);
    /* See store_expire; of one kind each. */
    enum status (*expire)(struct store *store, const struct expired *expired,
                          store_expired_seen *seen, void *context, struct error *err);

    enum status (*pause_set)(struct store *store, const struct pause *pause,
                             struct error *err);
    /* Repeats are free. */
    enum status (*pause_clear)(struct store *store, enum pause_scope scope,
                               struct str name, struct error *err);
    enum status (*audit_add)(struct store *store, const struct audit_entry *entry,
                             struct error *err);
    /* By scope, then name. */
    enum status (*pauses)(struct store *store, store_pause_seen *seen, void *context,
                          struct error *err);

    /* Looking; rows in the order of their numbers. An unknown number has none. */
    /* struct stored_delivery, of one message */
    enum status (*deliveries_of)(struct store *store, int64_t message, each_row *seen,
                                 void *context, struct error *err);
    /* struct stored_attempt, of one delivery or receipt */
    enum status (*attempts_of)(struct store *store, enum delivery_class class,
                               int64_t id, each_row *seen, void *context,
                               struct error *err);
    /* struct str: provider ids of the parts after the first, by ordinal */
    enum status (*parts_of)(struct store *store, int64_t delivery, each_row *seen,
                            void *context, struct error *err);
    /* struct receipt_slot, with texts; at most one */
    enum status (*receipts_of)(struct store *store, int64_t message, each_row *seen,
                               void *context, struct error *err);
    /* NOT_FOUND */
    enum status (*conversation_get)(struct store *store, int64_t number,
                                    struct stored_conversation *out, struct error *err);
    /* struct str: Genesys conversation ids, oldest first */
    enum status (*links_of)(struct store *store, int64_t conversation, each_row *seen,
                            void *context, struct error *err);
    /* int64_t: numbers of conversations that are part of a Genesys conversation */
    enum status (*conversations_of)(struct store *store, struct str genesys_id,
                                    each_row *seen, void *context, struct error *err);
    /* int64_t: rows of the oldest `limit` messages of a conversation */
    enum status (*messages_of)(struct store *store, int64_t conversation,
                               unsigned limit, each_row *seen, void *context,
                               struct error *err);
    enum status (*overview)(struct store *store, struct store_overview *out,
                            struct error *err);
    /* See store_list. */
    enum status (*list)(struct store *store, const struct list_query *query,
                        store_row_seen *seen, void *context, struct error *err);
    /* struct str: names of migrations not applied yet */
    enum status (*pending_migrations)(struct store *store, each_row *seen,
                                      void *context, struct error *err);

    const struct store_copier *copier; /* copier.h */
};

extern const struct store_backend sqlite_backend;
extern const struct store_backend memory_backend;
