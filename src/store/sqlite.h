/*
 * sqlite: the SQLite backend's own words, shared by its files. The only door to
 * sqlite3.
 *
 * A query is one prepared statement with its parameters. Statements are prepared once
 * and kept; a query's cleanup resets its statement, so that no read stays open behind
 * anybody's back. SQL stands as a literal beside the function that runs it.
 */
#pragma once

#include <sqlite3.h>

#include "backend.h"

struct ids;

/* A checkpoint is due once the log holds 4 MiB. Source: design.md section 3. */
#define SQLITE_CHECKPOINT_PAGES 1024
#define SQLITE_STORE_QUERIES 256 /* room for statements: more than there are */

struct sqlite_store {
    struct store store;
    sqlite3 *db;
    char *path;
    int lock_fd;             /* -1: none */
    struct flights *flights; /* writer only; in the lock's file */
    struct ids *ids;
    int64_t epochs[STORE_LANE_GROUPS];

    bool is_in_transaction; /* by our own count; see query_start */
    int wal_pages;          /* after the last commit */
    int checkpoint_pages;   /* the next checkpoint is due here */
    int64_t read_ends_ms;   /* reader: when the running query is interrupted */

    size_t query_count;
    struct {
        const char *sql; /* its address is the key */
        sqlite3_stmt *stmt;
    } queries[SQLITE_STORE_QUERIES];
};

static inline struct sqlite_store *sqlite_of(struct store *store)
{
    return CONTAINER_OF(store, struct sqlite_store, store);
}

/* --- queries: sqlite_query.c ----------------------------------------------- */

struct query {
    struct sqlite_store *store;
    sqlite3_stmt *stmt;
    int next; /* parameter */
    int rc;   /* first failure, reported by the next query_row or query_run */
};

/* `sql` must be a literal: the statement is kept under its address. */
struct query query_start(struct sqlite_store *store, const char *sql);
/* Takes a statement that somebody else keeps. */
struct query query_with(struct sqlite_store *store, sqlite3_stmt *stmt);
/* Resets the statement; for CLEANUP. */
void query_end(struct query *query);

/* Parameters, in order. Texts are borrowed until query_end; an empty one is NULL, but
 * not an empty C string: those are names, which every row has. */
void query_i64(struct query *query, int64_t value);
void query_text(struct query *query, struct str value);
void query_c_string(struct query *query, const char *value);
void query_blob(struct query *query, const void *bytes, size_t len);
/* A contact's id: text also when it is empty, of the contact whom nobody can name. */
void query_id(struct query *query, struct str id);
/* 0 becomes NULL: no such time, no such row. */
void query_optional(struct query *query, int64_t value);

/* The next row. */
MUST_CHECK enum status query_row(struct query *query, bool *out_has_row,
                                 struct error *err);
/* For statements that answer no row. */
MUST_CHECK enum status query_run(struct query *query, struct error *err);
/* The one row; NOT_FOUND without a text when there is none. */
MUST_CHECK enum status query_one(struct query *query, struct error *err);

/* Columns of the current row; NULL is 0 or empty. Views live until the next step. */
int64_t column_i64(const struct query *query, int column);
unsigned column_unsigned(const struct query *query, int column);
struct str column_text(const struct query *query, int column);
/* A copy in the arena; false when its ceiling is reached. */
bool column_copy(const struct query *query, int column, struct arena *arena,
                 struct str *out);
enum status fail_arena(struct error *err);

/* What an sqlite3 result code means, with the database's own words. */
enum status fail_sqlite(struct sqlite_store *store, int rc, struct error *err);
/* Several statements of a fixed text, without parameters and rows. */
MUST_CHECK enum status sqlite_run(struct sqlite_store *store, const char *sql,
                                  struct error *err);
/* Ends whatever transaction is open, without what it wrote. */
void sqlite_abandon(struct sqlite_store *store);

/* --- files: sqlite_open.c ------------------------------------------------------ */

/* A path that starts with a dot or slash has no other meaning to SQLite, unlike
 * ":memory:" and "file:". The caller frees it. */
char *sqlite_path(const char *place);
enum status sqlite_open(const char *place, const struct store_options *options,
                        struct store **out_store, struct error *err);
void sqlite_close(struct store *base);
/* Without taking the lock: somebody else holds it, or it is nobody's database. */
MUST_CHECK enum status sqlite_open_unlocked(const char *path,
                                            const struct store_options *options,
                                            struct sqlite_store **out_store,
                                            struct error *err);
