#include "support/expect.h"

#include <pthread.h>

#include "gateway/limits.h"
#include "gateway/memory.h"
#include "gateway/metrics.h"
#include "gateway/store.h"
#include "gateway/writer.h"

#include "support/failing_store.h"

static const struct now test_now = {.wall_ms = 1700000000000, .mono_ms = 1000};

/* --- jobs that leave a mark ---------------------------------------------- */

#define NAME_BYTES 24
#define LOG_ROOM 1024

/* What happened, in order. */
struct log {
    const struct test_job *applied[LOG_ROOM];
    const struct test_job *told[LOG_ROOM];
    size_t applied_count;
    size_t told_count;
};

/* Writes a pause of its own name: the mark. */
struct test_job {
    struct write_job job;
    struct log *log;
    char name[NAME_BYTES];
    enum status answer;   /* of apply, after the mark is written */
    unsigned retries;     /* times apply says STATUS_RETRY before that */
    bool breaks_database; /* each time it is applied */
    unsigned told_count;
    enum status told;
    struct error told_error;
};

static enum status mark_apply(struct write_job *job, struct store *store,
                              struct now now, struct error *err)
{
    struct test_job *own = CONTAINER_OF(job, struct test_job, job);
    own->log->applied[own->log->applied_count++] = own;
    if (own->breaks_database)
        memory_store_fail(store, 1, MEMORY_DROPS_TRANSACTION);
    const struct pause mark = {
        .scope = PAUSE_ORGANISATION,
        .name = str_of(own->name),
        .since_ms = now.wall_ms,
    };
    enum status status = store_pause_set(store, &mark, err);
    if (status != STATUS_OK)
        return status;
    if (own->retries > 0) {
        own->retries--;
        return fail(err, STATUS_RETRY, "not now");
    }
    if (own->answer == STATUS_OK || own->answer == STATUS_DUPLICATE)
        return own->answer;
    return fail(err, own->answer, "job %s fails", own->name);
}

static void mark_done(struct write_job *job, enum status status,
                      const struct error *err)
{
    struct test_job *own = CONTAINER_OF(job, struct test_job, job);
    own->told = status;
    own->told_error = *err;
    own->told_count++;
    own->log->told[own->log->told_count++] = own;
}

static struct test_job *new_job(struct log *log, const char *name)
{
    struct test_job *job = mem_new(sizeof(*job));
    job->job.apply = mark_apply;
    job->job.done = mark_done;
    job->log = log;
    (void)snprintf(job->name, sizeof(job->name), "%s", name);
    return job;
}

struct search {
    const char *name;
    bool is_found;
};

static void compare_mark(const struct pause *pause, void *context)
{
    struct search *search = context;
    search->is_found = search->is_found || str_is(pause->name, search->name);
}

static bool has_mark(struct store *store, const char *name)
{
    struct search search = {.name = name};
    struct error err;
    expect_status("look for marks", STATUS_OK,
                  store_pauses(store, compare_mark, &search, &err));
    return search.is_found;
}

/* --- one writer over a memory store -------------------------------------- */

#define JOBS_MAX 300

struct fixture {
    struct store *store;
    struct writer *writer;
    struct log log;
    struct test_job *jobs[JOBS_MAX]; /* owned */
    size_t job_count;
};

static void set_up(struct fixture *f, size_t capacity)
{
    memset(f, 0, sizeof(*f));
    f->store = failing_store_open();
    f->writer = writer_new(f->store, capacity);
}

static void tear_down(struct fixture *f)
{
    writer_free(f->writer);
    writer_free(NULL);
    store_close(f->store);
    for (size_t i = 0; i < f->job_count; i++)
        mem_free(f->jobs[i]);
}

static struct test_job *add_job(struct fixture *f, const char *name)
{
    struct test_job *job = new_job(&f->log, name);
    f->jobs[f->job_count++] = job;
    return job;
}

static struct test_job *submit(struct fixture *f, const char *name)
{
    struct test_job *job = add_job(f, name);
    expect_true(name, writer_submit(f->writer, &job->job));
    return job;
}

static struct test_job *submit_outcome(struct fixture *f, const char *name)
{
    struct test_job *job = add_job(f, name);
    job->job.must_commit = true;
    expect_true(name, writer_submit(f->writer, &job->job));
    return job;
}

