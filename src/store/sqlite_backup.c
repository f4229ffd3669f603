/*
 * A consistent copy of a SQLite database, in steps, on the connection that writes it.
 *
 * What that connection commits between two steps SQLite writes into the copy as well,
 * so the copy ends with what is committed at its last step. Until it is settled it has
 * a name of its own, which a later backup to the same place may take over.
 */
#include "copier.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sqlite.h"
#include "sqlite_copy.h"
#include "sqlite_file.h"

#include "gateway/memory.h"

#define PART_SUFFIX ".omgw-part"
#define PART_MODE 0600 /* it holds what people wrote */
/* One step: a quarter of a megabyte, for which a commit waits a millisecond or two. */
#define STEP_PAGES 64
/* A rolled-back transaction begins the copy anew. */
#define RESTARTS_MAX 20
/* The disk begins to write so often, so that the last sync finds little to do. */
#define FLUSH_STEPS 64

struct sqlite_backup {
    struct store_backup backup;
    struct sqlite_store *source; /* borrowed */
    char *file;
    char *part; /* its name until it is settled */
    bool may_replace;
    bool shares_volume; /* with the database */
    bool is_settled;
    int64_t reserve_bytes;
    int fd; /* of the part: locked against other backups, and for the sync */

    struct page_copy copy;
    int64_t page_bytes;
    int64_t done_pages;
    unsigned steps;
    unsigned restarts;
};

static struct sqlite_backup *own(struct store_backup *backup)
{
    return CONTAINER_OF(backup, struct sqlite_backup, backup);
}

/* --- where it goes ------------------------------------------------------------- */

static bool is_of_database(const char *database, const char *file)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal", ".lock"};
    for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
        CLEANUP(mem_freep) char *name = file_name_with(database, suffixes[i]);
        if (file_is_same(name, file))
            return true;
    }
    return false;
}

/* A file of the database must not even be opened: see make_file in sqlite_open.c. */
static enum status check_name(const struct sqlite_backup *backup, struct error *err)
{
    const char *file = backup->file;
    struct stat info;
    if (lstat(file, &info) != 0)
        return errno == ENOENT ? STATUS_OK : fail_file(err, "write", file);
    if (is_of_database(backup->source->path, file))
        return fail(err, STATUS_CONFLICT,
                    "%s is the database itself: choose another name", file);
    if (!S_ISREG(info.st_mode))
        return fail(err, STATUS_CONFLICT, "%s is there and is no file", file);
    if (!backup->may_replace)
        return fail(err, STATUS_CONFLICT,
                    "%s is there: choose another name, or --force to replace it", file);
    if (!file_is_database(file))
        return fail(err, STATUS_CONFLICT,
                    "%s is there and is no database of omgw: choose another name",
                    file);
    return STATUS_OK;
}

static enum status take_part(struct sqlite_backup *backup, struct error *err)
{
    if (flock(backup->fd, LOCK_EX | LOCK_NB) == 0)
        return STATUS_OK;
    (void)close(backup->fd);
    backup->fd = -1;
    return fail(err, STATUS_CONFLICT, "another backup writes %s right now",
                backup->part);
}

