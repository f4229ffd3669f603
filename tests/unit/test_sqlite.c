#include "store/sqlite.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "gateway/clock.h"
#include "gateway/json.h"
#include "support/sqlite_file.h"

static void accept_range(struct sqlite_file *f, int64_t first, int64_t end)
{
    file_begin(f);
    for (int64_t n = first; n < end; n++)
        file_ok(f, file_accept(f, n, STR("a text")));
    file_commit(f);
}

static int64_t bytes_of(const char *path)
{
    struct stat info;
    assert_int_equal(0, stat(path, &info));
    return info.st_size;
}

/* --- opening ------------------------------------------------------------------ */

static void settings_are_those_of_the_design(void **state)
{
    static const struct {
        const char *pragma;
        const char *want;
    } cases[] = {
        {"PRAGMA journal_mode",       "wal"       },
        {"PRAGMA synchronous",        "2"         },
        {"PRAGMA wal_autocheckpoint", "0"         },
        {"PRAGMA page_size",          "4096"      },
        {"PRAGMA cache_size",         "-4096"     },
        {"PRAGMA trusted_schema",     "0"         },
        {"PRAGMA secure_delete",      "0"         },
        {"PRAGMA mmap_size",          "0"         },
        {"PRAGMA auto_vacuum",        "0"         },
        {"PRAGMA busy_timeout",       "5000"      },
        {"PRAGMA application_id",     "1869440887"}, /* "omgw" */
    };
    struct sqlite_file *f = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(query_end)
        struct query q = query_start(sqlite_of(f->store), cases[i].pragma);
        file_ok(f, query_one(&q, &f->err));
        expect_str(cases[i].pragma, cases[i].want, column_text(&q, 0));
    }
}

static void files_are_not_for_everybody(void **state)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    struct sqlite_file *f = *state;
    for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
        char path[128];
        struct stat info;
        (void)snprintf(path, sizeof(path), "%s%s", f->path, suffixes[i]);
        assert_int_equal(0, stat(path, &info));
        expect_i64(suffixes[i], 0, info.st_mode & S_IRWXO);
    }
}

static void open_says_what_is_wrong_with_the_path(void **state)
{
    static const struct {
        const char *name;
        const char *url;
        enum store_mode mode;
        enum status want;
    } cases[] = {
        {"a directory that is not there",       "sqlite:/nowhere/omgw.db", STORE_WRITER,
         STATUS_INVALID                                                                                 },
        {"nothing to read there",               "sqlite:/nowhere/omgw.db", STORE_READER,
         STATUS_INVALID                                                                                 },
        {"nothing to copy there",               "sqlite:/nowhere/omgw.db", STORE_OFFLINE,
         STATUS_INVALID                                                                                 },
        {"a directory",                         "sqlite:/tmp",             STORE_READER,  STATUS_INVALID},
        {"no database in memory by accident",   "sqlite::memory:",         STORE_READER,
         STATUS_INVALID                                                                                 },
        {"no uri of sqlite's own, by accident", "sqlite:file:x?mode=rw",   STORE_READER,
         STATUS_INVALID                                                                                 },
    };
    struct sqlite_file *f = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct store_options options = {.mode = cases[i].mode};
        struct store *store = NULL;
        f->err.text[0] = '\0';
        expect_status(cases[i].name, cases[i].want,
                      store_open(cases[i].url, &options, &store, &f->err));
        expect_true(cases[i].name, f->err.text[0] != '\0');
    }
}

/* --- the lock ------------------------------------------------------------------ */

/* A process that holds the database until the pipe is closed or it is killed. */
struct holder {
    pid_t pid;
    int release; /* closing it lets the holder go */
};

/* Commits job 1 and leaves job 2 uncommitted. */
static void hold(struct sqlite_file *f, int ready, int release)
{
    char byte = 'r';
    file_open(f);
    accept_range(f, 1, 2);
    file_begin(f);
    file_ok(f, file_accept(f, 2, STR("never committed")));
    if (write(ready, &byte, 1) == 1)
        (void)!read(release, &byte, 1);
    _exit(0);
}