static void break_next_commit(struct fixture *f, size_t job_count)
{
    /* begin; savepoint, mark, release of each; commit */
    memory_store_fail(f->store, (unsigned)(2 + 3 * job_count),
                      MEMORY_DROPS_TRANSACTION);
}

/* Whether the failure asked for came; takes it back if not. */
static bool has_failed(struct fixture *f)
{
    bool failed = memory_store_has_failed(f->store);
    memory_store_fail(f->store, 0, MEMORY_FAILS_CALL);
    return failed;
}

static void expect_order(const char *what, const char *want,
                         const struct test_job *const *list, size_t count)
{
    char got[256] = "";
    size_t used = 0;
    for (size_t i = 0; i < count && used < sizeof(got); i++)
        used += (size_t)snprintf(got + used, sizeof(got) - used, "%s%s",
                                 i == 0 ? "" : " ", list[i]->name);
    expect_str(what, want, str_of(got));
}

#define expect_told(want, f)                                                           \
    expect_order("told", want, (f)->log.told, (f)->log.told_count)
#define expect_applied(want, f)                                                        \
    expect_order("applied", want, (f)->log.applied, (f)->log.applied_count)

/* --- batches ------------------------------------------------------------- */

static void writer_step_commits_all_that_wait_together(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 8);
    struct series *commits = metrics_series(METRIC_DB_COMMITS, "");
    struct series *jobs = metrics_series(METRIC_DB_BATCH, "");
    double commits_before = series_value(commits);
    double jobs_before = series_value(jobs);
    submit(&f, "a");
    submit(&f, "b");
    submit(&f, "c");
    expect_i64("waiting", 3, writer_pending(f.writer));

    expect_i64("told by the step", 3, writer_step(f.writer, test_now));
    expect_applied("a b c", &f);
    expect_told("a b c", &f);
    for (size_t i = 0; i < f.job_count; i++) {
        expect_status(f.jobs[i]->name, STATUS_OK, f.jobs[i]->told);
        expect_true(f.jobs[i]->name, has_mark(f.store, f.jobs[i]->name));
    }
    expect_i64("waiting", 0, writer_pending(f.writer));
    expect_i64("one transaction", 1, series_value(commits) - commits_before);
    expect_i64("of three jobs", 3, series_value(jobs) - jobs_before);
    tear_down(&f);
}

static void writer_step_without_work_leaves_the_store_alone(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 8);
    memory_store_fail(f.store, 1, MEMORY_FAILS_CALL);

    expect_i64("told", 0, writer_step(f.writer, test_now));
    expect_false("a call of the store", has_failed(&f));
    expect_i64("backoff", 0, writer_backoff_ms(f.writer));
    tear_down(&f);
}

static void writer_step_takes_no_more_than_a_batch(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, JOBS_MAX);
    for (size_t i = 0; i < LIMIT_WRITER_BATCH + 10; i++)
        submit(&f, "x");

    expect_i64("first", LIMIT_WRITER_BATCH, writer_step(f.writer, test_now));
    expect_i64("second", 10, writer_step(f.writer, test_now));
    expect_i64("third", 0, writer_step(f.writer, test_now));
    tear_down(&f);
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
        struct fixture f;
        set_up(&f, 8);
        struct test_job *before = submit(&f, "before");
        struct test_job *odd = submit(&f, "odd");
        struct test_job *after = submit(&f, "after");
        odd->answer = cases[i].answer;

        expect_i64(cases[i].name, 3, writer_step(f.writer, test_now));
        expect_told("before odd after", &f);
        expect_status(cases[i].name, cases[i].answer, odd->told);
        expect_str(cases[i].name, cases[i].is_kept ? "" : "job odd fails",
                   str_of(odd->told_error.text));
        expect_i64(cases[i].name, cases[i].is_kept, has_mark(f.store, "odd"));
        expect_status(cases[i].name, STATUS_OK, before->told);
        expect_status(cases[i].name, STATUS_OK, after->told);
        expect_true(cases[i].name, has_mark(f.store, "before"));
        expect_true(cases[i].name, has_mark(f.store, "after"));
        expect_true(cases[i].name, writer_is_healthy(f.writer));
        expect_i64(cases[i].name, 0, writer_backoff_ms(f.writer));
        tear_down(&f);
    }
}

