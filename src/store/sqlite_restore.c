/*
 * A backup put into the place of a SQLite database. The copy is made ready beside it,
 * under another name; what was there gets a dated one; the last step is one rename. So
 * a restore that is cut short leaves the old database, never none.
 */
#include "copier.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "sqlite.h"
#include "sqlite_copy.h"
#include "sqlite_file.h"

#include "gateway/memory.h"

#define PART_SUFFIX ".restore-part"
#define PART_MODE 0640 /* as every database: see make_file in sqlite_open.c */
#define COPY_PAGES 1024
#define HELD_BY "operator"

struct restorer {
    const struct restore_options *options;
    const struct store_watch *watch; /* borrowed */
    char *path;
    char *part;
    char *aside;
    int lock_fd;
    struct store *source; /* the backup, read-only */
    bool has_findings;
};

/* --- is it sound? ---------------------------------------------------------------- */

static bool moved(const char *what, int64_t done, int64_t all, void *context)
{
    const struct restorer *own = context;
    return own->watch->moved(what, done, all, own->watch->context);
}

static void found(const struct verify_finding *finding, void *context)
{
    struct restorer *own = context;
    own->has_findings = true;
    own->watch->found(finding, own->watch->context);
}

static enum status check_source(struct restorer *own, struct error *err)
{
    const struct store_options options = {.mode = STORE_COPY};
    const struct store_watch watch = {moved, found, own};
    struct verify_result verified;
    CLEANUP(mem_freep) char *url = file_name_with("sqlite:", own->options->file);
    if (file_is_same(own->options->file, own->path))
        return fail(err, STATUS_INVALID,
                    "%s is the database itself, not a backup of it",
                    own->options->file);
    enum status status = store_open(url, &options, &own->source, err);
    if (status == STATUS_OK)
        status = store_verify(own->source, &watch, &verified, err);
    if (status == STATUS_OK && own->has_findings)
        return fail(err, STATUS_CONFLICT, "%s is damaged: nothing was restored",
                    own->options->file);
    return status;
}

/* --- the copy --------------------------------------------------------------------- */

static enum status fail_copy(const struct restorer *own, int rc, struct error *err)
{
    return fail(err, STATUS_RETRY, "cannot copy %s to %s: %s (%d)", own->options->file,
                own->part, sqlite3_errstr(rc), rc);
}

static enum status make_part(struct restorer *own, struct error *err)
{
    /* Of a restore that was cut short; we hold the lock. */
    file_remove_database(own->part);
    int fd = open(own->part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, PART_MODE);
    if (fd < 0)
        return fail_file(err, "write", own->part);
    file_make_like(fd, own->path);
    (void)close(fd);
    return STATUS_OK;
}

static enum status copy_pages(struct restorer *own, sqlite3_backup *pages,
                              struct error *err)
{
    int rc;
    do {
        rc = sqlite3_backup_step(pages, COPY_PAGES);
        int all = sqlite3_backup_pagecount(pages);
        if (!moved("copying", all - sqlite3_backup_remaining(pages), all, own))
            return fail(err, STATUS_RETRY, "stopped");
    } while (rc == SQLITE_OK);
    return rc == SQLITE_DONE ? STATUS_OK : fail_copy(own, rc, err);
}

static enum status copy_source(struct restorer *own, struct error *err)
{
    CLEANUP(page_copy_release) struct page_copy copy = {.target = NULL};
    int rc = page_copy_begin(&copy, own->part, sqlite_of(own->source)->db);
    if (rc != SQLITE_OK)
        return fail_copy(own, rc, err);
    enum status status = copy_pages(own, copy.pages, err);
    if (status != STATUS_OK)
        return status;
    rc = page_copy_end(&copy);
    return rc == SQLITE_OK ? STATUS_OK : fail_copy(own, rc, err);
}

/* --- what differs from the backup ---------------------------------------------------
 */

