/*
 * store: what the gateway remembers: contacts, conversations, messages, deliveries,
 * ids.
 *
 * Callers see model structs, never SQL. All times are milliseconds since the Unix
 * epoch, UTC. One handle belongs to one thread. There is one writing handle per
 * database in the world (it holds <db>.lock); everything else opens reading ones.
 * Writing functions work inside store_begin .. store_commit only.
 *
 * Statuses of every function: STATUS_RETRY the database is full, busy or unreachable
 * (the transaction must be rolled back); STATUS_FAILED it is damaged or a bug. Others
 * are named where they mean something. Text results live in the arena given.
 */
#pragma once

#include "gateway/arena.h"
#include "gateway/delivery.h"
#include "gateway/event.h"
#include "gateway/sender.h"
#include "gateway/status.h"

struct store;

enum store_mode {
    STORE_WRITER, /* takes the lock (waits up to lock_wait_ms), may create and migrate
                   */
    STORE_READER, /* read-only; the database must exist */
    /* For store_copy.h, with a schema of any age; the database must exist. */
    STORE_OFFLINE, /* takes the lock, as the writer */
    STORE_COPY,    /* read-only: a file that nobody writes */
};

struct store_options {
    enum store_mode mode;
    /* Else a missing or older schema is STATUS_INVALID. A reader changes nothing: it
     * then opens an older schema too, but only for store_status. */
    bool may_migrate;
    int64_t lock_wait_ms; /* how long to wait for another process' lock */
    /* Tests: the name of a file system registered with SQLite, where the file is
     * instead of on the machine's. One process has it to itself, so there is no lock
     * file. */
    const char *vfs;
};

/*
 * `url`: sqlite:/path/to/file, or memory: (a model for tests; handles opened on the
 * same name memory:NAME share it). postgres: is refused with a clear text.
 * STATUS_INVALID  unknown url, schema newer than this binary, checksum differs
 * STATUS_DENIED   another process holds the lock
 * STATUS_UNPROCESSABLE  the file is no database at all
 */
MUST_CHECK enum status store_open(const char *url, const struct store_options *options,
                                  struct store **out_store, struct error *err);
void store_close(struct store *store);

/* --- transactions (writer)
 * ------------------------------------------------------------ */

MUST_CHECK enum status store_begin(struct store *store, struct error *err);
/* After any other answer than OK nothing of the transaction is kept. */
MUST_CHECK enum status store_commit(struct store *store, struct error *err);
void store_rollback(struct store *store);
/* Commits if `status`, of what the transaction did, is OK; else rolls back and returns
 * it, with `err` as it was. */
MUST_CHECK enum status store_end(struct store *store, enum status status,
                                 struct error *err);
/* One level: a job inside the transaction. */
MUST_CHECK enum status store_savepoint(struct store *store, struct error *err);
MUST_CHECK enum status store_release(struct store *store, struct error *err);
/* Undoes the job. STATUS_RETRY: the database dropped the whole transaction. */
MUST_CHECK enum status store_undo(struct store *store, struct error *err);
/* A count that every change moves: a job that failed without moving it needs no undo.
 */
uint64_t store_changes(struct store *store);
/* Between transactions: checkpoints when the log is large, measures. Never fails
 * loudly. */
void store_maintain(struct store *store);

/* What the write-ahead log holds that is not in the database yet. */
int64_t store_log_bytes(struct store *store);

struct store_space {
    int64_t free_bytes; /* -1: not known */
    int64_t total_bytes;
};
/* Of the file system that the database of that URL is on. Any thread, no handle. */
void store_space(const char *url, struct store_space *out);

/* --- runs (writer)
 * -------------------------------------------------------------------- */

/* What is on its way to peers; borrowed from a writing handle. */
struct flights;
struct flights *store_flights(struct store *store);
/* From here on flights_were_cut tells what the run before left under way. */
MUST_CHECK enum status store_run_look_back(struct store *store, struct error *err);
/* This process begins to deliver, inside a transaction: until store_run_end the
 * database says so, and what is on its way is noted for the next run. */
MUST_CHECK enum status store_run_begin(struct store *store, struct error *err);
/* Nothing is under way any more. */
MUST_CHECK enum status store_run_end(struct store *store, struct error *err);

/* --- bridges
 * ---------------------------------------------------------------------------- */

struct bridge_record {
    int64_t row; /* 0: new */
    const char *name;
    const char *channel;
    const char *integration_id;
};
/*
 * Finds or makes the row of a configured bridge.
 * STATUS_CONFLICT  it has history with another channel or integration id
 */
