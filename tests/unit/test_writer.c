#include "support/folder.h"
#include "support/writer_jobs.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/limits.h"
#include "gateway/memory.h"
#include "gateway/metrics.h"

#include "support/failing_store.h"

static const struct now test_now = {.wall_ms = 1700000000000, .mono_ms = 1000};

static void set_up(struct writer_fixture *f, size_t capacity)
{
    writer_set_up(f, failing_store_open(), capacity);
}

static void lose_transaction(struct store *store)
{
    memory_store_fail(store, 1, MEMORY_DROPS_TRANSACTION);
}

static void break_next_commit(struct writer_fixture *f, size_t job_count)
{
    /* begin; mark of each; commit */
    memory_store_fail(f->store, (unsigned)(2 + job_count), MEMORY_DROPS_TRANSACTION);
}

/* Whether the failure asked for came; takes it back if not. */
static bool has_failed(struct writer_fixture *f)
{
    bool failed = memory_store_has_failed(f->store);
    memory_store_fail(f->store, 0, MEMORY_FAILS_CALL);
    return failed;
}

/* --- batches ------------------------------------------------------------- */

static void writer_step_commits_all_that_wait_together(void **state)
{
    (void)state;
    struct writer_fixture f;
    set_up(&f, 8);
    struct series *commits = metrics_series(METRIC_DB_COMMITS, "");
    struct series *jobs = metrics_series(METRIC_DB_BATCH, "");
    double commits_before = series_value(commits);
    double jobs_before = series_value(jobs);
    job_submit(&f, "a");
    job_submit(&f, "b");
    job_submit(&f, "c");
    expect_i64("waiting", 3, writer_pending(f.writer));

    expect_i64("told by the step", 3, writer_step(f.writer, test_now));
    expect_applied("a b c", &f);
    expect_told("a b c", &f);
    for (size_t i = 0; i < f.job_count; i++) {
        expect_status(f.jobs[i]->name, STATUS_OK, f.jobs[i]->told);
        expect_true(f.jobs[i]->name, job_has_mark(f.store, f.jobs[i]->name));
    }
    expect_i64("waiting", 0, writer_pending(f.writer));
    expect_i64("one transaction", 1, series_value(commits) - commits_before);
    expect_i64("of three jobs", 3, series_value(jobs) - jobs_before);
    writer_tear_down(&f);
}

static void writer_step_without_work_leaves_the_store_alone(void **state)
{
    (void)state;
    struct writer_fixture f;
    set_up(&f, 8);
    memory_store_fail(f.store, 1, MEMORY_FAILS_CALL);

    expect_i64("told", 0, writer_step(f.writer, test_now));
    expect_false("a call of the store", has_failed(&f));
    expect_i64("backoff", 0, writer_backoff_ms(f.writer));
    writer_tear_down(&f);
}

static void writer_step_takes_no_more_than_a_batch(void **state)
{
    (void)state;
    struct writer_fixture f;
    set_up(&f, WRITER_JOBS_MAX);
    for (size_t i = 0; i < LIMIT_WRITER_BATCH + 10; i++)
        job_submit(&f, "x");

    expect_i64("first", LIMIT_WRITER_BATCH, writer_step(f.writer, test_now));
    expect_i64("second", 10, writer_step(f.writer, test_now));
    expect_i64("third", 0, writer_step(f.writer, test_now));
    writer_tear_down(&f);
}

static void writer_undoes_only_the_job_that_fails(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum status answer;
        bool is_kept;
    } cases[] = {
        {"ok is kept",        STATUS_OK,            true },
        {"duplicate is kept", STATUS_DUPLICATE,     true },
        {"invalid",           STATUS_INVALID,       false},
        {"conflict",          STATUS_CONFLICT,      false},
        {"not found",         STATUS_NOT_FOUND,     false},
        {"unprocessable",     STATUS_UNPROCESSABLE, false},
        {"retry",             STATUS_RETRY,         false},
        {"failed",            STATUS_FAILED,        false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct writer_fixture f;
        set_up(&f, 8);
        struct test_job *before = job_submit(&f, "before");
        struct test_job *odd = job_submit(&f, "odd");
        struct test_job *after = job_submit(&f, "after");
        odd->answer = cases[i].answer;

        expect_i64(cases[i].name, 3, writer_step(f.writer, test_now));
        expect_told("before odd after", &f);
        expect_status(cases[i].name, cases[i].answer, odd->told);
        expect_str(cases[i].name, cases[i].is_kept ? "" : "job odd fails",
                   str_of(odd->told_error.text));
        expect_i64(cases[i].name, cases[i].is_kept, job_has_mark(f.store, "odd"));
        expect_status(cases[i].name, STATUS_OK, before->told);
        expect_status(cases[i].name, STATUS_OK, after->told);
        expect_true(cases[i].name, job_has_mark(f.store, "before"));
        expect_true(cases[i].name, job_has_mark(f.store, "after"));
        expect_true(cases[i].name, writer_is_healthy(f.writer));
        expect_i64(cases[i].name, 0, writer_backoff_ms(f.writer));
        writer_tear_down(&f);
    }
}

