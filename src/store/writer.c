#include "gateway/writer.h"

#include <assert.h>
#include <stdatomic.h>

#include "gateway/fault.h"
#include "gateway/limits.h"
#include "gateway/log.h"
#include "gateway/memory.h"
#include "gateway/metrics.h"
#include "gateway/store.h"

/* A relieved disk is seen within a second, and a sick one is not hammered. */
#define BACKOFF_FIRST_MS 50
#define BACKOFF_CEILING_MS 1000
/* Failing batches after writer_stop: at most 3 s, well inside the drain of 10 s. */
#define STOP_TRIES 3
/* Of a busy writer's time a chore gets about a fifth: most jobs do not wait for it. */
#define CHORE_REST_BATCHES 3
#define CHORE_REST_MS 1 /* without a job it is not busy */

/* What apply said of one job, until the commit makes it true. */
struct verdict {
    enum status status;
    struct error error;
};

struct writer {
    struct store *store; /* borrowed */
    struct queue *queue;
    atomic_size_t pending; /* submitted and not yet told */
    atomic_bool is_healthy;
    atomic_bool is_stopping;

    /* The rest belongs to the writer thread. */
    struct write_job *batch[LIMIT_WRITER_BATCH]; /* borrowed until told */
    struct verdict verdicts[LIMIT_WRITER_BATCH];
    size_t held_count; /* jobs of the last batch that stay, at the front of the next */
    int64_t backoff_ms;
    struct write_chore *chore; /* borrowed until it has ended; NULL: none */
    unsigned chore_rest;       /* batches that come before its next step */

    struct series *commit_seconds;
    struct series *jobs_committed;
    struct series *commits;
    struct series *errors;
    struct series *wal_bytes;
};

struct writer *writer_new(struct store *store, size_t capacity)
{
    struct writer *writer = mem_new(sizeof(*writer));
    writer->store = store;
    writer->queue = queue_new(capacity, NULL, NULL);
    atomic_init(&writer->pending, 0);
    atomic_init(&writer->is_healthy, true);
    atomic_init(&writer->is_stopping, false);
    writer->commit_seconds = metrics_series(METRIC_DB_COMMIT, "");
    writer->jobs_committed = metrics_series(METRIC_DB_BATCH, "");
    writer->commits = metrics_series(METRIC_DB_COMMITS, "");
    writer->errors = metrics_series(METRIC_DB_ERRORS, "");
    writer->wal_bytes = metrics_series(METRIC_DB_WAL, "");
    return writer;
}

void writer_free(struct writer *writer)
{
    if (writer == NULL)
        return;
    assert(writer_pending(writer) == 0 && writer->chore == NULL);
    queue_free(writer->queue);
    mem_free(writer);
}

/* --- any thread ---------------------------------------------------------- */

bool writer_submit(struct writer *writer, struct write_job *job)
{
    /* Counted before it can be told, so that the count never falls below zero. */
    atomic_fetch_add(&writer->pending, 1);
    if (!FAULT_FAILS("writer.queue_is_full") && queue_push(writer->queue, &job->node))
        return true;
    atomic_fetch_sub(&writer->pending, 1);
    return false;
}

bool writer_reserve(struct writer *writer)
{
    return !FAULT_FAILS("writer.has_no_place") && queue_reserve(writer->queue);
}

void writer_submit_reserved(struct writer *writer, struct write_job *job)
{
    atomic_fetch_add(&writer->pending, 1);
    queue_push_reserved(writer->queue, &job->node);
}

void writer_unreserve(struct writer *writer)
{
    queue_unreserve(writer->queue);
}

size_t writer_pending(struct writer *writer)
{
    return atomic_load(&writer->pending);
}

bool writer_is_healthy(const struct writer *writer)
{
    return atomic_load(&writer->is_healthy);
}

void writer_stop(struct writer *writer)
{
    atomic_store(&writer->is_stopping, true);
    queue_stop(writer->queue);
}

/* --- one batch ----------------------------------------------------------- */

/* Fills the batch behind the held jobs. Returns how many it holds. */
static size_t gather(struct writer *writer)
{
    size_t count = writer->held_count;
    size_t taken;
    struct queue_node *node =
        queue_take(writer->queue, LIMIT_WRITER_BATCH - count, &taken);
    for (; node != NULL; node = node->next)
        writer->batch[count++] = CONTAINER_OF(node, struct write_job, node);
    return count;
}