MUST_CHECK enum status store_bridge_sync(struct store *store,
                                         struct bridge_record *bridge, int64_t now_ms,
                                         struct error *err);

/* The row of a bridge, configured or not. STATUS_NOT_FOUND. */
MUST_CHECK enum status store_bridge_find(struct store *store, struct str name,
                                         struct arena *arena, struct bridge_record *out,
                                         struct error *err);
typedef void store_bridge_seen(const struct bridge_record *bridge, void *context);
/* Every bridge that ever was configured, by row. */
MUST_CHECK enum status store_bridges(struct store *store, store_bridge_seen *seen,
                                     void *context, struct error *err);

/* --- the id index: dedupe, receipts, trace
 * ---------------------------------------------- */

/*
 * Which message an id belongs to. `tag` is what store_id_add was given.
 * STATUS_NOT_FOUND  not known (or older than the retention of ids)
 */
MUST_CHECK enum status store_id_find(struct store *store, int64_t bridge_row,
                                     const struct event_key *key, int64_t *out_message,
                                     uint32_t *out_tag, struct error *err);
/* STATUS_DUPLICATE  the id is there already; nothing changes, *out_message and *out_tag
 * say what it belongs to. */
MUST_CHECK enum status store_id_add(struct store *store, int64_t bridge_row,
                                    const struct event_key *key, int64_t message,
                                    uint32_t tag, int64_t now_ms, int64_t *out_message,
                                    uint32_t *out_tag, struct error *err);

/*
 * Retention: drops the oldest sealed part of the index if its newest key is older than
 * `before_ms`; at most one part, so that no transaction gets long. *out_more: call
 * again.
 */
MUST_CHECK enum status store_ids_expire(struct store *store, int64_t before_ms,
                                        bool *out_more, struct error *err);

/* --- contacts and conversations
 * ---------------------------------------------------------- */

struct contact {
    int64_t row;
    int64_t bridge_row;
    int64_t conversation;     /* latest, 0: none yet */
    int64_t opened_ms;        /* of that conversation */
    int64_t last_activity_ms; /* of that conversation */
    uint32_t profile_tag;     /* hash of names and attributes as last stored */
    bool has_moved; /* its address is not its external id: store_contact_ids */
};

/* By external id or alias. STATUS_NOT_FOUND. The id is empty for the one contact of a
 * bridge whom unreadable events are from. */
MUST_CHECK enum status store_contact_find(struct store *store, int64_t bridge_row,
                                          struct str external_id, struct contact *out,
                                          struct error *err);
MUST_CHECK enum status store_contact_add(struct store *store, int64_t bridge_row,
                                         struct str external_id, int64_t now_ms,
                                         struct contact *out, struct error *err);
/* Names and attributes of the event; empty ones keep what is there. */
MUST_CHECK enum status store_contact_profile(struct store *store,
                                             struct contact *contact,
                                             const struct event *event, uint32_t tag,
                                             struct error *err);
/* From now on `alias` finds this contact, and outbound messages go to it.
 * STATUS_CONFLICT  the alias is another contact's id. */
MUST_CHECK enum status store_contact_alias(struct store *store, struct contact *contact,
                                           struct str alias, int64_t now_ms,
                                           struct error *err);
/* The id Genesys knows the contact by, and the one its channel knows it by now. */
MUST_CHECK enum status store_contact_ids(struct store *store,
                                         const struct contact *contact,
                                         struct arena *arena,
                                         struct str *out_external_id,
                                         struct str *out_address, struct error *err);
/* Closes the contact's latest conversation, if any, and opens the next. */
MUST_CHECK enum status store_conversation_open(struct store *store,
                                               struct contact *contact, int64_t now_ms,
                                               struct error *err);
/* Remembers that this conversation is part of that Genesys conversation. Repeats are
 * free. */
MUST_CHECK enum status store_conversation_link(struct store *store,
                                               int64_t conversation,
                                               struct str genesys_id, int64_t now_ms,
                                               struct error *err);
/* The latest Genesys conversation of ours; empty when none is known. */
MUST_CHECK enum status
store_conversation_genesys(struct store *store, int64_t conversation,
                           struct arena *arena, struct str *out_id, struct error *err);

/* --- messages
 * ------------------------------------------------------------------------------ */

