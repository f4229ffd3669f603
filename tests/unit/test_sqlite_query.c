/*
 * What SQLite cannot do, at every single call: the store says so, keeps all or nothing,
 * and goes on with the same handle once the trouble is over.
 */
#include "store/sqlite.h"

#include <signal.h>
#include <sys/resource.h>

#include "gateway/clock.h"
#include "support/sqlite_faults.h"
#include "support/sqlite_file.h"

#define JOBS 4

/* What a batch of jobs came to, as the writer would tell them. */
struct batch {
    int64_t first;   /* number of the first job */
    bool kept[JOBS]; /* by its savepoint; void unless committed */
    enum status end; /* of the transaction */
};

/* A text that fills pages, so that a small cache must write before the commit. */
static struct str long_text(void)
{
    static char text[3000];
    memset(text, 'x', sizeof(text));
    return str_from(text, sizeof(text));
}

static enum status run_job(struct sqlite_file *f, int64_t number, bool *out_kept)
{
    enum status status = store_savepoint(f->store, &f->err);
    if (status != STATUS_OK)
        return status;
    enum status applied = file_accept(f, number, long_text());
    *out_kept = applied == STATUS_OK;
    if (applied == STATUS_OK)
        return store_release(f->store, &f->err);
    expect_status("a job that fails", STATUS_RETRY, applied);
    expect_true("says why", f->err.text[0] != '\0');
    return store_undo(f->store, &f->err);
}

static void run_batch(struct sqlite_file *f, struct batch *batch)
{
    batch->end = store_begin(f->store, &f->err);
    if (batch->end != STATUS_OK)
        return;
    for (int64_t i = 0; i < JOBS && batch->end == STATUS_OK; i++)
        batch->end = run_job(f, batch->first + i, &batch->kept[i]);
    if (batch->end == STATUS_OK)
        batch->end = store_commit(f->store, &f->err);
    else
        store_rollback(f->store);
    store_maintain(f->store);
}

static bool was_kept(const struct batch *batch, int64_t i)
{
    return batch->end == STATUS_OK && batch->kept[i];
}

/* Every row of the kept jobs is there, and none of the others. */
static void expect_batch(struct sqlite_file *f, const struct batch *batch)
{
    char sql[256];
    CLEANUP(buf_release) struct buf want;
    buf_init(&want, 256);
    for (int64_t i = 0; i < JOBS; i++) {
        int64_t number = batch->first + i;
        if (was_kept(batch, i))
            buf_printf(&want, "%lld,", (long long)number);
        expect_i64("id", was_kept(batch, i) ? number : 0,
                   file_find_id(f, f->store, number));
    }
    (void)snprintf(
        sql, sizeof(sql),
        "SELECT group_concat(number || ',', '') FROM (SELECT created_ms - %lld "
        "AS number FROM deliveries WHERE id > (SELECT max(id) - %d FROM deliveries) "
        "AND number >= %lld ORDER BY id)",
        (long long)FILE_NOW_MS, JOBS, (long long)batch->first);
    expect_str("deliveries", buf_c_string(&want), str_of(file_ask(f->path, sql)));
}

static void expect_sound(struct sqlite_file *f, int64_t messages)
{
    expect_str("integrity", "ok", str_of(file_ask(f->path, "PRAGMA integrity_check")));
    expect_str("references", "", str_of(file_ask(f->path, "PRAGMA foreign_key_check")));
    expect_i64("messages", messages,
               file_count(f->path, "SELECT count(*) FROM messages"));
    expect_i64("counted by conversation", messages,
               file_count(f->path, "SELECT coalesce(sum(message_count), 0) FROM "
                                   "conversations"));
    expect_i64("deliveries", messages,
               file_count(f->path, "SELECT count(*) FROM deliveries"));
}

/* The jobs that the trouble refused, again: now they must succeed. */
static void run_refused(struct sqlite_file *f, const struct batch *batch)
{
    expect_batch(f, batch);
    file_begin(f);
    for (int64_t i = 0; i < JOBS; i++)
        if (!was_kept(batch, i))
            file_ok(f, file_accept(f, batch->first + i, long_text()));
    file_commit(f);
}