/* One that fails before it wrote leaves nothing to undo, so nothing runs twice. */
static void writer_runs_a_batch_again_only_to_undo(void **state)
{
    (void)state;
    struct writer_fixture f;
    set_up(&f, 8);
    job_submit(&f, "a");
    struct test_job *odd = job_submit(&f, "odd");
    job_submit(&f, "b");
    odd->answer = STATUS_CONFLICT;
    odd->writes_nothing = true;
    expect_i64("told", 3, writer_step(f.writer, test_now));
    expect_applied("a odd b", &f);
    expect_status("odd", STATUS_CONFLICT, odd->told);

    f.trail.applied_count = 0;
    job_submit(&f, "c");
    odd = job_submit(&f, "odd");
    job_submit(&f, "d");
    odd->answer = STATUS_CONFLICT;
    expect_i64("told", 3, writer_step(f.writer, test_now));
    expect_applied("c odd c odd d", &f);
    expect_told("a odd b c odd d", &f);
    writer_tear_down(&f);
}

/* --- lost transactions --------------------------------------------------- */

static void writer_never_says_ok_of_what_is_not_kept(void **state)
{
    (void)state;
    static const enum memory_failure failures[] = {MEMORY_FAILS_CALL,
                                                   MEMORY_DROPS_TRANSACTION};
    for (size_t i = 0; i < COUNT_OF(failures); i++) {
        bool failed = true;
        for (unsigned nth = 1; failed; nth++) {
            struct writer_fixture f;
            set_up(&f, 8);
            job_submit(&f, "plain");
            struct test_job *outcome = job_submit_outcome(&f, "outcome");
            struct test_job *odd = job_submit(&f, "odd");
            odd->answer = STATUS_RETRY;
            job_submit(&f, "last");
            memory_store_fail(f.store, nth, failures[i]);

            size_t told = writer_step(f.writer, test_now);
            failed = has_failed(&f);
            expect_no_false_answer(&f);
            expect_i64("the rest waits", 4, told + writer_pending(f.writer));
            expect_i64("only outcomes wait", outcome->told_count == 0,
                       writer_pending(f.writer));

            (void)writer_step(f.writer, test_now);
            expect_no_false_answer(&f);
            expect_status("outcome", STATUS_OK, outcome->told);
            expect_true("healthy again", writer_is_healthy(f.writer));
            writer_tear_down(&f);
        }
    }
}

static void writer_says_why_the_transaction_was_lost(void **state)
{
    (void)state;
    struct writer_fixture f;
    set_up(&f, 8);
    struct test_job *first = job_submit(&f, "first");
    struct test_job *fatal = job_submit(&f, "fatal");
    fatal->breaks = lose_transaction;

    expect_i64("told", 2, writer_step(f.writer, test_now));
    expect_status("first", STATUS_RETRY, first->told);
    expect_str("first", "the database failed as the test asked",
               str_of(first->told_error.text));
    expect_str("fatal", "the database failed as the test asked",
               str_of(fatal->told_error.text));
    writer_tear_down(&f);
}

