/*
 * writer: one thread, one transaction at a time, everybody's jobs together (group
 * commit).
 *
 * A step takes all jobs that wait (at most LIMIT_WRITER_BATCH), runs them in one
 * transaction, commits, then tells each job how it went. Only when one fails after it
 * wrote something, the transaction begins again with a savepoint for each. No timer:
 * while one commit syncs, the next batch gathers.
 */
#pragma once

#include "gateway/clock.h"
#include "gateway/queue.h"
#include "gateway/status.h"

struct store;
struct writer;
struct write_job;

/* Runs inside the transaction, writer thread. Any status but OK and DUPLICATE undoes
 * what this job wrote, and only that. Must be repeatable: a dropped transaction runs it
 * again. */
typedef enum status write_apply(struct write_job *job, struct store *store,
                                struct now now, struct error *err);
/* After the commit (or the failure), writer thread, in order of submission. `status` is
 * apply's, or STATUS_RETRY when the transaction was lost. The job is the callee's
 * again. */
typedef void write_done(struct write_job *job, enum status status,
                        const struct error *err);

struct write_job {
    struct queue_node node;
    write_apply *apply;
    write_done *done;
    /*
     * Outcomes must not be lost: when the transaction fails, or apply says
     * STATUS_RETRY, such a job is not told but tried again with the next batch, before
     * anything newer. Only a stop while the database keeps failing tells it
     * STATUS_RETRY.
     */
    bool must_commit;
};

/*
 * Work on the writer's handle beside the batches, outside any transaction: a step now
 * and then behind one of them, and one after the other while none waits. Steps are
 * short: everybody waits for them. False: it has ended, and is its owner's again.
 * Writer thread.
 */
struct write_chore {
    bool (*step)(struct write_chore *chore, struct store *store);
};

struct writer *writer_new(struct store *store, size_t capacity);
/* No job may be waiting. */
void writer_free(struct writer *writer);

/* False: full; nothing was taken. Any thread. */
MUST_CHECK bool writer_submit(struct writer *writer, struct write_job *job);
/* For jobs that must find room later: reserve when the work starts. Any thread. */
MUST_CHECK bool writer_reserve(struct writer *writer);
void writer_submit_reserved(struct writer *writer, struct write_job *job);
void writer_unreserve(struct writer *writer);

/*
 * One batch, without waiting for work. Returns the number of jobs told. After a lost
 * transaction jobs with must_commit stay for the next step; writer_backoff_ms then says
 * how long to wait before it (0: none).
 */
size_t writer_step(struct writer *writer, struct now now);
int64_t writer_backoff_ms(const struct writer *writer);
/* Jobs taken over but not yet told (after a lost transaction), and jobs still queued.
 */
size_t writer_pending(struct writer *writer);
/* False while the last transaction failed: /readyz says so. Any thread. */
bool writer_is_healthy(const struct writer *writer);

/* From now on, one at a time. Writer thread, e.g. from a job's `done`. Its owner ends
 * it before the writer is stopped. */
void writer_take_chore(struct writer *writer, struct write_chore *chore);

/* The thread's loop: waits, steps, until writer_stop was called and no job is left.
 * After the stop a failing database gets a few more tries; then all that wait are told
 * STATUS_RETRY, so that the process can end. */
void writer_run(struct writer *writer);
void writer_stop(struct writer *writer);
/* Tells all that wait STATUS_RETRY: the process ends and its database is lost. What was
 * accepted is in it, and comes back with the next start. Writer thread. */
void writer_give_up(struct writer *writer);