struct message {
    int64_t row; /* 0 before it is added */
    char public_id[PUBLIC_ID_BYTES];
    int64_t bridge_row;
    int64_t contact_row;
    int64_t conversation;
    enum direction direction;
    enum event_kind kind;
    enum message_status status;
    int64_t time_ms;
    int64_t accepted_ms;
    int64_t activity_ms; /* last one of its conversation by now; 0: it counts as none */
    int64_t target_row;  /* message it is about, 0: none */
    struct str contact_id; /* the contact's external id; filled by store_message_get */
    struct str source_id;  /* id at the side that sent it */
    struct str peer_id;    /* id at the side that got it; filled by store_message_get */
    struct str text;
    struct str extra; /* event_extra_encode */
    struct str trace; /* W3C traceparent of the webhook, or empty */
};

MUST_CHECK enum status store_message_add(struct store *store, struct message *message,
                                         struct error *err);
/* STATUS_NOT_FOUND */
MUST_CHECK enum status store_message_get(struct store *store, int64_t row,
                                         struct arena *arena, struct message *out,
                                         struct error *err);
/* The caller has asked message_status_may_follow. */
MUST_CHECK enum status store_message_status(struct store *store, int64_t row,
                                            enum message_status status, int64_t now_ms,
                                            struct error *err);
/* The same only if the status is `from`; else *out_changed is false. */
MUST_CHECK enum status store_message_advance(struct store *store, int64_t row,
                                             enum message_status from,
                                             enum message_status to, int64_t now_ms,
                                             bool *out_changed, struct error *err);

/* Whether its latest delivery is an operator's replay: only then a failed one may still
 * turn out to be delivered. */
MUST_CHECK enum status store_message_replayed(struct store *store, int64_t row,
                                              bool *out_is, struct error *err);

/* Every option of a structured message: labels and payloads that an answer may name. */
struct stored_choice {
    unsigned ordinal; /* counts from 0 over the whole message */
    enum choice_kind kind;
    struct str label;
    struct str payload;
};
MUST_CHECK enum status store_choice_add(struct store *store, int64_t message,
                                        const struct stored_choice *choice,
                                        struct error *err);
/* STATUS_NOT_FOUND */
MUST_CHECK enum status store_choice_get(struct store *store, int64_t message,
                                        unsigned ordinal, struct arena *arena,
                                        struct stored_choice *out, struct error *err);
/* The latest outbound message of the conversation, if its options were shown as
 * numbers and it is among the last STORE_NUMBERED_LOOK_BACK. STATUS_NOT_FOUND. */
#define STORE_NUMBERED_LOOK_BACK 100
MUST_CHECK enum status store_numbered_message(struct store *store, int64_t conversation,
                                              int64_t *out_message, struct error *err);
/* Whether the contact said something (a message, an answer) at `since_ms` or later. */
MUST_CHECK enum status store_contact_heard(struct store *store, int64_t contact_row,
                                           int64_t since_ms, bool *out_heard,
                                           struct error *err);
/* Which messages a contact's receipt up to a time is about. */
struct sent_query {
    int64_t contact_row;
    int64_t bridge_row;
    enum direction direction;
    int64_t until_ms;           /* the attempt that sent it began by then */
    enum message_status status; /* that they would get; see message_status_may_follow */
};
#define STORE_SENT_LOOK_BACK 256
struct sent {
    int64_t rows[STORE_SENT_LOOK_BACK]; /* of messages, latest first */
    size_t count;
    bool more_waits; /* a delivery that way is ready or waiting: maybe on its way */
};
/* Among the last STORE_SENT_LOOK_BACK messages of the contact, of either direction and
 * any conversation. */
MUST_CHECK enum status store_sent(struct store *store, const struct sent_query *query,
                                  struct sent *out, struct error *err);
/* By payload. STATUS_NOT_FOUND. */
MUST_CHECK enum status store_choice_find(struct store *store, int64_t message,
                                         struct str payload, struct arena *arena,
                                         struct stored_choice *out, struct error *err);

/* --- media
 * --------------------------------------------------------------------------------- */

/* The gateway's own copy of a message's attachment; the file is in the media folder. */
struct stored_media {
    unsigned ordinal; /* of the attachment within its message */
    struct str file;
    struct str mime;
    struct str name;
    struct str sha256; /* hex */
    int64_t size;
};
/*
 * Keeps it; *out_file is the file that the row names: that of a row with the same
 * bytes, if there is one, for the same bytes are kept once; else media->file. The
 * attachment's own row, if it has one already, stays.
 */
