#include "gateway/backup.h"

#include <pthread.h>

#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/memory.h"

/* A user's name and number. */
#define ACTOR_BYTES 256

struct backup {
    struct writer *writer; /* borrowed */
    struct write_job job;
    struct write_chore chore;
    struct store_backup *copy; /* writer thread; then backup_run's */

    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* all guarded by lock: */
    enum backup_state state;
    bool is_cancelled;
    bool is_stopped;
    char *file;
    char *actor; /* for the audit */
    bool may_replace;
    int64_t reserve_bytes;
    int64_t started_ms;
    int64_t ended_ms;
    struct backup_figures figures;
    enum status status;
    struct error err;
};

const char *backup_state_name(enum backup_state state)
{
    static const char *const names[] = {
        [BACKUP_NONE] = "none",         [BACKUP_COPYING] = "copying",
        [BACKUP_SETTLING] = "settling", [BACKUP_DONE] = "done",
        [BACKUP_FAILED] = "failed",
    };
    return names[state];
}

struct backup *backup_new(struct writer *writer)
{
    struct backup *backup = mem_new(sizeof(*backup));
    backup->writer = writer;
    (void)pthread_mutex_init(&backup->lock, NULL);
    (void)pthread_cond_init(&backup->changed, NULL);
    return backup;
}

void backup_free(struct backup *backup)
{
    if (backup == NULL)
        return;
    (void)pthread_cond_destroy(&backup->changed);
    (void)pthread_mutex_destroy(&backup->lock);
    mem_free(backup->file);
    mem_free(backup->actor);
    mem_free(backup);
}

/* --- the state ---------------------------------------------------------------------
 */

static void lock(struct backup *backup)
{
    (void)pthread_mutex_lock(&backup->lock); /* fails only on misuse */
}

static void unlock(struct backup *backup)
{
    (void)pthread_mutex_unlock(&backup->lock);
}

static bool is_under_way(const struct backup *backup)
{
    return backup->state == BACKUP_COPYING || backup->state == BACKUP_SETTLING;
}

/* The last word about a backup; whoever says it has closed the copy. */
static void end(struct backup *backup, enum status status, const struct error *err)
{
    lock(backup);
    backup->status = status;
    if (status != STATUS_OK)
        backup->err = *err;
    backup->ended_ms = clock_now().mono_ms;
    int64_t took_ms = backup->ended_ms - backup->started_ms;
    if (status == STATUS_OK)
        log_info("backup.done", F_TEXT("file", backup->file),
                 F_I64("bytes", backup->figures.all_bytes), F_MS("took", took_ms));
    else
        log_error("backup.failed", F_TEXT("file", backup->file),
                  F_TEXT("error", err->text), F_MS("took", took_ms));
    backup->state = status == STATUS_OK ? BACKUP_DONE : BACKUP_FAILED;
    (void)pthread_cond_broadcast(&backup->changed);
    unlock(backup);
}

static enum status check_cancelled(struct backup *backup, struct error *err)
{
    lock(backup);
    bool is_cancelled = backup->is_cancelled;
    unlock(backup);
    if (is_cancelled)
        return fail(err, STATUS_CONFLICT, "the backup was cancelled");
    return STATUS_OK;
}

/* --- the writer's part ---------------------------------------------------------------
 */

static enum status begin_copy(struct backup *backup, struct store *store,
                              struct error *err)
{
    /* Nobody changes these while it is under way. */
    const struct backup_options options = {
        .file = backup->file,
        .may_replace = backup->may_replace,
        .reserve_bytes = backup->reserve_bytes,
    };
    return store_backup_begin(store, &options, &backup->copy, err);
}

static enum status step_copy(struct backup *backup, struct store *store,
                             struct backup_figures *out, struct error *err)
{
    enum status status = check_cancelled(backup, err);
    if (status != STATUS_OK)
        return status;
    lock(backup);
    *out = backup->figures;
    unlock(backup);
    if (backup->copy == NULL)
        return begin_copy(backup, store, err);
    return store_backup_step(backup->copy, out, err);
}

static bool copy_step(struct write_chore *chore, struct store *store)
{
    struct backup *backup = CONTAINER_OF(chore, struct backup, chore);
    struct backup_figures figures;
    struct error err;
    enum status status = step_copy(backup, store, &figures, &err);
    if (status != STATUS_OK) {
        store_backup_close(TAKE(backup->copy));
        end(backup, status, &err);
        return false;
    }
    lock(backup);
    backup->figures = figures;
    if (figures.is_copied) {
        backup->state = BACKUP_SETTLING;
        (void)pthread_cond_broadcast(&backup->changed);
    }
    unlock(backup);
    return !figures.is_copied;
}

