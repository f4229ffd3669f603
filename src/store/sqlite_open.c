/*
 * sqlite_open: opening and closing a SQLite file: its lock, its settings, and what
 * every handle keeps in memory.
 */
#include "sqlite.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ids.h"
#include "ids_convert.h"
#include "migrate.h"
#include "sqlite_file.h"

#include "gateway/clock.h"
#include "gateway/form.h"
#include "gateway/memory.h"

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
                                      "PRAGMA cache_size = -4096;";

static const char reader_settings[] = "PRAGMA query_only = ON;"
                                      "PRAGMA cache_size = -2048;";

/* The database as it is, in whatever mode. */
static const char offline_settings[] = "PRAGMA synchronous = FULL;"
                                       "PRAGMA wal_autocheckpoint = 0;"
                                       "PRAGMA cache_size = -4096;";

static const char copy_settings[] = "PRAGMA query_only = ON;"
                                    "PRAGMA cache_size = -65536;";

static const struct {
    const char *settings;
    bool locks;
    bool creates;
    bool writes;
    bool is_current; /* the schema must be the newest */
} modes[] = {
    [STORE_WRITER] = {writer_settings,  true,  true,  true,  true },
    [STORE_READER] = {reader_settings,  false, false, false, true },
    [STORE_OFFLINE] = {offline_settings, true,  false, true,  false},
    [STORE_COPY] = {copy_settings,    false, false, false, false},
};

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
static enum status wait_for_lock(const char *path, int fd, int64_t wait_ms,
                                 struct error *err)
{
    int64_t ends_ms = clock_now().mono_ms + wait_ms;
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return fail(err, STATUS_FAILED, "lock %s: %s", path, strerror(errno));
        if (clock_now().mono_ms >= ends_ms)
            return fail(err, STATUS_DENIED, "another process holds %s", path);
        sleep_ms(LOCK_POLL_MS);
    }
    return STATUS_OK;
}

enum status sqlite_lock(const char *path, int64_t wait_ms, int *out_fd,
                        struct error *err)
{
    CLEANUP(mem_freep) char *lock = file_name_with(path, ".lock");
    int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0) { /* a setting names the folder */
        enum status failed = fail_file(err, "open", lock);
        return failed == STATUS_NOT_FOUND ? STATUS_INVALID : failed;
    }
    file_give_to_owner(fd, path);
    enum status status = wait_for_lock(lock, fd, wait_ms, err);
    if (status == STATUS_OK)
        *out_fd = fd;
    else
        (void)close(fd);
    return status;
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
    enum store_mode mode = store->store.mode;
    int rc = sqlite3_extended_result_codes(store->db, 1);
    if (rc == SQLITE_OK)
        rc = sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_timeout(store->db, BUSY_MS);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(store->db, common_settings, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(store->db, modes[mode].settings, NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        return rc;
    if (mode == STORE_READER)
        sqlite3_progress_handler(store->db, 4096, reading_took_too_long, store);
    if (mode == STORE_WRITER)
        (void)sqlite3_wal_hook(store->db, note_wal_size, store);
    store->read_ends_ms = INT64_MAX;
    return SQLITE_OK;
}

static enum status check_file(const char *path, struct error *err)
{
    struct stat info;
    if (stat(path, &info) != 0 && errno == ENOENT)
        return fail(err, STATUS_INVALID,
                    "%s is not there: \"omgw serve\" makes it, if its folder is there",
                    path);
    if (access(path, R_OK) != 0)
        return fail_file(err, "read", path);
    if (!S_ISREG(info.st_mode))
        return fail(err, STATUS_INVALID, "cannot open database %s: it is no file",
                    path);
    return STATUS_OK;
}

/*
 * A new file is made here, because SQLite would let everybody read it: the log and its
 * index take over the file's mode. One that exists must not be opened: closing it again
 * would give up the locks of every other handle of this process.
 */
static enum status make_file(struct sqlite_store *store, struct error *err)
{
    int fd = modes[store->store.mode].creates
                 ? open(store->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640)
                 : -1;
    if (fd >= 0) {
        file_give_to_owner(fd, store->path);
        (void)close(fd); /* nothing was written to it */
        return STATUS_OK;
    }
    return check_file(store->path, err);
}

/*
 * Pages that a savepoint may have to restore are kept in one piece of memory of this
 * size; a job that changes more goes on in a temporary file. (With temp_store = MEMORY
 * there are many small pieces and no file, which costs a sixth of ingest.) SQLite 3.40
 * cannot write a piece of 128 KiB or more to the file: it says that the disk is full.
 */
#define SAVEPOINT_BYTES (120 * 1024)

/* SQLite's own counting of memory takes a lock at every allocation; we ask the system.
 */
void sqlite_set_up_library(const char *path)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static bool is_done; /* guarded by lock */

    (void)pthread_mutex_lock(&lock);
    if (!is_done) {
        (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
        (void)sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, SAVEPOINT_BYTES);
        /* Beside the database: a container may have no other place. */
        CLEANUP(mem_freep) char *folder = file_folder(path);
        sqlite3_temp_directory = sqlite3_mprintf("%s", folder);
        is_done = true;
    }
    (void)pthread_mutex_unlock(&lock);
}