MUST_CHECK enum status store_media_add(struct store *store, int64_t message,
                                       const struct stored_media *media, int64_t now_ms,
                                       struct arena *arena, struct str *out_file,
                                       struct error *err);
/* STATUS_NOT_FOUND: there is no copy (or not any more). */
MUST_CHECK enum status store_media_get(struct store *store, int64_t message,
                                       unsigned ordinal, struct arena *arena,
                                       struct stored_media *out, struct error *err);
/* Whether any row names the file. */
MUST_CHECK enum status store_media_is_needed(struct store *store, struct str file,
                                             bool *out_is, struct error *err);

/* --- deliveries
 * ---------------------------------------------------------------------------- */

/* Adds a delivery of class MESSAGE in state READY (or DEAD, for the unreadable, with a
 * reason) and sets delivery->id and ->epoch. */
MUST_CHECK enum status store_delivery_add(struct store *store,
                                          struct delivery *delivery,
                                          enum delivery_state state, struct str reason,
                                          struct error *err);

/*
 * An operator settles a delivery without an attempt; `reason` goes in front of what was
 * said of it before.
 * STATUS_NOT_FOUND  there is none of that number
 * STATUS_CONFLICT   delivery_may_settle says no; err names its state
 */
MUST_CHECK enum status store_delivery_settle(struct store *store, int64_t id,
                                             enum delivery_state state,
                                             struct str reason, int64_t now_ms,
                                             struct error *err);

/* What an attempt came to; see relay/outcome. */
struct delivery_record {
    enum delivery_class class;
    int64_t id; /* of the delivery; class RECEIPT: of the message */
    int64_t contact_row;
    int64_t epoch;
    enum outcome outcome;
    enum delivery_state state;
    enum message_status receipt_status; /* class RECEIPT: the status that was sent */
    unsigned attempts;
    unsigned parts_done;
    unsigned possible_duplicates;
    int64_t age_ms;
    int http_status;
    enum reason_code reason_code;
    struct str reason;
    struct str provider_id; /* of the part just done; may be empty */
    unsigned part;          /* its ordinal */
    bool shows_numbers;     /* it showed the message's options as numbers */
    int64_t started_ms;     /* wall */
    int64_t ended_ms;       /* wall; 0 with OUTCOME_SENDING */
    bool may_have_arrived;  /* the next try is a possible duplicate */
};
/*
 * Keeps an outcome: the delivery's new state; a row of attempts unless it was a success
 * at once; the provider id of a part. STATUS_CONFLICT  the epoch is old: another owner
 * has this lane now; nothing changed
 */
MUST_CHECK enum status store_record(struct store *store,
                                    const struct delivery_record *record,
                                    struct error *err);

/* The one receipt slot of a message: a later status replaces an unsent one. */
struct receipt {
    int64_t message;
    enum direction direction; /* where it goes */
    enum message_status status;
    enum reason_code reason_code;
    struct str reason;
    int64_t created_ms;
};
/* STATUS_DUPLICATE  that status was sent or waits already; nothing changed. */
MUST_CHECK enum status store_receipt_put(struct store *store,
                                         const struct receipt *receipt,
                                         struct error *err);

/* A receipt whose message is not known yet waits 24 h under its key. Of several the one
 * with the furthest status, then the latest. */
MUST_CHECK enum status store_early_receipt_add(struct store *store, int64_t bridge_row,
                                               const struct event_key *key,
                                               const struct receipt *receipt,
                                               struct error *err);
/* Takes (removes) the waiting one. STATUS_NOT_FOUND. */
MUST_CHECK enum status store_early_receipt_take(struct store *store, int64_t bridge_row,
                                                const struct event_key *key,
                                                struct arena *arena,
                                                struct receipt *out, struct error *err);
/* *out_left: some wait still. */
MUST_CHECK enum status store_early_receipts_expire(struct store *store,
                                                   int64_t before_ms, bool *out_left,
                                                   struct error *err);

/* --- taking work (reading or writing handle)
 * -------------------------------------------- */

#define STORE_LANE_GROUPS 256
/* Group of a contact's lanes, 0-255. */
unsigned store_lane_group(int64_t contact_row);
/* Of the contact's group now: goes into deliveries that store_delivery_add did not
 * make. */
MUST_CHECK enum status store_lane_epoch(struct store *store, int64_t contact_row,
                                        int64_t *out_epoch, struct error *err);