/* Takes <path>.lock; closing the descriptor gives it back. STATUS_DENIED. */
MUST_CHECK enum status sqlite_lock(const char *path, int64_t wait_ms, int *out_fd,
                                   struct error *err);

/* Once for the process, before anything else is asked of SQLite. */
void sqlite_set_up_library(const char *path);

/* --- members of the backend, by file --------------------------------------- */

/* sqlite_contacts.c */
enum status sqlite_bridge_find(struct store *store, struct str name,
                               struct arena *arena, struct bridge_record *out,
                               struct error *err);
enum status sqlite_bridge_has_history(struct store *store, int64_t row, bool *out_has,
                                      struct error *err);
enum status sqlite_bridge_put(struct store *store, struct bridge_record *bridge,
                              int64_t now_ms, struct error *err);
enum status sqlite_bridges(struct store *store, each_row *seen, void *context,
                           struct error *err);
enum status sqlite_contact_find(struct store *store, int64_t bridge_row, struct str id,
                                struct contact *out, struct error *err);
enum status sqlite_contact_add(struct store *store, int64_t bridge_row,
                               struct str external_id, int64_t now_ms,
                               struct contact *out, struct error *err);
enum status sqlite_contact_ids(struct store *store, int64_t contact_row,
                               struct arena *arena, struct str *out_external_id,
                               struct str *out_address, struct error *err);
enum status sqlite_contact_profile(struct store *store, int64_t contact_row,
                                   const struct contact_profile *profile,
                                   struct error *err);
enum status sqlite_contact_alias(struct store *store, const struct contact *contact,
                                 struct str alias, bool is_new, int64_t now_ms,
                                 struct error *err);
enum status sqlite_conversation_open(struct store *store, const struct contact *contact,
                                     int64_t now_ms, int64_t *out_number,
                                     struct error *err);
enum status sqlite_conversation_link(struct store *store, int64_t conversation,
                                     struct str genesys_id, int64_t now_ms,
                                     struct error *err);
enum status sqlite_conversation_genesys(struct store *store, int64_t conversation,
                                        struct arena *arena, struct str *out_id,
                                        struct error *err);

/* sqlite_run.c */
struct flights *sqlite_flights(struct store *store);
enum status sqlite_run_get(struct store *store, bool *out_is_there,
                           struct flights_run *out, struct error *err);
enum status sqlite_run_set(struct store *store, const struct flights_run *run,
                           struct error *err);

/* sqlite_messages.c */
enum status sqlite_message_add(struct store *store, struct message *message,
                               struct error *err);
enum status sqlite_message_get(struct store *store, int64_t row, struct arena *arena,
                               struct message *out, struct error *err);
enum status sqlite_message_status(struct store *store, int64_t row,
                                  enum message_status status, int64_t now_ms,
                                  struct error *err);
enum status sqlite_message_advance(struct store *store, int64_t row,
                                   enum message_status from, enum message_status to,
                                   int64_t now_ms, bool *out_changed,
                                   struct error *err);
enum status sqlite_media_add(struct store *store, int64_t message,
                             const struct stored_media *media, int64_t now_ms,
                             struct arena *arena, struct str *out_file,
                             struct error *err);
enum status sqlite_media_get(struct store *store, int64_t message, unsigned ordinal,
                             struct arena *arena, struct stored_media *out,
                             struct error *err);
enum status sqlite_media_is_needed(struct store *store, struct str file, bool *out_is,
                                   struct error *err);
enum status sqlite_choice_add(struct store *store, int64_t message,
                              const struct stored_choice *choice, struct error *err);
enum status sqlite_choice_get(struct store *store, int64_t message, unsigned ordinal,
                              struct arena *arena, struct stored_choice *out,
                              struct error *err);
enum status sqlite_numbered_message(struct store *store, int64_t conversation,
                                    int64_t *out_message, struct error *err);
enum status sqlite_contact_heard(struct store *store, int64_t contact_row,
                                 int64_t since_ms, bool *out_heard, struct error *err);
enum status sqlite_sent(struct store *store, const struct sent_query *query,
                        uint32_t statuses, struct sent *out, struct error *err);
enum status sqlite_choice_find(struct store *store, int64_t message, struct str payload,
                               struct arena *arena, struct stored_choice *out,
                               struct error *err);
enum status sqlite_pause_set(struct store *store, const struct pause *pause,
                             struct error *err);
enum status sqlite_pause_clear(struct store *store, enum pause_scope scope,
                               struct str name, struct error *err);