static void writer_repeats_outcomes_in_order_before_anything_newer(void **state)
{
    (void)state;
    struct writer_fixture f;
    set_up(&f, 8);
    struct test_job *first = job_submit(&f, "a");
    job_submit_outcome(&f, "B");
    job_submit(&f, "c");
    job_submit_outcome(&f, "D");
    break_next_commit(&f, 4);

    expect_i64("told", 2, writer_step(f.writer, test_now));
    expect_told("a c", &f);
    expect_status("plain job", STATUS_RETRY, first->told);
    expect_i64("kept back", 2, writer_pending(f.writer));
    expect_false("healthy", writer_is_healthy(f.writer));

    job_submit(&f, "e");
    job_submit_outcome(&f, "F");
    break_next_commit(&f, 4);
    expect_i64("told", 1, writer_step(f.writer, test_now));

    f.trail.applied_count = 0;
    f.trail.told_count = 0;
    job_submit(&f, "g");
    expect_i64("told", 4, writer_step(f.writer, test_now));
    expect_applied("B D F g", &f);
    expect_told("B D F g", &f);
    expect_no_false_answer(&f);
    writer_tear_down(&f);
}

static void writer_tries_an_outcome_again_when_apply_says_retry(void **state)
{
    (void)state;
    struct writer_fixture f;
    set_up(&f, 8);
    struct test_job *outcome = job_submit_outcome(&f, "A");
    outcome->retries = 4; /* two steps, without savepoints and with */
    job_submit(&f, "b");

    expect_i64("told", 1, writer_step(f.writer, test_now));
    expect_told("b", &f);
    expect_false("undone", job_has_mark(f.store, "A"));
    expect_true("the database works", writer_is_healthy(f.writer));
    expect_i64("not at once", 50, writer_backoff_ms(f.writer));

    expect_i64("told", 0, writer_step(f.writer, test_now));
    expect_i64("told", 1, writer_step(f.writer, test_now));
    expect_told("b A", &f);
    expect_true("kept", job_has_mark(f.store, "A"));
    expect_i64("backoff", 0, writer_backoff_ms(f.writer));
    writer_tear_down(&f);
}

static void writer_backoff_doubles_to_a_second_and_ends_with_success(void **state)
{
    (void)state;
    static const int64_t want_ms[] = {50, 100, 200, 400, 800, 1000, 1000};
    struct writer_fixture f;
    set_up(&f, 8);
    struct series *errors = metrics_series(METRIC_DB_ERRORS, "");
    double errors_before = series_value(errors);
    job_submit_outcome(&f, "A");

    for (size_t i = 0; i < COUNT_OF(want_ms); i++) {
        break_next_commit(&f, 1);
        expect_i64("told", 0, writer_step(f.writer, test_now));
        expect_i64("backoff", want_ms[i], writer_backoff_ms(f.writer));
    }
    expect_i64("counted", COUNT_OF(want_ms), series_value(errors) - errors_before);
    expect_i64("told", 1, writer_step(f.writer, test_now));
    expect_i64("backoff", 0, writer_backoff_ms(f.writer));
    writer_tear_down(&f);
}

static void writer_finds_out_without_traffic_that_the_database_is_back(void **state)
{
    (void)state;
    struct writer_fixture f;
    set_up(&f, 8);
    job_submit(&f, "a");
    break_next_commit(&f, 1);
    expect_i64("told", 1, writer_step(f.writer, test_now));
    expect_false("healthy", writer_is_healthy(f.writer));

    bool failed = true;
    for (unsigned nth = 1; failed; nth++) {
        memory_store_fail(f.store, nth, MEMORY_FAILS_CALL);
        expect_i64("told", 0, writer_step(f.writer, test_now));
        failed = has_failed(&f);
        expect_i64("healthy", !failed, writer_is_healthy(f.writer));
    }
    expect_i64("backoff", 0, writer_backoff_ms(f.writer));
    expect_false("the probe leaves nothing", job_has_mark(f.store, "write probe"));
    writer_tear_down(&f);
}

/* --- work beside the batches ---------------------------------------------- */

struct counting_chore {
    struct write_chore chore;
    struct writer_fixture *f;
    unsigned left;
    size_t told_before[8]; /* jobs told when each step began */
    size_t steps;
};

static bool count_step(struct write_chore *chore, struct store *store)
{
    struct counting_chore *own = CONTAINER_OF(chore, struct counting_chore, chore);
    struct error err;
    own->told_before[own->steps++] = own->f->trail.told_count;
    /* Outside any transaction: one can be begun. */
    expect_status("begin", STATUS_OK, store_begin(store, &err));
    store_rollback(store);
    return --own->left > 0;
}

