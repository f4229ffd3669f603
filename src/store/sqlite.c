/*
 * Opening a SQLite file, its lock, transactions and checkpoints; and the table of what
 * this backend can do.
 */
#include "sqlite.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "ids.h"
#include "migrate.h"

#include "gateway/clock.h"
#include "gateway/memory.h"

/* Checkpoint once the log holds 4 MiB. Source: design.md section 3. */
#define CHECKPOINT_PAGES 1024
/* When readers hold the log, so much more must come before the next try. */
#define CHECKPOINT_RETRY_PAGES 256
#define WAL_FRAME_BYTES (4096 + 24)
#define BUSY_MS 5000
#define LOCK_POLL_MS 50

/*
 * What every handle sets. Foreign keys are declared for readers of the schema and for
 * `foreign_key_check`, not enforced: each parent was found or made in the same
 * transaction by the only writer there is, and every check would cost a lookup.
 */
static const char common_settings[] = "PRAGMA trusted_schema = OFF;"
                                      "PRAGMA foreign_keys = OFF;"
                                      "PRAGMA mmap_size = 0;";

/*
 * page_size and auto_vacuum count for a new file only. secure_delete is a default of
 * some distributions: it overwrites what is dropped a second time.
 */
static const char writer_settings[] = "PRAGMA page_size = 4096;"
                                      "PRAGMA auto_vacuum = NONE;"
                                      "PRAGMA journal_mode = WAL;"
                                      "PRAGMA synchronous = FULL;"
                                      "PRAGMA wal_autocheckpoint = 0;"
                                      "PRAGMA journal_size_limit = 16777216;"
                                      "PRAGMA secure_delete = OFF;"
                                      "PRAGMA cache_size = -8192;";

static const char reader_settings[] = "PRAGMA query_only = ON;"
                                      "PRAGMA cache_size = -2048;";

/* --- the lock -------------------------------------------------------------- */

static void sleep_ms(int64_t ms)
{
    const struct timespec span = {.tv_sec = ms / 1000,
                                  .tv_nsec = (long)(ms % 1000) * 1000000};
    (void)nanosleep(&span, NULL);
}

/* Holds <db>.lock as long as the descriptor is open: SQLite itself would let a second
 * process write between our transactions, and two that checkpoint can damage the file.
 */
static enum status take_lock(struct sqlite_store *store, int64_t wait_ms,
                             struct error *err)
{
    CLEANUP(mem_freep) char *path = mem_new(strlen(store->path) + sizeof(".lock"));
    (void)snprintf(path, strlen(store->path) + sizeof(".lock"), "%s.lock", store->path);
    store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (store->lock_fd < 0)
        return fail(err, STATUS_FAILED, "open %s: %s", path, strerror(errno));