static struct holder hold_elsewhere(struct sqlite_file *f)
{
    struct holder holder;
    int ready[2];
    int release[2];
    char byte;
    file_close(f);
    assert_int_equal(0, pipe2(ready, O_CLOEXEC));
    assert_int_equal(0, pipe2(release, O_CLOEXEC));
    holder.pid = fork();
    assert_true(holder.pid >= 0);
    if (holder.pid == 0) {
        (void)close(release[1]);
        hold(f, ready[1], release[0]);
    }
    (void)close(ready[1]);
    (void)close(release[0]);
    assert_int_equal(1, read(ready[0], &byte, 1));
    (void)close(ready[0]);
    holder.release = release[1];
    return holder;
}

static void second_process_is_refused_and_told_the_file(void **state)
{
    struct sqlite_file *f = *state;
    struct holder holder = hold_elsewhere(f);
    struct store *store = NULL;
    expect_status("at once", STATUS_DENIED, file_try_open(f, STORE_WRITER, &store));
    expect_true("names the file", strstr(f->err.text, "omgw.db.lock") != NULL);
    store = file_reader(f);
    expect_i64("readers are welcome", 1, file_find_id(f, store, 1));
    store_close(store);
    (void)close(holder.release);
    assert_int_equal(holder.pid, waitpid(holder.pid, NULL, 0));
    file_open(f);
}

static void waiting_writer_gets_the_lock_when_it_is_free(void **state)
{
    const struct store_options options = {
        .mode = STORE_WRITER, .may_migrate = true, .lock_wait_ms = 60000};
    const struct store_options impatient = {
        .mode = STORE_WRITER, .may_migrate = true, .lock_wait_ms = 120};
    struct sqlite_file *f = *state;
    struct holder holder = hold_elsewhere(f);
    struct store *store = NULL;
    int64_t started_ms = clock_now().mono_ms;
    expect_status("held for longer", STATUS_DENIED,
                  store_open(f->url, &impatient, &store, &f->err));
    expect_true("waited", clock_now().mono_ms - started_ms >= 120);
    (void)close(holder.release);
    file_ok(f, store_open(f->url, &options, &f->store, &f->err));
    assert_int_equal(holder.pid, waitpid(holder.pid, NULL, 0));
}

static void killed_writer_leaves_what_it_committed(void **state)
{
    struct sqlite_file *f = *state;
    struct holder holder = hold_elsewhere(f);
    assert_int_equal(0, kill(holder.pid, SIGKILL));
    assert_int_equal(holder.pid, waitpid(holder.pid, NULL, 0));
    (void)close(holder.release);
    file_open(f);
    expect_i64("committed", 1, file_find_id(f, f->store, 1));
    expect_i64("not committed", 0, file_find_id(f, f->store, 2));
    expect_i64("messages", 1, file_count(f->path, "SELECT count(*) FROM messages"));
    accept_range(f, 2, 3);
}

/* Looks at the database like any tool, once it is told to. */
static void visit(const char *path, int told)
{
    char byte;
    sqlite3 *db = NULL;
    if (read(told, &byte, 1) == 1 && sqlite3_open(path, &db) == SQLITE_OK)
        (void)sqlite3_exec(db, "SELECT count(*) FROM bridges", NULL, NULL, NULL);
    (void)sqlite3_close(db);
    _exit(0);
}

/*
 * POSIX locks of a file are lost when the process closes any descriptor of it. Then the
 * visitor would take itself for the last connection, and remove the log under the
 * writer.
 */
static void opening_a_reader_keeps_the_locks_of_the_writer(void **state)
{
    struct sqlite_file *f = *state;
    char log[128];
    int told[2];
    (void)snprintf(log, sizeof(log), "%s-wal", f->path);
    file_close(f); /* a fork shall not inherit SQLite's notes about locks */
    assert_int_equal(0, pipe2(told, O_CLOEXEC));
    pid_t visitor = fork();
    assert_true(visitor >= 0);
    if (visitor == 0)
        visit(f->path, told[0]);

    file_open(f);
    accept_range(f, 1, 10);
    store_close(file_reader(f));
    int64_t before = bytes_of(log);
    assert_int_equal(1, write(told[1], "g", 1));
    assert_int_equal(visitor, waitpid(visitor, NULL, 0));
    (void)close(told[0]);
    (void)close(told[1]);
    expect_i64("the log is still there", before, bytes_of(log));
    accept_range(f, 10, 20);
    expect_i64("and in use", 19, file_count(f->path, "SELECT count(*) FROM messages"));
}