struct lane_summary {
    int64_t contact_row;
    int64_t bridge_row;
    enum direction direction;
    int64_t first_id; /* lowest pending delivery */
    int64_t count;
};
typedef void store_lane_seen(const struct lane_summary *lane, void *context);
/* Every lane with pending deliveries, at start. `owner` is the process' name in leases.
 */
MUST_CHECK enum status store_lanes(struct store *store, struct str owner,
                                   store_lane_seen *seen, void *context,
                                   struct error *err);
/* Pending deliveries of one lane with id > after, oldest first; a list the caller owns.
 */
MUST_CHECK enum status store_take(struct store *store, struct str owner,
                                  int64_t contact_row, enum direction direction,
                                  int64_t after, unsigned limit,
                                  struct delivery **out_list, struct error *err);
/* Unsent receipts of messages with row > after, oldest first; a list the caller owns.
 */
MUST_CHECK enum status store_take_receipts(struct store *store, struct str owner,
                                           int64_t after, unsigned limit,
                                           struct delivery **out_list,
                                           struct error *err);
/* One delivery (or receipt) as a struct delivery, e.g. just after it was added. */
MUST_CHECK enum status store_delivery_load(struct store *store,
                                           enum delivery_class class, int64_t id,
                                           struct delivery **out_delivery,
                                           struct error *err);
/* Deliveries of class MESSAGE that are ready or waiting, and dead letters. */
MUST_CHECK enum status store_counts(struct store *store, int64_t bridge_row,
                                    int64_t *out_pending, int64_t *out_dead,
                                    struct error *err);

/* --- pauses
 * ---------------------------------------------------------------------------------- */

struct pause {
    enum pause_scope scope;
    struct str name; /* organisation or bridge */
    struct str reason;
    struct str set_by; /* "gateway" or an operator */
    int64_t since_ms;
};
typedef void store_pause_seen(const struct pause *pause, void *context);
MUST_CHECK enum status store_pause_set(struct store *store, const struct pause *pause,
                                       struct error *err);
MUST_CHECK enum status store_pause_clear(struct store *store, enum pause_scope scope,
                                         struct str name, struct error *err);
MUST_CHECK enum status store_pauses(struct store *store, store_pause_seen *seen,
                                    void *context, struct error *err);

/* --- retention
 * ---------------------------------------------------------------------------
 *
 * Two halves, so that looking costs the writer nothing: a reading handle walks along
 * the rows of a kind and says which may go, the writing one looks again and takes them
 * away.
 */

enum expiry {
    /* A dead letter that died before then stands no longer: it is dropped. */
    EXPIRE_DEAD_LETTERS,
    /* Texts and choices of messages none of whose deliveries has waited, stood dead or
     * ended since. */
    EXPIRE_BODIES,
    /* Attempts that ended before. */
    EXPIRE_ATTEMPTS,
    /* Messages accepted before, with everything that belongs to them; contacts,
     * conversations and ids stay. One with a delivery that waits or stands dead, or
     * with an untold receipt, stays too, and so do the later ones of its conversation:
     * what is left of a conversation is its end, whole. The newest message and the one
     * of the newest delivery stay, for their numbers. */
    EXPIRE_MESSAGES,
    /* What operators did before. */
    EXPIRE_AUDIT,
    /* Copies of attachments made before, none of whose message's deliveries waits or
     * stands dead. */
    EXPIRE_MEDIA,
};
#define EXPIRY_KINDS (EXPIRE_MEDIA + 1)
/* What one transaction takes away. */
#define STORE_EXPIRE_ROWS 256

/* Along the rows of a kind, oldest first. Begins as {.kind, .before_ms}. */
struct expiry_walk {
    enum expiry kind;
    int64_t before_ms;
    int64_t after;      /* it has come to this row, */
    int64_t bridge_row; /* of dead letters: of this bridge */
    bool is_over;       /* behind it nothing is old enough */
};
struct expired {
    enum expiry kind;
    int64_t before_ms;
    size_t count;
    int64_t rows[STORE_EXPIRE_ROWS];
};
/* One step: examines as many rows at most, and says which may go. */
MUST_CHECK enum status store_expired_find(struct store *store, struct expiry_walk *walk,
                                          struct expired *out, struct error *err);
/* One was taken away; of dead letters its bridge, else 0. */
typedef void store_expired_seen(int64_t bridge_row, void *context);
/* Takes away those that may go still. */
MUST_CHECK enum status store_expire(struct store *store, const struct expired *expired,
                                    store_expired_seen *seen, void *context,
                                    struct error *err);