/* What a killed process left is nobody's; what another one writes is locked. */
static enum status remove_left_over(struct sqlite_backup *backup, struct error *err)
{
    backup->fd = open(backup->part, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (backup->fd < 0)
        return errno == ENOENT ? STATUS_OK : fail_file(err, "open", backup->part);
    enum status status = take_part(backup, err);
    if (status != STATUS_OK)
        return status;
    (void)unlink(backup->part);
    (void)close(backup->fd);
    backup->fd = -1;
    return STATUS_OK;
}

static enum status make_part(struct sqlite_backup *backup, struct error *err)
{
    enum status status = remove_left_over(backup, err);
    if (status != STATUS_OK)
        return status;
    backup->fd = open(backup->part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, PART_MODE);
    if (backup->fd < 0)
        return fail_file(err, "write", backup->part);
    return take_part(backup, err);
}

/* --- room ------------------------------------------------------------------------ */

static enum status page_figures(struct sqlite_store *store, int64_t *out_bytes,
                                int64_t *out_pages, struct error *err)
{
    CLEANUP(query_end) struct query size = query_start(store, "PRAGMA page_size");
    CLEANUP(query_end) struct query count = query_start(store, "PRAGMA page_count");
    enum status status = query_one(&size, err);
    if (status == STATUS_OK)
        status = query_one(&count, err);
    if (status != STATUS_OK)
        return status;
    *out_bytes = column_i64(&size, 0);
    *out_pages = column_i64(&count, 0);
    return STATUS_OK;
}

/* `missing` bytes more, beside what must stay free. */
static enum status check_room(const struct sqlite_backup *backup, int64_t missing,
                              struct error *err)
{
    int64_t room = file_room(backup->part);
    int64_t reserve = backup->shares_volume ? backup->reserve_bytes : 0;
    if (room < 0 || room >= missing + reserve)
        return STATUS_OK;
    return fail(err, STATUS_RETRY,
                "no room for %s: it needs %lld bytes more and %lld must stay free, but "
                "there are %lld: choose another file system",
                backup->file, (long long)missing, (long long)reserve, (long long)room);
}

/* --- the copy -------------------------------------------------------------------- */

static enum status fail_copy(const struct sqlite_backup *backup, int rc,
                             struct error *err)
{
    return fail(err, STATUS_RETRY, "cannot copy to %s: %s (%d)", backup->part,
                sqlite3_errstr(rc), rc);
}

static enum status open_target(struct sqlite_backup *backup, struct error *err)
{
    int rc = page_copy_begin(&backup->copy, backup->part, backup->source->db);
    return rc == SQLITE_OK ? STATUS_OK : fail_copy(backup, rc, err);
}

static enum status begin(struct sqlite_backup *backup, struct error *err)
{
    int64_t pages = 0;
    enum status status = page_figures(backup->source, &backup->page_bytes, &pages, err);
    if (status == STATUS_OK)
        status = check_name(backup, err);
    if (status == STATUS_OK)
        status = make_part(backup, err);
    if (status == STATUS_OK)
        status = check_room(backup, pages * backup->page_bytes, err);
    return status == STATUS_OK ? open_target(backup, err) : status;
}

static enum status sqlite_backup_begin(struct store *store,
                                       const struct backup_options *options,
                                       struct store_backup **out_backup,
                                       struct error *err)
{
    struct sqlite_backup *backup = mem_new(sizeof(*backup));
    backup->backup.copier = &sqlite_copier;
    backup->source = sqlite_of(store);
    backup->file = mem_copy_string(options->file);
    backup->part = file_name_with(options->file, PART_SUFFIX);
    backup->may_replace = options->may_replace;
    backup->reserve_bytes = options->reserve_bytes;
    backup->shares_volume = file_shares_volume(backup->source->path, options->file);
    backup->fd = -1;
    enum status status = begin(backup, err);
    if (status != STATUS_OK) {
        store_backup_close(&backup->backup);
        return status;
    }
    *out_backup = &backup->backup;
    return STATUS_OK;
}

static enum status note_progress(struct sqlite_backup *backup,
                                 struct backup_figures *out, struct error *err)
{
    int64_t all = sqlite3_backup_pagecount(backup->copy.pages);
    int64_t done = all - sqlite3_backup_remaining(backup->copy.pages);
    *out = (struct backup_figures){
        .done_bytes = done * backup->page_bytes,
        .all_bytes = all * backup->page_bytes,
    };
    if (done < backup->done_pages && ++backup->restarts > RESTARTS_MAX)
        return fail(err, STATUS_RETRY,
                    "the copy had to begin anew %u times, because transactions were "
                    "rolled back: try again later, or stop the gateway for it",
                    backup->restarts);
    backup->done_pages = done;
    return STATUS_OK;
}

static enum status go_on(struct sqlite_backup *backup, const struct backup_figures *at,
                         struct error *err)
{
    if (++backup->steps % FLUSH_STEPS == 0)
        (void)sync_file_range(backup->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    return check_room(backup, at->all_bytes - at->done_bytes, err);
}

static enum status sqlite_backup_step(struct store_backup *base,
                                      struct backup_figures *out, struct error *err)
{
    struct sqlite_backup *backup = own(base);
    int rc = sqlite3_backup_step(backup->copy.pages, STEP_PAGES);
    bool may_go_on = rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED;
    if (rc != SQLITE_DONE && !may_go_on)
        return fail_copy(backup, rc, err);
    enum status status = note_progress(backup, out, err);
    if (status != STATUS_OK)
        return status;
    if (may_go_on)
        return go_on(backup, out, err);
    rc = page_copy_end(&backup->copy);
    if (rc != SQLITE_OK)
        return fail_copy(backup, rc, err);
    out->is_copied = true;
    return STATUS_OK;
}

/* --- the end --------------------------------------------------------------------- */

static enum status sqlite_backup_settle(struct store_backup *base, struct error *err)
{
    struct sqlite_backup *backup = own(base);
    if (fsync(backup->fd) != 0)
        return fail_file(err, "sync", backup->part);
    enum status status =
        file_rename(backup->part, backup->file, backup->may_replace, err);
    if (status != STATUS_OK)
        return status;
    backup->is_settled = true;
    return file_sync_folder(backup->file, err);
}

static void sqlite_backup_close(struct store_backup *base)
{
    struct sqlite_backup *backup = own(base);
    page_copy_release(&backup->copy);
    if (backup->fd >= 0 && !backup->is_settled)
        file_remove_database(backup->part);
    if (backup->fd >= 0)
        (void)close(backup->fd);
    mem_free(backup->file);
    mem_free(backup->part);
    mem_free(backup);
}

const struct store_copier sqlite_copier = {
    .backup_begin = sqlite_backup_begin,
    .backup_step = sqlite_backup_step,
    .backup_settle = sqlite_backup_settle,
    .backup_close = sqlite_backup_close,
    .verify = sqlite_verify,
    .restore = sqlite_restore,
};