/* What the gateway had paused it would probe by itself: an operator's word stands. */
static enum status hold_known(struct sqlite_store *part,
                              const struct restore_options *options, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        part, "INSERT INTO pauses (scope, name, reason, set_by, since_ms) "
              "SELECT s.scope, b.name, ?1, ?2, ?3 FROM bridges AS b CROSS JOIN "
              "(SELECT 1 AS scope UNION ALL SELECT 2) AS s WHERE true "
              "ON CONFLICT (scope, name) DO UPDATE SET reason = excluded.reason, "
              "set_by = excluded.set_by, since_ms = excluded.since_ms");
    query_c_string(&q, options->reason);
    query_c_string(&q, HELD_BY);
    query_i64(&q, options->now_ms);
    return query_run(&q, err);
}

static enum status hold_named(struct sqlite_store *part,
                              const struct restore_options *options, const char *name,
                              struct error *err)
{
    static const enum pause_scope scopes[] = {PAUSE_BRIDGE_TO_GENESYS,
                                              PAUSE_BRIDGE_TO_CHANNEL};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < COUNT_OF(scopes) && status == STATUS_OK; i++) {
        const struct pause pause = {
            .scope = scopes[i],
            .name = str_of(name),
            .reason = str_of(options->reason),
            .set_by = STR(HELD_BY),
            .since_ms = options->now_ms,
        };
        status = sqlite_pause_set(&part->store, &pause, err);
    }
    return status;
}

static enum status hold_all(struct sqlite_store *part,
                            const struct restore_options *options, struct error *err)
{
    enum status status = hold_known(part, options, err);
    const char *const *name = options->names;
    for (; status == STATUS_OK && name != NULL && *name != NULL; name++)
        status = hold_named(part, options, *name, err);
    return status;
}

static enum status read_result(struct sqlite_store *part, struct restore_result *out,
                               struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        part, "SELECT (SELECT count(*) FROM messages), "
              "(SELECT accepted_ms FROM messages ORDER BY id DESC LIMIT 1)");
    enum status status = query_one(&q, err);
    if (status == STATUS_OK) {
        out->messages = column_i64(&q, 0);
        out->newest_ms = column_i64(&q, 1);
    }
    return status;
}

/* Whatever waits in it may have been sent since: as after the end of a run of which
 * nobody knows what was on its way. */
static enum status unsettle_run(struct sqlite_store *part, struct error *err)
{
    struct flights_run run;
    bytes_random(run.bytes, sizeof(run.bytes));
    return sqlite_run_set(&part->store, &run, err);
}

static enum status add_audit(struct sqlite_store *part,
                             const struct restore_options *options, struct error *err)
{
    const struct audit_entry entry = {
        .at_ms = options->now_ms,
        .actor = options->actor,
        .action = STR("restore"),
        .subject = str_of(options->file),
        .details = options->hold ? STR("{\"held\":true}") : STR("{\"held\":false}"),
    };
    return sqlite_audit_add(&part->store, &entry, err);
}

static enum status change_in_transaction(struct sqlite_store *part,
                                         const struct restore_options *options,
                                         struct error *err)
{
    enum status status = sqlite_run(part, "BEGIN IMMEDIATE", err);
    if (status == STATUS_OK)
        status = unsettle_run(part, err);
    if (status == STATUS_OK)
        status = add_audit(part, options, err);
    if (status == STATUS_OK && options->hold)
        status = hold_all(part, options, err);
    if (status == STATUS_OK)
        status = sqlite_run(part, "COMMIT", err);
    if (status != STATUS_OK)
        sqlite_abandon(part);
    return status;
}

static enum status change_part(struct restorer *own, struct restore_result *out,
                               struct error *err)
{
    const struct store_options options = {.mode = STORE_OFFLINE};
    struct sqlite_store *part = NULL;
    enum status status = sqlite_open_unlocked(own->part, &options, &part, err);
    if (status != STATUS_OK)
        return status;
    status = change_in_transaction(part, own->options, err);
    if (status == STATUS_OK)
        status = read_result(part, out, err);
    sqlite_close(&part->store);
    return status;
}

