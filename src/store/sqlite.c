/*
 * sqlite: transactions and checkpoints of a SQLite file; and the table of what this
 * backend can do.
 */
#include "sqlite.h"

#include <assert.h>
#include <sys/statvfs.h>

#include "copier.h"
#include "ids.h"
#include "migrate.h"

#include "gateway/memory.h"

/* When readers hold the log, so much more must come before the next try. */
#define CHECKPOINT_RETRY_PAGES 256
#define WAL_FRAME_BYTES (4096 + 24)

/* --- transactions ---------------------------------------------------------- */

void sqlite_abandon(struct sqlite_store *store)
{
    /* Unless SQLite has rolled back by itself already. */
    if (sqlite3_get_autocommit(store->db) == 0)
        (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

static void sqlite_rollback(struct store *base)
{
    struct sqlite_store *store = sqlite_of(base);

    store->is_in_transaction = false;
    sqlite_abandon(store);
    ids_rollback(store->ids);
}

/* One word to SQLite about the transaction. */
static enum status tell(struct sqlite_store *store, const char *sql, struct error *err)
{
    CLEANUP(query_end) struct query q = query_start(store, sql);
    return query_run(&q, err);
}

static enum status sqlite_begin(struct store *base, struct error *err)
{
    struct sqlite_store *store = sqlite_of(base);

    assert(!store->is_in_transaction);
    sqlite_abandon(store); /* a rollback that found no memory is made up for */
    enum status status = tell(store, "BEGIN IMMEDIATE", err);
    if (status != STATUS_OK)
        return status;
    store->is_in_transaction = true;
    ids_begin(store->ids);
    return STATUS_OK;
}

static enum status sqlite_commit(struct store *base, struct error *err)
{
    struct sqlite_store *store = sqlite_of(base);

    enum status status = ids_flush(store->ids, err);
    if (status == STATUS_OK)
        status = tell(store, "COMMIT", err);
    if (status != STATUS_OK) {
        sqlite_rollback(base);
        return status;
    }
    store->is_in_transaction = false;
    ids_committed(store->ids);
    return STATUS_OK;
}

static enum status sqlite_savepoint(struct store *base, struct error *err)
{
    struct sqlite_store *store = sqlite_of(base);

    ids_savepoint(store->ids);
    return tell(store, "SAVEPOINT job", err);
}

static enum status sqlite_release(struct store *base, struct error *err)
{
    return tell(sqlite_of(base), "RELEASE job", err);
}

static enum status sqlite_undo(struct store *base, struct error *err)
{
    struct sqlite_store *store = sqlite_of(base);

    ids_undo(store->ids);
    enum status status = tell(store, "ROLLBACK TO job", err);
    if (status == STATUS_OK)
        status = tell(store, "RELEASE job", err);
    return status;
}

/* Ids become rows with the commit. */
static uint64_t sqlite_changes(struct store *base)
{
    struct sqlite_store *store = sqlite_of(base);
    return (uint64_t)sqlite3_total_changes64(store->db) + ids_changes(store->ids);
}

/* --- upkeep ---------------------------------------------------------------- */

static void sqlite_maintain(struct store *base)
{
    struct sqlite_store *store = sqlite_of(base);
    int pages = 0;
    int done = 0;

    if (store->wal_pages < store->checkpoint_pages)
        return;
    /* A failing checkpoint loses nothing; the log grows until one succeeds. */
    int rc = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE,
                                       &pages, &done);
    bool is_complete = rc == SQLITE_OK && done == pages;
    store->checkpoint_pages = is_complete ? SQLITE_CHECKPOINT_PAGES
                                          : store->wal_pages + CHECKPOINT_RETRY_PAGES;
    /* The next transaction starts the log from its beginning. */
    if (is_complete)
        store->wal_pages = 0;
}

static void look_at_volume(const char *path, struct store_space *out)
{
    struct statvfs volume;
    bool is_known = statvfs(path, &volume) == 0;
    out->free_bytes =
        is_known ? (int64_t)(volume.f_bavail * volume.f_frsize) : (int64_t)-1;
    out->total_bytes =
        is_known ? (int64_t)(volume.f_blocks * volume.f_frsize) : (int64_t)-1;
}

static int64_t sqlite_log_bytes(struct store *store)
{
    return (int64_t)sqlite_of(store)->wal_pages * WAL_FRAME_BYTES;
}

static void sqlite_space(const char *place, struct store_space *out)
{
    char *path = sqlite_path(place);
    look_at_volume(path, out);
    mem_free(path);
}

static enum status sqlite_group_epoch(struct store *base, unsigned group,
                                      int64_t *out_epoch, struct error *err)
{
    (void)err; /* they were read when the database was opened */
    *out_epoch = sqlite_of(base)->epochs[group];
    return STATUS_OK;
}

const struct store_backend sqlite_backend = {
    .scheme = "sqlite:",
    .open = sqlite_open,
    .close = sqlite_close,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .savepoint = sqlite_savepoint,
    .release = sqlite_release,
    .undo = sqlite_undo,
    .changes = sqlite_changes,
    .maintain = sqlite_maintain,
    .log_bytes = sqlite_log_bytes,
    .space = sqlite_space,
    .flights = sqlite_flights,
    .run_get = sqlite_run_get,
    .run_set = sqlite_run_set,
    .bridge_find = sqlite_bridge_find,
    .bridge_has_history = sqlite_bridge_has_history,
    .bridge_put = sqlite_bridge_put,
    .bridges = sqlite_bridges,
    .id_find = ids_find,
    .id_add = ids_add,
    .ids_expire = ids_expire,
    .contact_find = sqlite_contact_find,
    .contact_add = sqlite_contact_add,
    .contact_profile = sqlite_contact_profile,
    .contact_alias = sqlite_contact_alias,
    .contact_ids = sqlite_contact_ids,
    .conversation_open = sqlite_conversation_open,
    .conversation_link = sqlite_conversation_link,
    .conversation_genesys = sqlite_conversation_genesys,
    .message_add = sqlite_message_add,
    .message_get = sqlite_message_get,
    .message_status = sqlite_message_status,
    .message_advance = sqlite_message_advance,
    .choice_add = sqlite_choice_add,
    .choice_get = sqlite_choice_get,
    .numbered_message = sqlite_numbered_message,
    .contact_heard = sqlite_contact_heard,
    .sent = sqlite_sent,
    .choice_find = sqlite_choice_find,
    .media_add = sqlite_media_add,
    .media_get = sqlite_media_get,
    .media_is_needed = sqlite_media_is_needed,
    .delivery_add = sqlite_delivery_add,
    .delivery_record = sqlite_delivery_record,
    .delivery_state = sqlite_delivery_state,
    .delivery_settle = sqlite_delivery_settle,
    .receipt_find = sqlite_receipt_find,
    .receipt_put = sqlite_receipt_put,
    .receipt_record = sqlite_receipt_record,
    .early_receipt_find = sqlite_early_receipt_find,
    .early_receipt_put = sqlite_early_receipt_put,
    .early_receipt_delete = sqlite_early_receipt_delete,
    .early_receipts_expire = sqlite_early_receipts_expire,
    .group_epoch = sqlite_group_epoch,
    .lanes = sqlite_lanes,
    .take = sqlite_take,
    .take_receipts = sqlite_take_receipts,
    .load = sqlite_load,
    .counts = sqlite_counts,
    .expired_find = sqlite_expired_find,
    .expire = sqlite_expire,
    .pause_set = sqlite_pause_set,
    .pause_clear = sqlite_pause_clear,
    .pauses = sqlite_pauses,
    .audit_add = sqlite_audit_add,
    .deliveries_of = sqlite_deliveries_of,
    .attempts_of = sqlite_attempts_of,
    .parts_of = sqlite_parts_of,
    .receipts_of = sqlite_receipts_of,
    .conversation_get = sqlite_conversation_get,
    .links_of = sqlite_links_of,
    .conversations_of = sqlite_conversations_of,
    .messages_of = sqlite_messages_of,
    .overview = sqlite_overview,
    .list = sqlite_list,
    .pending_migrations = migrate_pending,
    .copier = &sqlite_copier,
};