static void busy_writer_rests_from_its_chore(void **state)
{
    (void)state;
    struct writer_fixture f;
    set_up(&f, 8);
    struct counting_chore own = {.chore = {count_step}, .f = &f, .left = 3};
    writer_take_chore(f.writer, &own.chore);
    for (int i = 0; i < 5; i++) {
        job_submit(&f, "a");
        expect_i64("told", 1, writer_step(f.writer, test_now));
    }
    expect_i64("steps", 2, own.steps);
    expect_i64("behind the first", 1, own.told_before[0]);
    expect_i64("three later", 5, own.told_before[1]);
    expect_i64("nothing waits", 0, writer_step(f.writer, test_now));
    expect_i64("so it goes on", 3, own.steps);
    writer_tear_down(&f);
}

static void writer_does_a_step_of_its_chore_in_between(void **state)
{
    (void)state;
    struct writer_fixture f;
    set_up(&f, 8);
    struct counting_chore own = {.chore = {count_step}, .f = &f, .left = 3};
    writer_take_chore(f.writer, &own.chore);
    job_submit(&f, "a");
    expect_i64("told", 1, writer_step(f.writer, test_now));
    expect_i64("told", 0, writer_step(f.writer, test_now)); /* nothing waits */
    job_submit(&f, "b");
    expect_i64("told", 1, writer_step(f.writer, test_now));
    expect_i64("steps", 3, own.steps);
    expect_i64("behind the first", 1, own.told_before[0]);
    expect_i64("in between", 1, own.told_before[1]);
    expect_i64("behind the second", 2, own.told_before[2]);
    expect_i64("told", 0, writer_step(f.writer, test_now));
    expect_i64("it has ended", 3, own.steps);
    writer_tear_down(&f);
}

/* --- room ---------------------------------------------------------------- */

static void writer_refuses_what_has_no_room(void **state)
{
    (void)state;
    struct writer_fixture f;
    set_up(&f, 2);
    struct test_job *refused = job_add(&f, "refused");
    struct test_job *reserved = job_add(&f, "reserved");
    job_submit(&f, "a");
    expect_true("the last place", writer_reserve(f.writer));
    expect_false("full", writer_submit(f.writer, &refused->job));
    expect_false("full", writer_reserve(f.writer));
    expect_i64("a refused job does not wait", 1, writer_pending(f.writer));

    writer_submit_reserved(f.writer, &reserved->job);
    expect_i64("told", 2, writer_step(f.writer, test_now));
    expect_told("a reserved", &f);

    expect_true("reserved", writer_reserve(f.writer));
    expect_true("reserved", writer_reserve(f.writer));
    writer_unreserve(f.writer);
    expect_true("given back", writer_submit(f.writer, &refused->job));
    writer_unreserve(f.writer);
    expect_i64("told", 1, writer_step(f.writer, test_now));
    writer_tear_down(&f);
}

/* A job that follows another, as a receipt does. */
struct chained {
    struct write_job job;
    struct writer *writer;
    unsigned left;
};

static enum status chained_apply(struct write_job *job, struct store *store,
                                 struct now now, struct error *err)
{
    (void)job;
    (void)store;
    (void)now;
    (void)err;
    return STATUS_OK;
}

static void chained_done(struct write_job *job, enum status status,
                         const struct error *err)
{
    (void)err;
    struct chained *own = CONTAINER_OF(job, struct chained, job);
    expect_status("chained", STATUS_OK, status);
    if (own->left > 0) {
        struct chained *next = mem_new(sizeof(*next));
        *next = (struct chained){
            .job = {.apply = chained_apply, .done = chained_done},
            .writer = own->writer,
            .left = own->left - 1
        };
        expect_true("submit", writer_submit(own->writer, &next->job));
    }
    mem_free(own);
}

static void writer_done_may_free_its_job_and_submit_another(void **state)
{
    (void)state;
    struct writer_fixture f;
    set_up(&f, 1);
    struct chained *first = mem_new(sizeof(*first));
    *first = (struct chained){
        .job = {.apply = chained_apply, .done = chained_done},
        .writer = f.writer,
        .left = 2
    };
    expect_true("submit", writer_submit(f.writer, &first->job));
    for (size_t i = 0; i < 3; i++)
        expect_i64("told", 1, writer_step(f.writer, test_now));
    expect_i64("told", 0, writer_step(f.writer, test_now));
    writer_tear_down(&f);
}

/* --- a disk that is full ------------------------------------------------- */