/* --- crashes -------------------------------------------------------------------- */

/* The first `limit` bytes. */
static void copy_file(const char *from, const char *to, int64_t limit)
{
    char bytes[4096];
    FILE *in = fopen(from, "r");
    FILE *out = fopen(to, "w");
    assert_non_null(in);
    assert_non_null(out);
    while (limit > 0) {
        size_t want = limit < (int64_t)sizeof(bytes) ? (size_t)limit : sizeof(bytes);
        size_t got = fread(bytes, 1, want, in);
        assert_int_equal(got, fwrite(bytes, 1, got, out));
        if (got < want)
            break;
        limit -= (int64_t)got;
    }
    assert_int_equal(0, fclose(in));
    assert_int_equal(0, fclose(out));
}

/* As after a power cut: the database, and the log up to a byte; what then is in it. */
static int64_t messages_after_cut(const struct sqlite_file *f, int64_t log_bytes)
{
    struct sqlite_file cut = {.store = NULL, .bridge = f->bridge};
    char log[128];
    char cut_log[128];
    file_make_directory(&cut);
    (void)snprintf(log, sizeof(log), "%s-wal", f->path);
    (void)snprintf(cut_log, sizeof(cut_log), "%s-wal", cut.path);
    copy_file(f->path, cut.path, INT64_MAX);
    copy_file(log, cut_log, log_bytes);

    file_open(&cut);
    expect_str("integrity", "ok", str_of(file_ask(cut.path, "PRAGMA integrity_check")));
    int64_t messages = file_count(cut.path, "SELECT count(*) FROM messages");
    expect_i64("deliveries", messages,
               file_count(cut.path, "SELECT count(*) FROM deliveries"));
    for (int64_t n = 1; n <= messages; n++)
        expect_i64("id", n, file_find_id(&cut, cut.store, n));
    /* And it goes on from there. */
    accept_range(&cut, messages + 1, messages + 3);
    file_close(&cut);
    folder_remove(cut.directory);
    return messages;
}

static void cut_log_holds_whole_transactions_only(void **state)
{
    enum { COMMITS = 4, EACH = 3 };
    struct sqlite_file *f = *state;
    char log[128];
    int64_t ends[COMMITS + 1];
    (void)snprintf(log, sizeof(log), "%s-wal", f->path);
    file_close(f); /* checkpoints: the schema is in the file */
    file_open(f);
    accept_range(f, 1, 1 + EACH);
    ends[0] = 0;
    for (int64_t i = 1; i <= COMMITS; i++) {
        if (i > 1)
            accept_range(f, 1 + (i - 1) * EACH, 1 + i * EACH);
        ends[i] = bytes_of(log);
    }
    for (int64_t i = 1; i <= COMMITS; i++) {
        expect_i64("at the end of a commit", i * EACH, messages_after_cut(f, ends[i]));
        expect_i64("a byte before it", (i - 1) * EACH,
                   messages_after_cut(f, ends[i] - 1));
        expect_i64("a page after the one before", (i - 1) * EACH,
                   messages_after_cut(f, ends[i - 1] + 4096));
    }
}

static void copy_in_the_middle_holds_what_was_committed(void **state)
{
    struct sqlite_file *f = *state;
    accept_range(f, 1, 10);
    /* So small a cache writes to the log before the commit. */
    file_ok(f, sqlite_run(sqlite_of(f->store), "PRAGMA cache_size = 4", &f->err));
    file_begin(f);
    for (int64_t n = 10; n < 60; n++)
        file_ok(f, file_accept(f, n, STR("not committed yet")));
    expect_i64("in the middle", 9, messages_after_cut(f, INT64_MAX));
    file_commit(f);
    expect_i64("afterwards", 59, messages_after_cut(f, INT64_MAX));
}

/* --- upkeep --------------------------------------------------------------------- */