    int64_t ends_ms = clock_now().mono_ms + wait_ms;
    while (flock(store->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return fail(err, STATUS_FAILED, "lock %s: %s", path, strerror(errno));
        if (clock_now().mono_ms >= ends_ms)
            return fail(err, STATUS_DENIED, "another process holds %s", path);
        sleep_ms(LOCK_POLL_MS);
    }
    return STATUS_OK;
}

/* --- open and close -------------------------------------------------------- */

static int reading_took_too_long(void *context)
{
    const struct sqlite_store *store = context;
    return clock_now().mono_ms > store->read_ends_ms;
}

static int note_wal_size(void *context, sqlite3 *db, const char *name, int pages)
{
    struct sqlite_store *store = context;
    (void)db;
    (void)name;
    store->wal_pages = pages;
    return SQLITE_OK;
}

/* Reading handles cannot write, so they never checkpoint, not even the last one when it
 * closes. */
static int configure(struct sqlite_store *store)
{
    bool reads = store->store.mode == STORE_READER;
    int rc = sqlite3_extended_result_codes(store->db, 1);
    if (rc == SQLITE_OK)
        rc = sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_timeout(store->db, BUSY_MS);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(store->db, common_settings, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(store->db, reads ? reader_settings : writer_settings, NULL,
                          NULL, NULL);
    if (rc != SQLITE_OK)
        return rc;
    if (reads)
        sqlite3_progress_handler(store->db, 4096, reading_took_too_long, store);
    else
        (void)sqlite3_wal_hook(store->db, note_wal_size, store);
    store->read_ends_ms = INT64_MAX;
    return SQLITE_OK;
}

/*
 * A new file is made here, because SQLite would let everybody read it: the log and its
 * index take over the file's mode. One that exists must not be opened: closing it again
 * would give up the locks of every other handle of this process.
 */
static enum status make_file(struct sqlite_store *store, struct error *err)
{
    struct stat info;
    int fd = store->store.mode == STORE_WRITER
                 ? open(store->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640)
                 : -1;
    if (fd >= 0) {
        (void)close(fd); /* nothing was written to it */
        return STATUS_OK;
    }
    if (stat(store->path, &info) != 0)
        return fail(err, errno == ENOENT ? STATUS_INVALID : STATUS_FAILED,
                    "cannot open database %s: %s", store->path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return fail(err, STATUS_FAILED, "cannot open database %s: it is no file",
                    store->path);
    return STATUS_OK;
}

/*
 * Pages that a savepoint may have to restore are kept in one piece of memory of this
 * size; a job that changes more goes on in a temporary file. (With temp_store = MEMORY
 * there are many small pieces and no file, which costs a sixth of ingest.) SQLite 3.40
 * cannot write a piece of 128 KiB or more to the file: it says that the disk is full.
 */
#define SAVEPOINT_BYTES (120 * 1024)

/* Temporary files lie beside the database: a container may have no other place. */
static char *temporary_directory(const char *path)
{
    const char *slash = strrchr(path, '/'); /* every path has one: see plain_path */
    return sqlite3_mprintf("%.*s", slash == path ? 1 : (int)(slash - path), path);
}

/* Once for the process. SQLite's own counting of memory takes a lock at every
 * allocation; we ask the system. */
static void set_up_library(const char *path)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static bool is_done; /* guarded by lock */

    (void)pthread_mutex_lock(&lock);
    if (!is_done) {
        (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
        (void)sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, SAVEPOINT_BYTES);
        sqlite3_temp_directory = temporary_directory(path);
        is_done = true;
    }
    (void)pthread_mutex_unlock(&lock);
}

static enum status open_database(struct sqlite_store *store, struct error *err)
{
    enum status status = make_file(store, err);
    if (status != STATUS_OK)
        return status;
    set_up_library(store->path);
    int flags = store->store.mode == STORE_WRITER ? SQLITE_OPEN_READWRITE
                                                  : SQLITE_OPEN_READONLY;
    int rc =
        sqlite3_open_v2(store->path, &store->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = configure(store);
    if ((rc & 0xff) == SQLITE_CANTOPEN) /* now it does not pass by itself */
        return fail(err, STATUS_FAILED, "cannot open database %s", store->path);
    return rc == SQLITE_OK ? STATUS_OK : fail_sqlite(store, rc, err);
}

/* Where shared memory cannot be had (some network file systems) SQLite stays in its old
 * mode without a word. */
static enum status check_log_mode(struct sqlite_store *store, struct error *err)
{
    CLEANUP(query_end) struct query q = query_start(store, "PRAGMA journal_mode");
    enum status status = query_one(&q, err);
    if (status == STATUS_OK && !str_is(column_text(&q, 0), "wal"))
        return fail(err, STATUS_FAILED, "database %s: no write-ahead log possible here",
                    store->path);
    return status;
}

static enum status load_epochs(struct sqlite_store *store, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(store, "SELECT lane_group, epoch FROM lane_groups");
    bool has_row = false;
    enum status status;
    while ((status = query_row(&q, &has_row, err)) == STATUS_OK && has_row)
        store->epochs[column_unsigned(&q, 0) % STORE_LANE_GROUPS] = column_i64(&q, 1);
    return status;
}

static enum status load_id_key(struct sqlite_store *store, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(store, "SELECT value FROM meta WHERE name = 'id_key'");
    enum status status = query_one(&q, err);
    struct str key = status == STATUS_OK ? column_text(&q, 0) : STR_NONE;
    if (status == STATUS_NOT_FOUND || (status == STATUS_OK && key.len != HASH16_BYTES))
        return fail(err, STATUS_FAILED, "database %s has lost the key of its ids",
                    store->path);
    if (status == STATUS_OK)
        memcpy(store->store.id_key, key.ptr, HASH16_BYTES);
    return status;
}

static enum status open_parts(struct sqlite_store *store,
                              const struct store_options *options, struct error *err)
{
    enum status status = STATUS_OK;
    bool is_current = false;

    if (options->mode == STORE_WRITER)
        status = take_lock(store, options->lock_wait_ms, err);
    if (status == STATUS_OK)
        status = open_database(store, err);
    if (status == STATUS_OK && options->mode == STORE_WRITER)
        status = check_log_mode(store, err);
    if (status == STATUS_OK)
        status = migrate(store, options, &is_current, err);
    if (status != STATUS_OK || !is_current)
        return status;
    status = load_id_key(store, err);
    if (status == STATUS_OK)
        status = load_epochs(store, err);
    if (status == STATUS_OK)
        status = ids_open(store, &store->ids, err);
    return status;
}

static void sqlite_close(struct store *base)
{
    struct sqlite_store *store = sqlite_of(base);

    ids_close(store->ids);
    for (size_t i = 0; i < SQLITE_STORE_QUERIES; i++)
        (void)sqlite3_finalize(store->queries[i].stmt);
    /* Cannot be busy: every statement is finalized. The writer checkpoints here. */
    int rc = sqlite3_close(store->db);
    assert(rc == SQLITE_OK);
    (void)rc;
    if (store->lock_fd >= 0)
        (void)close(store->lock_fd);
    mem_free(store->path);
    mem_free(store);
}

/* A path that starts with a dot or slash has no other meaning to SQLite, unlike
 * ":memory:" and "file:". */
static char *plain_path(const char *place)
{
    if (place[0] == '/')
        return mem_copy_string(place);
    size_t size = strlen(place) + sizeof("./");
    char *path = mem_new(size);
    (void)snprintf(path, size, "./%s", place);
    return path;
}

static enum status sqlite_open(const char *place, const struct store_options *options,
                               struct store **out_store, struct error *err)
{
    if (place[0] == '\0')
        return fail(err, STATUS_INVALID, "sqlite: needs the path of a file");

    struct sqlite_store *store = mem_new(sizeof(*store));
    store->store.backend = &sqlite_backend;
    store->store.mode = options->mode;
    store->path = plain_path(place);
    store->lock_fd = -1;
    store->checkpoint_pages = CHECKPOINT_PAGES;
    enum status status = open_parts(store, options, err);
    if (status != STATUS_OK) {
        sqlite_close(&store->store);
        return status;
    }
    *out_store = &store->store;
    return STATUS_OK;
}

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

    enum status status = tell(store, "COMMIT", err);
    if (status != STATUS_OK) {
        sqlite_rollback(base);
        return status;
    }
    store->is_in_transaction = false;
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

/* Rows only; tables of ids come and go together with rows. */
static uint64_t sqlite_changes(struct store *base)
{
    return (uint64_t)sqlite3_total_changes64(sqlite_of(base)->db);
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
    store->checkpoint_pages =
        is_complete ? CHECKPOINT_PAGES : store->wal_pages + CHECKPOINT_RETRY_PAGES;
    /* The next transaction starts the log from its beginning. */
    if (is_complete)
        store->wal_pages = 0;
}

static int64_t file_bytes(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? info.st_size : 0;
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

static void sqlite_figures(struct store *base, struct store_figures *out)
{
    struct sqlite_store *store = sqlite_of(base);
    struct store_space space;

    look_at_volume(store->path, &space);
    out->wal_bytes = (int64_t)store->wal_pages * WAL_FRAME_BYTES;
    out->database_bytes = file_bytes(store->path);
    out->free_bytes = space.free_bytes;
}

static void sqlite_space(const char *place, struct store_space *out)
{
    char *path = plain_path(place);
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
    .figures = sqlite_figures,
    .space = sqlite_space,
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
    .choice_find = sqlite_choice_find,
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
    .pause_set = sqlite_pause_set,
    .pause_clear = sqlite_pause_clear,
    .pauses = sqlite_pauses,
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
};