struct disk {
    char directory[FOLDER_BYTES];
    char url[96];
    char log[96]; /* the write-ahead log's path */
    struct rlimit limit;
};

static void open_on_disk(struct writer_fixture *f, struct disk *disk)
{
    const struct store_options options = {.mode = STORE_WRITER, .may_migrate = true};
    struct error err;
    struct store *store = NULL;
    folder_make(disk->directory);
    (void)snprintf(disk->url, sizeof(disk->url), "sqlite:%s/omgw.db", disk->directory);
    (void)snprintf(disk->log, sizeof(disk->log), "%s/omgw.db-wal", disk->directory);
    expect_status("open", STATUS_OK, store_open(disk->url, &options, &store, &err));
    writer_set_up(f, store, 8);
    expect_i64("limit", 0, getrlimit(RLIMIT_FSIZE, &disk->limit));
    (void)signal(SIGXFSZ, SIG_IGN); /* the write then fails, as on a full disk */
}

/* No file grows past what the log has now. */
static void fill_disk(const struct disk *disk)
{
    struct stat log;
    expect_i64("log", 0, stat(disk->log, &log));
    const struct rlimit full = {(rlim_t)log.st_size, disk->limit.rlim_max};
    expect_i64("limit", 0, setrlimit(RLIMIT_FSIZE, &full));
}

static void relieve_disk(const struct disk *disk)
{
    expect_i64("limit", 0, setrlimit(RLIMIT_FSIZE, &disk->limit));
}

static void writer_outlasts_a_full_disk(void **state)
{
    (void)state;
    struct writer_fixture f;
    struct disk disk;
    open_on_disk(&f, &disk);
    job_submit(&f, "before");
    expect_i64("told", 1, writer_step(f.writer, test_now));

    fill_disk(&disk);
    struct test_job *plain = job_submit(&f, "plain");
    struct test_job *outcome = job_submit_outcome(&f, "outcome");
    expect_i64("told", 1, writer_step(f.writer, test_now));
    expect_status("plain", STATUS_RETRY, plain->told);
    expect_i64("told", 0, writer_step(f.writer, test_now));
    expect_false("healthy", writer_is_healthy(f.writer));

    relieve_disk(&disk);
    expect_i64("told", 1, writer_step(f.writer, test_now));
    expect_status("outcome", STATUS_OK, outcome->told);
    expect_true("healthy", writer_is_healthy(f.writer));

    fill_disk(&disk);
    job_submit(&f, "again");
    expect_i64("told", 1, writer_step(f.writer, test_now));
    expect_i64("told", 0, writer_step(f.writer, test_now));
    expect_false("the probe reaches the disk", writer_is_healthy(f.writer));
    relieve_disk(&disk);
    expect_i64("told", 0, writer_step(f.writer, test_now));
    expect_true("the probe finds out", writer_is_healthy(f.writer));
    expect_no_false_answer(&f);
    writer_tear_down(&f);
    folder_remove(disk.directory);
}

/* --- the thread ---------------------------------------------------------- */

static void *run_writer(void *writer)
{
    writer_run(writer);
    return NULL;
}

static pthread_t start_thread(void *(*run)(void *context), void *context)
{
    pthread_t thread;
    expect_i64("thread", 0, pthread_create(&thread, NULL, run, context));
    return thread;
}

#define PRODUCERS 4
#define JOBS_EACH 200

struct producer {
    struct writer *writer;
    struct job_trail trail; /* filled by the writer thread, read after it ended */
    struct test_job *jobs[JOBS_EACH];
    pthread_t thread;
};

static void *produce(void *context)
{
    struct producer *own = context;
    for (size_t i = 0; i < JOBS_EACH; i++) {
        struct write_job *job = &own->jobs[i]->job;
        if (i % 2 == 0) {
            while (!writer_submit(own->writer, job))
                sched_yield();
            continue;
        }
        while (!writer_reserve(own->writer))
            sched_yield();
        writer_submit_reserved(own->writer, job);
    }
    return NULL;
}