/* Walks the trouble through every call of a batch, on one handle. */
static int64_t walk(struct sqlite_file *f, struct faults *faults, int code,
                    int64_t first)
{
    struct batch batch = {.first = first};
    for (int64_t nth = 1;; nth++, batch.first += JOBS) {
        memset(batch.kept, 0, sizeof(batch.kept));
        faults_start(faults, nth, code);
        run_batch(f, &batch);
        bool happened = faults->happened;
        faults_start(faults, 0, 0);
        if (!happened) {
            expect_status("without trouble", STATUS_OK, batch.end);
            return batch.first + JOBS;
        }
        if (batch.end != STATUS_OK)
            expect_status("told", STATUS_RETRY, batch.end);
        run_refused(f, &batch);
    }
}

/* Writes before the commit, and checkpoints after each. */
static void make_small(struct sqlite_file *f)
{
    struct sqlite_store *store = sqlite_of(f->store);
    file_ok(f, sqlite_run(store, "PRAGMA cache_size = 8", &f->err));
}

static void every_failing_write_and_sync_loses_nothing(void **state)
{
    static const struct {
        const char *name;
        int code;
        bool is_small; /* cache */
    } cases[] = {
        {"the disk is full at the commit",   SQLITE_FULL,        false},
        {"the disk is full within a job",    SQLITE_FULL,        true },
        {"the disk is broken at the commit", SQLITE_IOERR_WRITE, false},
        {"the disk is broken within a job",  SQLITE_IOERR_WRITE, true },
    };
    struct sqlite_file *f = *state;
    int64_t next = 1;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("%s\n", cases[i].name);
        if (cases[i].is_small)
            make_small(f);
        next = walk(f, &file_faults, cases[i].code, next);
        expect_sound(f, next - 1);
        file_close(f);
        file_open(f);
        expect_sound(f, next - 1);
    }
}

static void every_failing_allocation_loses_nothing(void **state)
{
    struct sqlite_file *f = *state;
    int64_t next = walk(f, &memory_faults, 0, 1);
    expect_sound(f, next - 1);
    file_close(f);
    file_open(f);
    expect_sound(f, next - 1);
}

static void rollback_without_memory_is_made_up_for(void **state)
{
    struct sqlite_file *f = *state;
    struct batch batch = {.first = 2};
    file_begin(f);
    file_ok(f, file_accept(f, 1, long_text()));
    memory_faults = (struct faults){.fail_at = 1, .goes_on = true};
    store_rollback(f->store);
    expect_true("there was trouble", memory_faults.happened);
    faults_start(&memory_faults, 0, 0);
    run_batch(f, &batch);
    expect_status("the next transaction", STATUS_OK, batch.end);
    expect_batch(f, &batch);
    expect_sound(f, JOBS);
}

static void every_failing_allocation_of_opening_is_told(void **state)
{
    struct sqlite_file *f = *state;
    file_close(f);
    for (int64_t nth = 1;; nth++) {
        struct store *store = NULL;
        faults_start(&memory_faults, nth, 0);
        enum status status = file_try_open(f, STORE_WRITER, &store);
        bool happened = memory_faults.happened;
        faults_start(&memory_faults, 0, 0);
        /* Some allocations SQLite can do without. */
        if (status == STATUS_OK)
            store_close(store);
        else
            expect_status("told", STATUS_RETRY, status);
        if (!happened) {
            expect_status("in the end", STATUS_OK, status);
            break;
        }
    }
    file_open(f);
}

/* --- single troubles --------------------------------------------------------- */

static void file_that_may_not_grow_is_like_a_full_disk(void **state)
{
    struct sqlite_file *f = *state;
    struct rlimit before;
    struct batch batch = {.first = 1};
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &before));
    const struct rlimit small = {.rlim_cur = 4096, .rlim_max = before.rlim_max};
    assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &small));
    run_batch(f, &batch);
    assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &before));
    expect_status("told", STATUS_RETRY, batch.end);
    run_refused(f, &batch);
    expect_sound(f, JOBS);
}

static void nothing_is_written_after_the_transaction_was_dropped(void **state)
{
    struct sqlite_file *f = *state;
    file_begin(f);
    file_ok(f, store_savepoint(f->store, &f->err));
    /* What SQLite does by itself in some failures. */
    assert_int_equal(
        SQLITE_OK, sqlite3_exec(sqlite_of(f->store)->db, "ROLLBACK", NULL, NULL, NULL));
    expect_status("a job that goes on", STATUS_RETRY, file_accept(f, 1, STR("x")));
    expect_true("says why", strstr(f->err.text, "dropped") != NULL);
    expect_status("undo", STATUS_RETRY, store_undo(f->store, &f->err));
    expect_status("commit", STATUS_RETRY, store_commit(f->store, &f->err));
    expect_sound(f, 0);
    file_begin(f);
    file_ok(f, file_accept(f, 1, STR("x")));
    file_commit(f);
    expect_sound(f, 1);
}