/*
 * A copy alone in its folder, without a log beside it, needs no locks, which may not be
 * had where it is kept: as a URI, in which some bytes have a meaning.
 */
static int open_alone(const char *path, sqlite3 **out_db)
{
    CLEANUP(buf_release) struct buf uri;
    buf_init(&uri, 3 * strlen(path) + 64);
    buf_add(&uri, STR("file:"));
    percent_encode(&uri, str_of(path));
    buf_add(&uri, STR("?immutable=1"));
    return sqlite3_open_v2(buf_c_string(&uri), out_db,
                           SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
                           NULL);
}

static bool is_alone(const char *path)
{
    return !file_is_there(path, "-wal") && !file_is_there(path, "-journal");
}

/* `vfs`: see struct store_options; on another one SQLite makes the file. */
static int open_file(struct sqlite_store *store, const char *vfs)
{
    enum store_mode mode = store->store.mode;
    if (mode == STORE_COPY && vfs == NULL && is_alone(store->path))
        return open_alone(store->path, &store->db);
    int flags = modes[mode].writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    if (vfs != NULL && modes[mode].creates)
        flags |= SQLITE_OPEN_CREATE;
    return sqlite3_open_v2(store->path, &store->db, flags | SQLITE_OPEN_NOMUTEX, vfs);
}

/* The file itself can be read: see check_file. */
static enum status fail_to_open(const struct sqlite_store *store, struct error *err)
{
    CLEANUP(mem_freep) char *folder = file_folder(store->path);
    if (access(folder, W_OK) != 0)
        return fail(err, STATUS_FORBIDDEN,
                    "%s cannot be read by this user while no gateway runs: SQLite "
                    "makes a file beside it, and may not",
                    store->path);
    return fail(err, STATUS_FAILED, "cannot open database %s", store->path);
}

static enum status open_database(struct sqlite_store *store, const char *vfs,
                                 struct error *err)
{
    enum status status = vfs == NULL ? make_file(store, err) : STATUS_OK;
    if (status != STATUS_OK)
        return status;
    sqlite_set_up_library(store->path);
    int rc = open_file(store, vfs);
    if (rc == SQLITE_OK)
        rc = configure(store);
    if ((rc & 0xff) == SQLITE_CANTOPEN || /* now it does not pass by itself */
        rc == SQLITE_READONLY_DIRECTORY || rc == SQLITE_READONLY_CANTINIT)
        return fail_to_open(store, err);
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

/*
 * A process that died in a commit may have left frames that are not on the platter, and
 * after a sync that failed the system may never bring them there; yet they can be read,
 * so a repeat would be answered as stored. They go into the database with all its
 * syncs, before anybody relies on them, and the log begins anew with a commit of its
 * own: else what is left of the old one would be played back over them.
 */
static enum status settle_log(struct sqlite_store *store, struct error *err)
{
    static const char sql[] = "PRAGMA user_version";
    char next[sizeof(sql) + 24];
    int pages = 0;
    int done = 0;
    int rc = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_RESTART,
                                       &pages, &done);
    if (rc != SQLITE_OK)
        return fail_sqlite(store, rc, err);
    if (pages <= 0)
        return STATUS_OK; /* the one before ended well */
    CLEANUP(query_end) struct query q = query_start(store, sql);
    enum status status = query_one(&q, err);
    if (status != STATUS_OK)
        return status;
    (void)snprintf(next, sizeof(next), "%s = %u", sql,
                   (column_unsigned(&q, 0) + 1) & INT32_MAX);
    query_end(&q);
    return sqlite_run(store, next, err);
}