/* Whether what the job wrote is to be kept. */
static bool apply(struct writer *writer, struct write_job *job, struct now now,
                  struct verdict *out)
{
    out->error.text[0] = '\0';
    out->error.pointer[0] = '\0';
    FAULT_POINT("writer.before_job");
    out->status = job->apply(job, writer->store, now, &out->error);
    return out->status == STATUS_OK || out->status == STATUS_DUPLICATE;
}

/*
 * The jobs one behind the other, without savepoints, which cost as much as the rest:
 * few jobs fail, and fewer after they have written. False: one must be undone, so all
 * have to run again.
 */
static bool run_lightly(struct writer *writer, size_t count, struct now now)
{
    for (size_t i = 0; i < count; i++) {
        struct verdict *verdict = &writer->verdicts[i];
        uint64_t before = store_changes(writer->store);
        if (apply(writer, writer->batch[i], now, verdict))
            continue;
        if (verdict->status == STATUS_RETRY || store_changes(writer->store) != before)
            return false;
    }
    return true;
}

/* Runs one job in its savepoint. Another status than OK: the transaction is lost. */
static enum status run_job(struct writer *writer, struct write_job *job, struct now now,
                           struct verdict *out, struct error *err)
{
    enum status status = store_savepoint(writer->store, err);
    if (status != STATUS_OK)
        return status;

    if (apply(writer, job, now, out))
        return store_release(writer->store, err);
    status = store_undo(writer->store, err);
    if (status != STATUS_OK && out->status == STATUS_RETRY)
        *err = out->error; /* what dropped the transaction says more than its loss */
    return status;
}

static enum status commit(struct writer *writer, struct error *err)
{
    FAULT_POINT("writer.before_commit");
    int64_t started_us = clock_mono_us();
    enum status status = store_commit(writer->store, err);
    if (status == STATUS_OK)
        series_observe(writer->commit_seconds,
                       (double)(clock_mono_us() - started_us) / 1e6);
    return status;
}

static enum status run_with_savepoints(struct writer *writer, size_t count,
                                       struct now now, struct error *err)
{
    enum status status = store_begin(writer->store, err);
    if (status != STATUS_OK)
        return status;

    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = run_job(writer, writer->batch[i], now, &writer->verdicts[i], err);
    if (status == STATUS_OK)
        return commit(writer, err);
    store_rollback(writer->store);
    return status;
}

/* The whole batch as one transaction. Another status than OK: nothing was kept. */
static enum status run_batch(struct writer *writer, size_t count, struct now now,
                             struct error *err)
{
    enum status status = store_begin(writer->store, err);
    if (status != STATUS_OK)
        return status;
    if (run_lightly(writer, count, now))
        return commit(writer, err);
    FAULT_POINT("writer.runs_again");
    store_rollback(writer->store);
    return run_with_savepoints(writer, count, now, err);
}

/*
 * Without traffic nobody else would find out that a full disk has room again. An empty
 * transaction touches no disk, so the probe writes a row and takes it back.
 */
static enum status probe(struct writer *writer, struct now now, struct error *err)
{
    const struct pause row = {
        .scope = PAUSE_ORGANISATION,
        .name = STR("write probe"),
        .reason = STR("never committed"),
        .set_by = STR("gateway"),
        .since_ms = now.wall_ms,
    };
    enum status status = store_begin(writer->store, err);
    if (status != STATUS_OK)
        return status;

    status = store_pause_set(writer->store, &row, err);
    if (status == STATUS_OK)
        status = store_pause_clear(writer->store, row.scope, row.name, err);
    if (status == STATUS_OK)
        return commit(writer, err);
    store_rollback(writer->store);
    return status;
}

/* An operator sees when trouble starts and ends, not every batch in between. */
static void note_health(struct writer *writer, enum status status,
                        const struct error *err)
{
    bool is_healthy = status == STATUS_OK;
    bool was_healthy = atomic_exchange(&writer->is_healthy, is_healthy);
    if (was_healthy && !is_healthy)
        log_error("store.write_failed", F_TEXT("status", status_name(status)),
                  F_TEXT("reason", err->text));
    if (!was_healthy && is_healthy)
        log_info("store.write_recovered");
}

/* Whatever apply said of the jobs, it is void. */
static void void_verdicts(struct writer *writer, size_t count, const struct error *err)
{
    for (size_t i = 0; i < count; i++)
        writer->verdicts[i] = (struct verdict){STATUS_RETRY, *err};
}

static void count_committed(struct writer *writer, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        enum status status = writer->verdicts[i].status;
        kept += status == STATUS_OK || status == STATUS_DUPLICATE;
    }
    series_add(writer->commits, 1);
    series_add(writer->jobs_committed, (double)kept);
}