static void database_at_its_ceiling_works_again_above_it(void **state)
{
    struct sqlite_file *f = *state;
    struct sqlite_store *store = sqlite_of(f->store);
    struct batch batch = {.first = 1};
    file_ok(f, sqlite_run(store, "PRAGMA max_page_count = 1", &f->err));
    run_batch(f, &batch);
    /* Each job fails by itself, or the whole transaction does. */
    for (int i = 0; i < JOBS && batch.end == STATUS_OK; i++)
        expect_false("kept", batch.kept[i]);
    file_ok(f, sqlite_run(store, "PRAGMA max_page_count = 1000000", &f->err));
    run_refused(f, &batch);
    expect_sound(f, JOBS);
}

static void damaged_file_is_not_a_passing_trouble(void **state)
{
    struct sqlite_file *f = *state;
    struct store *store = NULL;
    file_begin(f);
    for (int64_t n = 1; n < 50; n++)
        file_ok(f, file_accept(f, n, long_text()));
    file_commit(f);
    file_close(f);

    FILE *file = fopen(f->path, "r+");
    assert_non_null(file);
    assert_int_equal(0, fseek(file, 4096, SEEK_SET));
    for (int i = 0; i < 40 * 4096; i++)
        assert_int_equal('!', fputc('!', file));
    assert_int_equal(0, fclose(file));
    expect_status("damaged pages", STATUS_FAILED,
                  file_try_open(f, STORE_WRITER, &store));

    file = fopen(f->path, "w");
    assert_non_null(file);
    for (int i = 0; i < 4096; i++)
        assert_int_equal('!', fputc('!', file));
    assert_int_equal(0, fclose(file));
    expect_status("no database", STATUS_UNPROCESSABLE,
                  file_try_open(f, STORE_WRITER, &store));
    expect_true("says why", strstr(f->err.text, "is no database") != NULL);
}

static void read_that_takes_too_long_is_ended(void **state)
{
    struct sqlite_file *f = *state;
    struct store *reader = file_reader(f);
    struct sqlite_store *sqlite = sqlite_of(reader);
    bool has_row = false;
    {
        CLEANUP(query_end)
        struct query q = query_start(
            sqlite, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                    "SELECT count(*) FROM n");
        expect_true("the limit is in sight",
                    sqlite->read_ends_ms - clock_now().mono_ms <= 5000);
        sqlite->read_ends_ms = clock_now().mono_ms - 1;
        expect_status("endless", STATUS_RETRY, query_row(&q, &has_row, &f->err));
    }
    expect_true("says why", strstr(f->err.text, "took more than") != NULL);
    expect_i64("the next read has its own time", 0, file_find_id(f, reader, 1));
    store_close(reader);
}

static void reader_cannot_write(void **state)
{
    struct sqlite_file *f = *state;
    struct store *reader = file_reader(f);
    expect_status("insert", STATUS_RETRY,
                  sqlite_run(sqlite_of(reader), "DELETE FROM bridges", &f->err));
    expect_true("says why", strstr(f->err.text, "readonly") != NULL);
    store_close(reader);
    expect_i64("still there", 1, file_count(f->path, "SELECT count(*) FROM bridges"));
}

int main(void)
{
    faults_install();
    const struct CMUnitTest tests[] = {
        ON_A_FILE(every_failing_write_and_sync_loses_nothing),
        ON_A_FILE(every_failing_allocation_loses_nothing),
        ON_A_FILE(rollback_without_memory_is_made_up_for),
        ON_A_FILE(every_failing_allocation_of_opening_is_told),
        ON_A_FILE(file_that_may_not_grow_is_like_a_full_disk),
        ON_A_FILE(nothing_is_written_after_the_transaction_was_dropped),
        ON_A_FILE(database_at_its_ceiling_works_again_above_it),
        ON_A_FILE(damaged_file_is_not_a_passing_trouble),
        ON_A_FILE(read_that_takes_too_long_is_ended),
        ON_A_FILE(reader_cannot_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