/* Those who may meet a damaged file, or another version's, look at it themselves. */
static enum status open_parts(struct sqlite_store *store,
                              const struct store_options *options, struct error *err)
{
    bool is_current = false;
    enum status status = open_database(store, options->vfs, err);
    if (status == STATUS_OK && !modes[options->mode].is_current) {
        (void)load_id_key(store, NULL);
        return ids_open(store, &store->ids, err);
    }
    if (status == STATUS_OK && options->mode == STORE_WRITER)
        status = check_log_mode(store, err);
    if (status == STATUS_OK && options->mode == STORE_WRITER)
        status = settle_log(store, err);
    if (status == STATUS_OK)
        status = migrate(store, options, &is_current, err);
    if (status != STATUS_OK || !is_current)
        return status;
    status = load_id_key(store, err);
    if (status == STATUS_OK)
        status = load_epochs(store, err);
    if (status == STATUS_OK)
        status = ids_open(store, &store->ids, err);
    if (status == STATUS_OK && options->mode == STORE_WRITER)
        status = ids_convert(store, err);
    return status;
}

void sqlite_close(struct store *base)
{
    struct sqlite_store *store = sqlite_of(base);

    ids_close(store->ids);
    for (size_t i = 0; i < SQLITE_STORE_QUERIES; i++)
        (void)sqlite3_finalize(store->queries[i].stmt);
    /* Cannot be busy: every statement is finalized. The writer checkpoints here. */
    int rc = sqlite3_close(store->db);
    assert(rc == SQLITE_OK);
    (void)rc;
    flights_free(store->flights);
    if (store->lock_fd >= 0)
        (void)close(store->lock_fd);
    mem_free(store->path);
    mem_free(store);
}

char *sqlite_path(const char *place)
{
    return place[0] == '/' ? mem_copy_string(place) : file_name_with("./", place);
}

static enum status open_with_lock(const char *path, int lock_fd,
                                  const struct store_options *options,
                                  struct sqlite_store **out_store, struct error *err)
{
    struct sqlite_store *store = mem_new(sizeof(*store));
    store->store.backend = &sqlite_backend;
    store->store.mode = options->mode;
    store->path = mem_copy_string(path);
    store->lock_fd = lock_fd;
    if (options->mode == STORE_WRITER)
        store->flights = flights_new(lock_fd);
    store->checkpoint_pages = SQLITE_CHECKPOINT_PAGES;
    enum status status = open_parts(store, options, err);
    if (status != STATUS_OK) {
        sqlite_close(&store->store);
        return status;
    }
    *out_store = store;
    return STATUS_OK;
}

enum status sqlite_open_unlocked(const char *path, const struct store_options *options,
                                 struct sqlite_store **out_store, struct error *err)
{
    return open_with_lock(path, -1, options, out_store, err);
}

enum status sqlite_open(const char *place, const struct store_options *options,
                        struct store **out_store, struct error *err)
{
    if (place[0] == '\0')
        return fail(err, STATUS_INVALID, "sqlite: needs the path of a file");

    CLEANUP(mem_freep) char *path = sqlite_path(place);
    struct sqlite_store *store = NULL;
    int lock_fd = -1;
    enum status status = STATUS_OK;
    if (!modes[options->mode].creates && options->vfs == NULL)
        status = check_file(path, err); /* no lock is left behind where there is none */
    if (status == STATUS_OK && modes[options->mode].locks && options->vfs == NULL)
        status = sqlite_lock(path, options->lock_wait_ms, &lock_fd, err);
    if (status == STATUS_OK) /* which closes the lock with the store */
        status = open_with_lock(path, lock_fd, options, &store, err);
    if (status == STATUS_OK)
        *out_store = &store->store;
    return status;
}