/* Committed before the copy begins: whatever was answered before it was asked for, too.
 */
static enum status start_apply(struct write_job *job, struct store *store,
                               struct now now, struct error *err)
{
    const struct backup *backup = CONTAINER_OF(job, struct backup, job);
    const struct audit_entry entry = {
        .at_ms = now.wall_ms,
        .actor = str_of(backup->actor),
        .action = STR("backup"),
        .subject = str_of(backup->file),
    };
    return store_audit_add(store, &entry, err);
}

static void start_done(struct write_job *job, enum status status,
                       const struct error *err)
{
    struct backup *backup = CONTAINER_OF(job, struct backup, job);
    if (status != STATUS_OK) {
        end(backup, status, err);
        return;
    }
    log_info("backup.started", F_TEXT("file", backup->file));
    backup->chore.step = copy_step;
    writer_take_chore(backup->writer, &backup->chore);
}

/* --- what is asked -------------------------------------------------------------------
 */

static void take_options(struct backup *backup, const struct backup_options *options,
                         struct str actor)
{
    CLEANUP(buf_release) struct buf name;
    buf_init(&name, ACTOR_BYTES);
    buf_add(&name, actor);
    mem_free(backup->file);
    mem_free(backup->actor);
    backup->file = mem_copy_string(options->file);
    backup->actor = mem_copy_string(buf_c_string(&name));
    backup->may_replace = options->may_replace;
    backup->reserve_bytes = options->reserve_bytes;
    backup->figures = (struct backup_figures){0};
    backup->status = STATUS_OK;
    backup->is_cancelled = false;
    backup->started_ms = clock_now().mono_ms;
    backup->state = BACKUP_COPYING;
}

enum status backup_start(struct backup *backup, const struct backup_options *options,
                         struct str actor, struct error *err)
{
    enum status status = STATUS_OK;
    lock(backup);
    if (backup->is_stopped)
        status = fail(err, STATUS_RETRY, "the gateway is stopping");
    else if (is_under_way(backup))
        status = fail(err, STATUS_RETRY, "the backup %s is under way: wait for it",
                      backup->file);
    else
        take_options(backup, options, actor);
    unlock(backup);
    if (status != STATUS_OK)
        return status;
    backup->job = (struct write_job){.apply = start_apply, .done = start_done};
    if (writer_submit(backup->writer, &backup->job))
        return STATUS_OK;
    status = fail(err, STATUS_RETRY, "the gateway is busy: come again");
    end(backup, status, err);
    return status;
}

void backup_look(struct backup *backup, struct arena *arena, struct backup_view *out)
{
    lock(backup);
    int64_t until_ms = is_under_way(backup) ? clock_now().mono_ms : backup->ended_ms;
    *out = (struct backup_view){
        .state = backup->state,
        .file = arena_copy(arena, str_of(backup->file)),
        .figures = backup->figures,
        .took_ms = until_ms - backup->started_ms,
        .status = backup->status,
        .err = backup->err,
    };
    unlock(backup);
}

void backup_cancel(struct backup *backup)
{
    lock(backup);
    backup->is_cancelled = true;
    unlock(backup);
}

/* --- the thread's part
 * ---------------------------------------------------------------- */

/* True: there is a copy to settle. False: the end. */
static bool wait_for_copy(struct backup *backup)
{
    lock(backup);
    while (backup->state != BACKUP_SETTLING &&
           !(backup->is_stopped && backup->state != BACKUP_COPYING))
        (void)pthread_cond_wait(&backup->changed, &backup->lock);
    bool has_copy = backup->state == BACKUP_SETTLING;
    unlock(backup);
    return has_copy;
}

static enum status settle(struct backup *backup, struct error *err)
{
    enum status status = check_cancelled(backup, err);
    return status == STATUS_OK ? store_backup_settle(backup->copy, err) : status;
}

void backup_run(struct backup *backup)
{
    struct error err;
    while (wait_for_copy(backup)) {
        enum status status = settle(backup, &err);
        store_backup_close(TAKE(backup->copy));
        end(backup, status, &err);
    }
}

void backup_stop(struct backup *backup)
{
    lock(backup);
    backup->is_stopped = true;
    backup->is_cancelled = true;
    (void)pthread_cond_broadcast(&backup->changed);
    unlock(backup);
}