static void expect_no_open_statement(struct sqlite_file *f, struct store *store)
{
    sqlite3 *db = sqlite_of(store)->db;
    for (sqlite3_stmt *s = sqlite3_next_stmt(db, NULL); s != NULL;
         s = sqlite3_next_stmt(db, s))
        if (sqlite3_stmt_busy(s) != 0)
            expect_str("open statement", "", str_of(sqlite3_sql(s)));
    (void)f;
}

static int64_t wal_bytes(struct sqlite_file *f)
{
    return store_log_bytes(f->store);
}

static void fill_log(struct sqlite_file *f, int64_t first)
{
    static char text[60000];
    memset(text, 'x', sizeof(text));
    file_begin(f);
    for (int64_t n = first; n < first + 80; n++)
        file_ok(f, file_accept(f, n, str_from(text, sizeof(text))));
    file_commit(f);
}

static void maintain_keeps_the_log_small(void **state)
{
    struct sqlite_file *f = *state;
    accept_range(f, 1, 10);
    int64_t small = wal_bytes(f);
    store_maintain(f->store);
    expect_i64("a small log is left alone", small, wal_bytes(f));
    expect_true("and is not empty", small > 0);

    fill_log(f, 100);
    expect_true("4 MiB are passed", wal_bytes(f) > 4 * 1024 * 1024);
    store_maintain(f->store);
    accept_range(f, 10, 11);
    expect_true("the log begins anew", wal_bytes(f) < small + 100000);
}

static void reader_in_the_middle_only_delays_the_checkpoint(void **state)
{
    struct sqlite_file *f = *state;
    struct store *reader = file_reader(f);
    sqlite3 *db = sqlite_of(reader)->db;
    accept_range(f, 1, 10);
    assert_int_equal(SQLITE_OK, sqlite3_exec(db, "BEGIN; SELECT count(*) FROM messages",
                                             NULL, NULL, NULL));
    fill_log(f, 100);
    store_maintain(f->store);
    accept_range(f, 10, 11);
    int64_t held = wal_bytes(f);
    expect_true("the log grows", held > 4 * 1024 * 1024);
    assert_int_equal(SQLITE_OK, sqlite3_exec(db, "COMMIT", NULL, NULL, NULL));
    fill_log(f, 200);
    store_maintain(f->store);
    accept_range(f, 11, 12);
    expect_true("until the reader is gone", wal_bytes(f) < held);
    store_close(reader);
}

static void closing_reader_leaves_the_log_alone(void **state)
{
    struct sqlite_file *f = *state;
    char log[128];
    (void)snprintf(log, sizeof(log), "%s-wal", f->path);
    struct holder holder = hold_elsewhere(f);
    assert_int_equal(0, kill(holder.pid, SIGKILL));
    assert_int_equal(holder.pid, waitpid(holder.pid, NULL, 0));
    (void)close(holder.release);
    int64_t before = bytes_of(log);
    struct store *reader = file_reader(f);
    expect_i64("reads it", 1, file_find_id(f, reader, 1));
    store_close(reader); /* the last of all connections */
    expect_i64("log", before, bytes_of(log));
    file_open(f);
}

/* More pages than are kept in memory for it. */
static void undo_restores_a_large_job(void **state)
{
    struct sqlite_file *f = *state;
    static char text[3000];
    memset(text, 'x', sizeof(text));
    file_begin(f);
    for (int64_t n = 1; n <= 200; n++)
        file_ok(f, file_accept(f, n, str_from(text, sizeof(text))));
    file_commit(f);

    file_begin(f);
    file_ok(f, store_savepoint(f->store, &f->err));
    file_ok(f, sqlite_run(sqlite_of(f->store),
                          "UPDATE message_bodies SET text = replace(text, 'x', 'y')",
                          &f->err));
    file_ok(f, store_undo(f->store, &f->err));
    file_ok(f, store_savepoint(f->store, &f->err));
    file_ok(f, file_accept(f, 201, STR("x")));
    file_ok(f, store_release(f->store, &f->err));
    file_commit(f);
    expect_i64("messages", 201,
               file_count(f->path, "SELECT count(*) FROM message_bodies "
                                   "WHERE text NOT GLOB '*y*'"));
    expect_str("integrity", "ok", str_of(file_ask(f->path, "PRAGMA integrity_check")));
}

static void ignore_lane(const struct lane_summary *lane, void *context)
{
    int64_t *count = context;
    *count += lane->count;
}