static enum status sync_part(const struct restorer *own, struct error *err)
{
    int fd = open(own->part, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_file(err, "open", own->part);
    enum status status = fsync(fd) == 0 ? STATUS_OK : fail_file(err, "sync", own->part);
    (void)close(fd);
    return status;
}

/* --- the exchange -------------------------------------------------------------------
 */

/* Brings the log into the file, so that one name is all there is to exchange. Where
 * that cannot be, the log goes with the file: of one that is no database any more
 * SQLite would throw it away. */
static void settle_old(const struct restorer *own)
{
    const struct store_options options = {.mode = STORE_OFFLINE};
    struct sqlite_store *old = NULL;
    if (!file_is_database(own->path) ||
        sqlite_open_unlocked(own->path, &options, &old, NULL) != STATUS_OK)
        return;
    (void)sqlite3_wal_checkpoint_v2(old->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
                                    NULL);
    sqlite_close(&old->store);
}

/* The log of one file must never lie beside another one. */
static enum status move_log(const struct restorer *own, struct error *err)
{
    CLEANUP(mem_freep) char *log = file_name_with(own->path, "-wal");
    CLEANUP(mem_freep) char *log_aside = file_name_with(own->aside, "-wal");
    CLEANUP(mem_freep) char *index = file_name_with(own->path, "-shm");
    (void)unlink(index); /* made anew from the log */
    if (!file_is_there(log, ""))
        return STATUS_OK;
    return file_rename(log, log_aside, false, err);
}

static enum status keep_old(const struct restorer *own, struct error *err)
{
    if (!file_is_there(own->path, ""))
        return STATUS_OK;
    settle_old(own);
    /* By a second name, so that the first is never without a database. */
    if (link(own->path, own->aside) == 0)
        return move_log(own, err);
    if (errno != EPERM && errno != EOPNOTSUPP && errno != EMLINK)
        return fail_file(err, "keep the old database as", own->aside);
    enum status status = file_rename(own->path, own->aside, false, err);
    return status == STATUS_OK ? move_log(own, err) : status;
}

static enum status exchange(const struct restorer *own, struct arena *arena,
                            struct restore_result *out, struct error *err)
{
    bool has_old = file_is_there(own->path, "");
    enum status status = keep_old(own, err);
    if (status == STATUS_OK)
        status = file_rename(own->part, own->path, true, err);
    if (status != STATUS_OK)
        return status;
    out->kept_as = has_old ? arena_copy(arena, str_of(own->aside)) : STR_NONE;
    return file_sync_folder(own->path, err);
}

/* --- all of it ----------------------------------------------------------------------
 */

/* ".before-restore-20260203T091540Z" */
static char *name_aside(const char *path, int64_t now_ms)
{
    char time[TIME_TEXT_BYTES];
    char suffix[64];
    time_format(now_ms, time);
    (void)snprintf(suffix, sizeof(suffix), ".before-restore-%.4s%.2s%.5s%.2s%.2sZ",
                   time, time + 5, time + 8, time + 14, time + 17);
    return file_name_with(path, suffix);
}

static enum status restore(struct restorer *own, struct arena *arena,
                           struct restore_result *out, struct error *err)
{
    enum status status = sqlite_lock(own->path, 0, &own->lock_fd, err);
    if (status == STATUS_OK)
        status = check_source(own, err);
    if (status == STATUS_OK)
        status = make_part(own, err);
    if (status != STATUS_OK)
        return status;
    status = copy_source(own, err);
    if (status == STATUS_OK)
        status = change_part(own, out, err);
    if (status == STATUS_OK)
        status = sync_part(own, err);
    if (status == STATUS_OK)
        status = exchange(own, arena, out, err);
    if (status != STATUS_OK)
        file_remove_database(own->part);
    return status;
}

enum status sqlite_restore(const char *place, const struct restore_options *options,
                           const struct store_watch *watch, struct arena *arena,
                           struct restore_result *out, struct error *err)
{
    struct restorer own = {.options = options, .watch = watch, .lock_fd = -1};
    own.path = sqlite_path(place);
    own.part = file_name_with(own.path, PART_SUFFIX);
    own.aside = name_aside(own.path, options->now_ms);
    *out = (struct restore_result){.messages = 0};
    enum status status = restore(&own, arena, out, err);
    store_close(own.source);
    if (own.lock_fd >= 0)
        (void)close(own.lock_fd);
    mem_free(own.path);
    mem_free(own.part);
    mem_free(own.aside);
    return status;
}