/* --- lost transactions --------------------------------------------------- */

/* Whatever fails, and whichever call: told OK if and only if it is kept. */
static void expect_no_false_answer(struct fixture *f)
{
    for (size_t i = 0; i < f->job_count; i++) {
        const struct test_job *job = f->jobs[i];
        bool is_told_ok = job->told_count > 0 && job->told == STATUS_OK;
        expect_i64(job->name, is_told_ok, has_mark(f->store, job->name));
        expect_true("told once at most", job->told_count <= 1);
        if (job->told_count > 0 && !is_told_ok) {
            expect_status(job->name, STATUS_RETRY, job->told);
            expect_true("with a reason", job->told_error.text[0] != '\0');
        }
    }
}

static void writer_never_says_ok_of_what_is_not_kept(void **state)
{
    (void)state;
    static const enum memory_failure failures[] = {MEMORY_FAILS_CALL,
                                                   MEMORY_DROPS_TRANSACTION};
    for (size_t i = 0; i < COUNT_OF(failures); i++) {
        bool failed = true;
        for (unsigned nth = 1; failed; nth++) {
            struct fixture f;
            set_up(&f, 8);
            submit(&f, "plain");
            struct test_job *outcome = submit_outcome(&f, "outcome");
            struct test_job *odd = submit(&f, "odd");
            odd->answer = STATUS_RETRY;
            submit(&f, "last");
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
            tear_down(&f);
        }
    }
}

static void writer_repeats_outcomes_in_order_before_anything_newer(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 8);
    struct test_job *first = submit(&f, "a");
    submit_outcome(&f, "B");
    submit(&f, "c");
    submit_outcome(&f, "D");
    break_next_commit(&f, 4);

    expect_i64("told", 2, writer_step(f.writer, test_now));
    expect_told("a c", &f);
    expect_status("plain job", STATUS_RETRY, first->told);
    expect_i64("kept back", 2, writer_pending(f.writer));
    expect_false("healthy", writer_is_healthy(f.writer));

    submit(&f, "e");
    submit_outcome(&f, "F");
    break_next_commit(&f, 4);
    expect_i64("told", 1, writer_step(f.writer, test_now));

    f.log.applied_count = 0;
    f.log.told_count = 0;
    submit(&f, "g");
    expect_i64("told", 4, writer_step(f.writer, test_now));
    expect_applied("B D F g", &f);
    expect_told("B D F g", &f);
    expect_no_false_answer(&f);
    tear_down(&f);
}

static void writer_tries_an_outcome_again_when_apply_says_retry(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 8);
    struct test_job *outcome = submit_outcome(&f, "A");
    outcome->retries = 2;
    submit(&f, "b");

    expect_i64("told", 1, writer_step(f.writer, test_now));
    expect_told("b", &f);
    expect_false("undone", has_mark(f.store, "A"));
    expect_true("the database works", writer_is_healthy(f.writer));
    expect_i64("not at once", 50, writer_backoff_ms(f.writer));

    expect_i64("told", 0, writer_step(f.writer, test_now));
    expect_i64("told", 1, writer_step(f.writer, test_now));
    expect_told("b A", &f);
    expect_true("kept", has_mark(f.store, "A"));
    expect_i64("backoff", 0, writer_backoff_ms(f.writer));
    tear_down(&f);
}

static void writer_backoff_doubles_to_a_second_and_ends_with_success(void **state)
{
    (void)state;
    static const int64_t want_ms[] = {50, 100, 200, 400, 800, 1000, 1000};
    struct fixture f;
    set_up(&f, 8);
    struct series *errors = metrics_series(METRIC_DB_ERRORS, "");
    double errors_before = series_value(errors);
    submit_outcome(&f, "A");

    for (size_t i = 0; i < COUNT_OF(want_ms); i++) {
        break_next_commit(&f, 1);
        expect_i64("told", 0, writer_step(f.writer, test_now));
        expect_i64("backoff", want_ms[i], writer_backoff_ms(f.writer));
    }
    expect_i64("counted", COUNT_OF(want_ms), series_value(errors) - errors_before);
    expect_i64("told", 1, writer_step(f.writer, test_now));
    expect_i64("backoff", 0, writer_backoff_ms(f.writer));
    tear_down(&f);
}