static void no_read_stays_open(void **state)
{
    struct sqlite_file *f = *state;
    struct store *reader = file_reader(f);
    struct delivery *list = NULL;
    struct json *json = NULL;
    int64_t pending = 0;
    int64_t dead = 0;
    accept_range(f, 1, 30);
    file_ok(f, store_lanes(reader, STR("here"), ignore_lane, &pending, &f->err));
    expect_i64("lanes hold all", 29, pending);
    file_ok(
        f, store_take(reader, STR("here"), 1, DIRECTION_INBOUND, 0, 2, &list, &f->err));
    expect_true("two of a lane", list != NULL && list->next->next == NULL);
    delivery_free_list(list);
    file_ok(f, store_counts(reader, f->bridge, &pending, &dead, &f->err));
    file_ok(f, store_trace(reader, STR("id-7"), &json, &f->err));
    json_free(json);
    expect_no_open_statement(f, reader);
    expect_no_open_statement(f, f->store);
    store_close(reader);
}

/* Retention deletes what is old, and may find nothing else. */
static void numbers_never_come_twice(void **state)
{
    struct sqlite_file *f = *state;
    struct sqlite_store *store = sqlite_of(f->store);
    accept_range(f, 1, 6);
    file_ok(f, sqlite_run(store, "DELETE FROM messages WHERE id < 5", &f->err));
    file_ok(f, sqlite_run(store, "DELETE FROM deliveries WHERE id < 5", &f->err));
    expect_status("the newest message", STATUS_FAILED,
                  sqlite_run(store, "DELETE FROM messages", &f->err));
    expect_true("says why", strstr(f->err.text, "keeps its number") != NULL);
    expect_status("the newest delivery", STATUS_FAILED,
                  sqlite_run(store, "DELETE FROM deliveries", &f->err));
    accept_range(f, 6, 7);
    expect_i64("message", 6, file_count(f->path, "SELECT max(id) FROM messages"));
    expect_i64("delivery", 6, file_count(f->path, "SELECT max(id) FROM deliveries"));
}

/* --- how fast ------------------------------------------------------------------- */

/* Printed for people; the machine's mood is not asserted. */
static void ingest_is_measured(void **state)
{
    enum { BATCH = 64, BATCHES = 40 };
    struct sqlite_file *f = *state;
    int64_t number = 1;
    int64_t started_us = clock_mono_us();
    for (int i = 0; i < BATCHES; i++) {
        file_begin(f);
        for (int j = 0; j < BATCH; j++, number++) {
            file_ok(f, store_savepoint(f->store, &f->err));
            file_ok(f, file_accept(f, number,
                                   STR("a text of some words, as people write")));
            file_ok(f, store_release(f->store, &f->err));
        }
        file_commit(f);
        store_maintain(f->store);
    }
    int64_t took_us = clock_mono_us() - started_us;
    print_message("%d accepted in batches of %d: %lld a second\n", BATCH * BATCHES,
                  BATCH,
                  (long long)(BATCH * BATCHES * INT64_C(1000000) / (took_us + 1)));
    expect_i64("kept", BATCH * BATCHES,
               file_count(f->path, "SELECT count(*) FROM messages"));
}

#define TEST(function)                                                                 \
    cmocka_unit_test_setup_teardown(function, file_set_up, file_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(settings_are_those_of_the_design),
        TEST(files_are_not_for_everybody),
        TEST(open_says_what_is_wrong_with_the_path),
        TEST(second_process_is_refused_and_told_the_file),
        TEST(waiting_writer_gets_the_lock_when_it_is_free),
        TEST(killed_writer_leaves_what_it_committed),
        TEST(opening_a_reader_keeps_the_locks_of_the_writer),
        TEST(cut_log_holds_whole_transactions_only),
        TEST(copy_in_the_middle_holds_what_was_committed),
        TEST(maintain_keeps_the_log_small),
        TEST(reader_in_the_middle_only_delays_the_checkpoint),
        TEST(closing_reader_leaves_the_log_alone),
        TEST(undo_restores_a_large_job),
        TEST(no_read_stays_open),
        TEST(numbers_never_come_twice),
        TEST(ingest_is_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