static void writer_run_tells_every_job_once_in_the_order_of_its_producer(void **state)
{
    (void)state;
    struct writer_fixture f;
    set_up(&f, 16);
    pthread_t thread = start_thread(run_writer, f.writer);
    struct producer *producers = mem_new_array(PRODUCERS, sizeof(*producers));
    for (size_t i = 0; i < PRODUCERS; i++) {
        struct producer *producer = &producers[i];
        producer->writer = f.writer;
        for (size_t j = 0; j < JOBS_EACH; j++) {
            char name[JOB_NAME_BYTES];
            (void)snprintf(name, sizeof(name), "%zu-%zu", i, j);
            producer->jobs[j] = job_new(&producer->trail, name);
        }
    }
    for (size_t i = 0; i < PRODUCERS; i++)
        producers[i].thread = start_thread(produce, &producers[i]);
    for (size_t i = 0; i < PRODUCERS; i++)
        (void)pthread_join(producers[i].thread, NULL);
    writer_stop(f.writer);
    (void)pthread_join(thread, NULL);

    expect_i64("waiting", 0, writer_pending(f.writer));
    for (size_t i = 0; i < PRODUCERS; i++) {
        expect_i64("told", JOBS_EACH, producers[i].trail.told_count);
        for (size_t j = 0; j < JOBS_EACH; j++) {
            struct test_job *job = producers[i].jobs[j];
            expect_true("in order", producers[i].trail.told[j] == job);
            expect_status(job->name, STATUS_OK, job->told);
            mem_free(job);
        }
    }
    mem_free(producers);
    writer_tear_down(&f);
}

static void writer_stop_drains_what_waits(void **state)
{
    (void)state;
    struct writer_fixture f;
    set_up(&f, WRITER_JOBS_MAX);
    struct test_job *stubborn = job_submit_outcome(&f, "stubborn");
    stubborn->retries = 1;
    for (size_t i = 0; i < LIMIT_WRITER_BATCH + 5; i++)
        job_submit(&f, "x");
    writer_stop(f.writer);

    writer_run(f.writer);
    expect_i64("waiting", 0, writer_pending(f.writer));
    expect_i64("told", LIMIT_WRITER_BATCH + 6, f.trail.told_count);
    expect_status("after a retry", STATUS_OK, stubborn->told);
    writer_tear_down(&f);
}

static void writer_stop_gives_up_on_a_database_that_stays_lost(void **state)
{
    (void)state;
    struct writer_fixture f;
    set_up(&f, 8);
    struct test_job *outcome = job_submit_outcome(&f, "outcome");
    outcome->breaks = lose_transaction;
    writer_stop(f.writer);

    writer_run(f.writer);
    expect_i64("waiting", 0, writer_pending(f.writer));
    expect_i64("told once", 1, outcome->told_count);
    expect_status("never a false OK", STATUS_RETRY, outcome->told);
    expect_false("kept", job_has_mark(f.store, "outcome"));
    expect_true("tried more than once", f.trail.applied_count > 1);
    writer_tear_down(&f);
}

static void writer_free_takes_none(void **state)
{
    (void)state;
    writer_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writer_step_commits_all_that_wait_together),
        cmocka_unit_test(writer_step_without_work_leaves_the_store_alone),
        cmocka_unit_test(writer_step_takes_no_more_than_a_batch),
        cmocka_unit_test(writer_undoes_only_the_job_that_fails),
        cmocka_unit_test(writer_runs_a_batch_again_only_to_undo),
        cmocka_unit_test(writer_never_says_ok_of_what_is_not_kept),
        cmocka_unit_test(writer_says_why_the_transaction_was_lost),
        cmocka_unit_test(writer_repeats_outcomes_in_order_before_anything_newer),
        cmocka_unit_test(writer_tries_an_outcome_again_when_apply_says_retry),
        cmocka_unit_test(writer_backoff_doubles_to_a_second_and_ends_with_success),
        cmocka_unit_test(writer_finds_out_without_traffic_that_the_database_is_back),
        cmocka_unit_test(busy_writer_rests_from_its_chore),
        cmocka_unit_test(writer_does_a_step_of_its_chore_in_between),
        cmocka_unit_test(writer_refuses_what_has_no_room),
        cmocka_unit_test(writer_done_may_free_its_job_and_submit_another),
        cmocka_unit_test(writer_outlasts_a_full_disk),
        cmocka_unit_test(writer_run_tells_every_job_once_in_the_order_of_its_producer),
        cmocka_unit_test(writer_stop_drains_what_waits),
        cmocka_unit_test(writer_stop_gives_up_on_a_database_that_stays_lost),
        cmocka_unit_test(writer_free_takes_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