static void writer_finds_out_without_traffic_that_the_database_is_back(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 8);
    submit(&f, "a");
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
    expect_false("the probe leaves nothing", has_mark(f.store, "write probe"));
    tear_down(&f);
}

/* --- room ---------------------------------------------------------------- */

static void writer_refuses_what_has_no_room(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 2);
    struct test_job *refused = add_job(&f, "refused");
    struct test_job *reserved = add_job(&f, "reserved");
    submit(&f, "a");
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
    tear_down(&f);
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
    struct fixture f;
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
    tear_down(&f);
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
    struct log log; /* filled by the writer thread, read after it ended */
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
    struct fixture f;
    set_up(&f, 16);
    pthread_t thread = start_thread(run_writer, f.writer);
    struct producer *producers = mem_new_array(PRODUCERS, sizeof(*producers));
    for (size_t i = 0; i < PRODUCERS; i++) {
        struct producer *producer = &producers[i];
        producer->writer = f.writer;
        for (size_t j = 0; j < JOBS_EACH; j++) {
            char name[NAME_BYTES];
            (void)snprintf(name, sizeof(name), "%zu-%zu", i, j);
            producer->jobs[j] = new_job(&producer->log, name);
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
        expect_i64("told", JOBS_EACH, producers[i].log.told_count);
        for (size_t j = 0; j < JOBS_EACH; j++) {
            struct test_job *job = producers[i].jobs[j];
            expect_true("in order", producers[i].log.told[j] == job);
            expect_status(job->name, STATUS_OK, job->told);
            mem_free(job);
        }
    }
    mem_free(producers);
    tear_down(&f);
}

static void writer_stop_drains_what_waits(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, JOBS_MAX);
    struct test_job *stubborn = submit_outcome(&f, "stubborn");
    stubborn->retries = 1;
    for (size_t i = 0; i < LIMIT_WRITER_BATCH + 5; i++)
        submit(&f, "x");
    writer_stop(f.writer);

    writer_run(f.writer);
    expect_i64("waiting", 0, writer_pending(f.writer));
    expect_i64("told", LIMIT_WRITER_BATCH + 6, f.log.told_count);
    expect_status("after a retry", STATUS_OK, stubborn->told);
    tear_down(&f);
}

static void writer_stop_gives_up_on_a_database_that_stays_lost(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 8);
    struct test_job *outcome = submit_outcome(&f, "outcome");
    outcome->breaks_database = true;
    writer_stop(f.writer);

    writer_run(f.writer);
    expect_i64("waiting", 0, writer_pending(f.writer));
    expect_i64("told once", 1, outcome->told_count);
    expect_status("never a false OK", STATUS_RETRY, outcome->told);
    expect_false("kept", has_mark(f.store, "outcome"));
    expect_true("tried more than once", f.log.applied_count > 1);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writer_step_commits_all_that_wait_together),
        cmocka_unit_test(writer_step_without_work_leaves_the_store_alone),
        cmocka_unit_test(writer_step_takes_no_more_than_a_batch),
        cmocka_unit_test(writer_undoes_only_the_job_that_fails),
        cmocka_unit_test(writer_never_says_ok_of_what_is_not_kept),
        cmocka_unit_test(writer_repeats_outcomes_in_order_before_anything_newer),
        cmocka_unit_test(writer_tries_an_outcome_again_when_apply_says_retry),
        cmocka_unit_test(writer_backoff_doubles_to_a_second_and_ends_with_success),
        cmocka_unit_test(writer_finds_out_without_traffic_that_the_database_is_back),
        cmocka_unit_test(writer_refuses_what_has_no_room),
        cmocka_unit_test(writer_done_may_free_its_job_and_submit_another),
        cmocka_unit_test(writer_run_tells_every_job_once_in_the_order_of_its_producer),
        cmocka_unit_test(writer_stop_drains_what_waits),
        cmocka_unit_test(writer_stop_gives_up_on_a_database_that_stays_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