/* Tells the batch in order. Those that must be tried again stay, in front. */
static size_t tell(struct writer *writer, size_t count)
{
    size_t held = 0;
    for (size_t i = 0; i < count; i++) {
        struct write_job *job = writer->batch[i];
        const struct verdict *verdict = &writer->verdicts[i];
        if (job->must_commit && verdict->status == STATUS_RETRY) {
            FAULT_POINT("writer.holds_job");
            writer->batch[held++] = job;
            continue;
        }
        job->done(job, verdict->status, &verdict->error);
        atomic_fetch_sub(&writer->pending, 1);
        FAULT_POINT("writer.told_one");
    }
    writer->held_count = held;
    return count - held;
}

static void grow_backoff(struct writer *writer)
{
    int64_t next_ms = writer->backoff_ms * 2;
    if (next_ms < BACKOFF_FIRST_MS)
        next_ms = BACKOFF_FIRST_MS;
    if (next_ms > BACKOFF_CEILING_MS)
        next_ms = BACKOFF_CEILING_MS;
    writer->backoff_ms = next_ms;
}

/* Also after a failure: a checkpoint lets a full disk reuse the log it has. */
static void tend_store(struct writer *writer)
{
    store_maintain(writer->store);
    series_set(writer->wal_bytes, (double)store_log_bytes(writer->store));
}

static size_t run_jobs(struct writer *writer, size_t count, struct now now)
{
    struct error err = {0};
    enum status status =
        count > 0 ? run_batch(writer, count, now, &err) : probe(writer, now, &err);
    note_health(writer, status, &err);
    if (status == STATUS_OK) {
        FAULT_POINT("writer.committed");
        count_committed(writer, count);
    } else {
        series_add(writer->errors, 1);
        void_verdicts(writer, count, &err);
    }

    size_t told = tell(writer, count);
    if (status == STATUS_OK && writer->held_count == 0)
        writer->backoff_ms = 0;
    else
        grow_backoff(writer);
    tend_store(writer);
    return told;
}

void writer_take_chore(struct writer *writer, struct write_chore *chore)
{
    assert(writer->chore == NULL);
    writer->chore = chore;
    writer->chore_rest = 0;
}

/* Where jobs come all the time, most of them find nobody at the chore. */
static void run_chore(struct writer *writer, bool has_jobs)
{
    struct write_chore *chore = writer->chore;
    if (chore == NULL)
        return;
    if (has_jobs && writer->chore_rest > 0) {
        writer->chore_rest--;
        return;
    }
    writer->chore_rest = has_jobs ? CHORE_REST_BATCHES : 0;
    if (!chore->step(chore, writer->store))
        writer->chore = NULL;
}

size_t writer_step(struct writer *writer, struct now now)
{
    size_t told = 0;
    size_t count = gather(writer);
    if (count > 0 || !writer_is_healthy(writer))
        told = run_jobs(writer, count, now);
    run_chore(writer, count > 0);
    return told;
}

int64_t writer_backoff_ms(const struct writer *writer)
{
    return writer->backoff_ms;
}

/* --- the thread ---------------------------------------------------------- */

/* A failing database is left alone for a while, whatever arrives. */
static void wait_for_work(struct writer *writer)
{
    if (writer_is_healthy(writer)) {
        int64_t idle_ms = writer->chore_rest > 0 ? CHORE_REST_MS : 0;
        if (writer->chore == NULL)
            idle_ms = -1;
        queue_wait(writer->queue,
                   writer->backoff_ms > 0 ? writer->backoff_ms : idle_ms);
        return;
    }
    const struct timespec pause = {
        .tv_sec = writer->backoff_ms / 1000,
        .tv_nsec = writer->backoff_ms % 1000 * 1000000,
    };
    /* Cut short by a signal, the next try only comes early. */
    (void)nanosleep(&pause, NULL);
}

void writer_give_up(struct writer *writer)
{
    const struct error err = {.text = "stopped while the database was failing"};
    while (writer_pending(writer) > 0) {
        size_t count = gather(writer);
        for (size_t i = 0; i < count; i++) {
            writer->batch[i]->done(writer->batch[i], STATUS_RETRY, &err);
            atomic_fetch_sub(&writer->pending, 1);
        }
        writer->held_count = 0;
    }
}

void writer_run(struct writer *writer)
{
    unsigned tries = STOP_TRIES;
    while (!atomic_load(&writer->is_stopping) || writer_pending(writer) > 0) {
        wait_for_work(writer);
        (void)writer_step(writer, clock_now());
        if (!atomic_load(&writer->is_stopping) || writer->backoff_ms == 0)
            continue;
        if (--tries == 0) {
            writer_give_up(writer);
            return;
        }
    }
}