enum status sqlite_pauses(struct store *store, store_pause_seen *seen, void *context,
                          struct error *err);

/* sqlite_deliveries.c */
enum status sqlite_delivery_add(struct store *store, struct delivery *delivery,
                                enum delivery_state state, struct str reason,
                                struct error *err);
enum status sqlite_delivery_record(struct store *store,
                                   const struct record_change *change,
                                   struct error *err);
enum status sqlite_delivery_state(struct store *store, int64_t id,
                                  enum delivery_state *out, struct error *err);
enum status sqlite_delivery_settle(struct store *store, int64_t id,
                                   enum delivery_state state, struct str reason,
                                   int64_t now_ms, struct error *err);
enum status sqlite_receipt_find(struct store *store, int64_t message,
                                struct receipt_slot *out, struct error *err);
enum status sqlite_receipt_put(struct store *store, const struct receipt *receipt,
                               struct error *err);
enum status sqlite_receipt_record(struct store *store,
                                  const struct record_change *change,
                                  struct error *err);
enum status sqlite_early_receipt_find(struct store *store,
                                      const uint8_t key[HASH16_BYTES],
                                      struct arena *arena, struct receipt *out,
                                      struct error *err);
enum status sqlite_early_receipt_put(struct store *store,
                                     const uint8_t key[HASH16_BYTES],
                                     const struct receipt *receipt, struct error *err);
enum status sqlite_early_receipt_delete(struct store *store,
                                        const uint8_t key[HASH16_BYTES],
                                        struct error *err);
enum status sqlite_early_receipts_expire(struct store *store, int64_t before_ms,
                                         bool *out_left, struct error *err);

/* sqlite_take.c; the bits of deliveries.flags */
#define DELIVERY_FLAG_OPENS 1
#define DELIVERY_FLAG_WANTS_ID 2
#define DELIVERY_FLAG_REPLAY 4
#define DELIVERY_FLAG_MAY_HAVE_ARRIVED 8
#define DELIVERY_FLAG_NUMBERED 16
enum status sqlite_lanes(struct store *store, struct str owner, store_lane_seen *seen,
                         void *context, struct error *err);
enum status sqlite_take(struct store *store, struct str owner, int64_t contact_row,
                        enum direction direction, int64_t after, unsigned limit,
                        struct delivery **out_list, struct error *err);
enum status sqlite_take_receipts(struct store *store, struct str owner, int64_t after,
                                 unsigned limit, struct delivery **out_list,
                                 struct error *err);
enum status sqlite_load(struct store *store, enum delivery_class class, int64_t id,
                        struct delivery **out_delivery, struct error *err);
enum status sqlite_counts(struct store *store, int64_t bridge_row, int64_t *out_pending,
                          int64_t *out_dead, struct error *err);

/* sqlite_expiry.c */
enum status sqlite_expired_find(struct store *store, struct expiry_walk *walk,
                                struct expired *out, struct error *err);
enum status sqlite_expire(struct store *store, const struct expired *expired,
                          store_expired_seen *seen, void *context, struct error *err);

/* sqlite_audit.c */
enum status sqlite_audit_add(struct store *store, const struct audit_entry *entry,
                             struct error *err);

/* sqlite_list.c */
enum status sqlite_list(struct store *store, const struct list_query *query,
                        store_row_seen *seen, void *context, struct error *err);

/* sqlite_look.c */
enum status sqlite_deliveries_of(struct store *store, int64_t message, each_row *seen,
                                 void *context, struct error *err);
enum status sqlite_attempts_of(struct store *store, enum delivery_class class,
                               int64_t id, each_row *seen, void *context,
                               struct error *err);
enum status sqlite_parts_of(struct store *store, int64_t delivery, each_row *seen,
                            void *context, struct error *err);
enum status sqlite_receipts_of(struct store *store, int64_t message, each_row *seen,
                               void *context, struct error *err);
enum status sqlite_conversation_get(struct store *store, int64_t number,
                                    struct stored_conversation *out, struct error *err);
enum status sqlite_links_of(struct store *store, int64_t conversation, each_row *seen,
                            void *context, struct error *err);
enum status sqlite_conversations_of(struct store *store, struct str genesys_id,
                                    each_row *seen, void *context, struct error *err);
enum status sqlite_messages_of(struct store *store, int64_t conversation,
                               unsigned limit, each_row *seen, void *context,
                               struct error *err);
enum status sqlite_overview(struct store *store, struct store_overview *out,
                            struct error *err);