/* --- audit
 * ---------------------------------------------------------------------------------- */

/* What an operator changed. No text of a message, no secret. */
struct audit_entry {
    int64_t at_ms;
    struct str actor;   /* who: user_describe, or "the configuration's file" */
    struct str action;  /* the verb */
    struct str subject; /* bridge, file; may be empty */
    struct str details; /* JSON; may be empty */
};
/* In the transaction of the change itself. */
MUST_CHECK enum status store_audit_add(struct store *store,
                                       const struct audit_entry *entry,
                                       struct error *err);

/* --- looking (reading handle)
 * ---------------------------------------------------------------- */

struct json;
/*
 * The whole life of whatever `id` names: a partner's or Genesys' message id, our id, a
 * webhook-id, a Genesys conversation id, a conversation number. As JSON:
 * {"matched": "...", "messages": [{..., "deliveries": [...], "attempts": [...],
 *  "receipts": [...]}], "conversations": [...]}
 * STATUS_NOT_FOUND
 */
MUST_CHECK enum status store_trace(struct store *store, struct str id,
                                   struct json **out_json, struct error *err);
/* {"engine", "version", "newest", "pending": [...], "messages": n, ...} for db status.
 */
MUST_CHECK enum status store_status(struct store *store, struct json **out_json,
                                    struct error *err);
/* Applies pending migrations, offline under the lock: store_open with may_migrate. */

/* Every column of every view for operators, in order; needs no database. */
typedef void store_view_seen(const char *view, const char *column, void *context);
MUST_CHECK enum status store_views(store_view_seen *seen, void *context,
                                   struct error *err);

/*
 * Rows as an operator lists them: a number to page by, and named cells. The columns of
 * a kind are the same for every database, and so are their names: scripts read them.
 *
 * The model in memory answers STATUS_UNSUPPORTED: it lives inside one process, where no
 * command can look into it.
 */
enum list_kind {
    LIST_CONTACTS,
    LIST_CONVERSATIONS,
    LIST_MESSAGES,
    LIST_DELIVERIES,
    LIST_DEAD, /* dead letters; numbered as deliveries */
    LIST_AUDIT,
    /* For gauges: one row a bridge with something pending (its oldest); one row an open
     * conversation that was active since `since_ms`. Both whole, whatever the filter.
     */
    LIST_OLDEST,
    LIST_ACTIVE,
};
#define LIST_KINDS (LIST_ACTIVE + 1)
/* Empty or 0: all. */
struct list_filter {
    struct str bridge;  /* name */
    struct str contact; /* external id */
    struct str state; /* of a message its status; of a conversation "open", "closed"; of
                         a delivery its state, or "pending" */
    int64_t since_ms;
    int64_t number; /* this row only */
    int64_t before; /* rows with lower numbers: the next page */
    unsigned limit; /* rows; not 0 */
};
enum list_form {
    LIST_TEXT,
    LIST_PROSE, /* a text that tables may shorten */
    LIST_NUMBER,
    LIST_TIME,
    LIST_FLAG,
};
enum list_depth {
    LIST_IN_TABLE,  /* a column of the table */
    LIST_IN_RECORD, /* too much for a table */
    LIST_IN_SHOW,   /* what people said: only where one row is asked for */
};
struct list_cell {
    const char *name;
    enum list_form form;
    enum list_depth depth;
    unsigned rank; /* 1 says most: where there is room for some only, those go first */
    bool is_empty;
    struct str text; /* until the callback returns */
    int64_t number;  /* the first cell's pages; times in ms */
};
#define LIST_COLUMNS_MAX 20
/* The cells of a row without values; returns how many. */
size_t store_list_columns(enum list_kind kind,
                          struct list_cell out_cells[LIST_COLUMNS_MAX]);
typedef void store_row_seen(const struct list_cell *cells, size_t count, void *context);
/*
 * Newest first.
 * STATUS_NOT_FOUND    no bridge has that name
 * STATUS_INVALID      that kind has no such state; err names those it has
 * STATUS_UNSUPPORTED  this database has no lists
 */
MUST_CHECK enum status store_list(struct store *store, enum list_kind kind,
                                  const struct list_filter *filter,
                                  store_row_seen *seen, void *context,
                                  struct error *err);
/* The message with that public id. STATUS_NOT_FOUND. */
MUST_CHECK enum status store_message_find(struct store *store, struct str public_id,
                                          int64_t *out_row, struct error *err);
