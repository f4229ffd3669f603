#include "store/ids.h"

#include "support/sqlite_file.h"

/* Keys of a whole partition in few transactions. */
static void add_range(struct sqlite_file *f, int64_t first, int64_t end, int64_t now_ms)
{
    file_begin(f);
    for (int64_t n = first; n < end; n++)
        file_ok(f, file_add_id(f, n, now_ms));
    file_commit(f);
}

#define SEALED "(SELECT coalesce(max(number), 0) FROM id_partitions)"

static int64_t partitions(struct sqlite_file *f)
{
    return file_count(
        f->path,
        "SELECT (SELECT count(*) FROM id_partitions) + (SELECT "
        "count(DISTINCT partition) FROM id_batches WHERE partition > " SEALED ")");
}

static int64_t sealed(struct sqlite_file *f)
{
    return file_count(f->path, "SELECT count(*) FROM id_partitions");
}

/* Keys of partitions that are not sealed. */
static int64_t open_keys(struct sqlite_file *f)
{
    return file_count(f->path, "SELECT coalesce(sum(length(entries)), 0) / 28 FROM "
                               "id_batches WHERE partition > " SEALED);
}

/* A partition is sealed, and what it leaves is deleted, over so many transactions. */
static void settle(struct sqlite_file *f)
{
    for (unsigned i = 0; i < ID_BUCKETS / 64 + 4; i++) {
        file_begin(f);
        file_commit(f);
    }
}

/* Every 1,000th key, and the ones at the seams, are found where they were put. */
static void expect_range(struct sqlite_file *f, struct store *store, int64_t first,
                         int64_t end)
{
    for (int64_t n = first; n < end; n += 1000)
        expect_i64("found", n, file_find_id(f, store, n));
    expect_i64("the last", end - 1, file_find_id(f, store, end - 1));
}

#define FULL IDS_PARTITION_KEYS

static void keys_are_found_over_three_partitions(void **state)
{
    struct sqlite_file *f = *state;
    const int64_t end = 2 * FULL + 5000;
    add_range(f, 1, 1 + FULL, 100);
    expect_i64("one holds exactly so many", 1, partitions(f));
    add_range(f, 1 + FULL, end, 200);
    expect_i64("partitions", 3, partitions(f));
    expect_range(f, f->store, 1, end);
    settle(f);
    expect_i64("two are sealed", 2, sealed(f));
    expect_i64("each key is in a bucket", 2 * FULL,
               file_count(f->path, "SELECT sum(length(entries)) / 28 FROM id_buckets"));
    expect_i64("or waits", 5000 - 1, open_keys(f));
    expect_i64("in one batch", 1,
               file_count(f->path, "SELECT count(*) FROM id_batches"));
    expect_range(f, f->store, 1, end);
    expect_i64("unknown", 0, file_find_id(f, f->store, end));

    struct store *reader = file_reader(f);
    expect_range(f, reader, 1, end);
    expect_i64("unknown to the reader", 0, file_find_id(f, reader, end));
    store_close(reader);

    file_close(f);
    file_open(f);
    expect_range(f, f->store, 1, end);
    expect_i64("unknown after reopening", 0, file_find_id(f, f->store, end));
    int64_t count = 0;
    file_ok(f, ids_count(sqlite_of(f->store)->ids, &count, &f->err));
    expect_i64("all are counted", end - 1, count);
}

static void known_key_is_refused_from_a_sealed_partition_too(void **state)
{
    struct sqlite_file *f = *state;
    add_range(f, 1, 10 + FULL, 100);
    settle(f);
    file_begin(f);
    for (int64_t n = 1; n < 10 + FULL; n += FULL / 3) {
        struct file_key key;
        int64_t message = 0;
        uint32_t tag = 0;
        file_key(&key, n);
        expect_status("again", STATUS_DUPLICATE,
                      store_id_add(f->store, f->bridge, &key.key, 999999, 1, 100,
                                   &message, &tag, &f->err));
        expect_i64("belongs to the first", n, message);
        expect_i64("with its tag", n, tag);
    }
    file_commit(f);
    expect_i64("nothing was added", 9, open_keys(f));
}

static void rollback_takes_a_new_partition_back(void **state)
{
    struct sqlite_file *f = *state;
    add_range(f, 1, FULL, 100); /* room for one more */
    file_begin(f);
    for (int64_t n = FULL; n < FULL + 20; n++)
        file_ok(f, file_add_id(f, n, 200));
    store_rollback(f->store);

    expect_i64("still one", 1, partitions(f));
    expect_i64("its keys are gone", 0, file_find_id(f, f->store, FULL + 3));
    expect_i64("and that before the seam", 0, file_find_id(f, f->store, FULL));
    add_range(f, FULL, FULL + 20, 300);
    expect_i64("now there are two", 2, partitions(f));
    settle(f);
    expect_i64("the first is full", FULL,
               file_count(f->path, "SELECT key_count FROM id_partitions"));
    expect_range(f, f->store, 1, FULL + 20);
}

static void undo_takes_a_new_partition_back(void **state)
{
    struct sqlite_file *f = *state;
    add_range(f, 1, FULL - 1, 100); /* room for two more */
    file_begin(f);
    file_ok(f, store_savepoint(f->store, &f->err));
    file_ok(f, file_add_id(f, FULL - 1, 200));
    file_ok(f, store_release(f->store, &f->err));
    file_ok(f, store_savepoint(f->store, &f->err));
    for (int64_t n = FULL; n < FULL + 20; n++)
        file_ok(f, file_add_id(f, n, 200));
    file_ok(f, store_undo(f->store, &f->err));
    expect_i64("undone", 0, file_find_id(f, f->store, FULL + 3));
    expect_i64("the job before is kept", FULL - 1, file_find_id(f, f->store, FULL - 1));
    file_ok(f, store_savepoint(f->store, &f->err));
    file_ok(f, file_add_id(f, FULL + 100, 200));
    file_ok(f, file_add_id(f, FULL + 101, 200));
    file_ok(f, store_release(f->store, &f->err));
    file_commit(f);

    expect_i64("two partitions", 2, partitions(f));
    expect_i64("in the first", FULL + 100, file_find_id(f, f->store, FULL + 100));
    settle(f);
    expect_i64("in the second", 1, open_keys(f));
    expect_range(f, f->store, 1, FULL);
}

static void expire_drops_whole_old_partitions(void **state)
{
    struct sqlite_file *f = *state;
    bool more = false;
    add_range(f, 1, 1 + FULL, 1000);
    add_range(f, 1 + FULL, 1 + 2 * FULL, 2000);
    add_range(f, 1 + 2 * FULL, 2 + 2 * FULL, 3000);
    settle(f);

    file_begin(f);
    file_ok(f, store_ids_expire(f->store, 1000, &more, &f->err));
    expect_false("its newest key is not older", more);
    file_ok(f, store_ids_expire(f->store, 9000, &more, &f->err));
    expect_true("one at a time", more);
    expect_i64("the first is gone", 0, file_find_id(f, f->store, 5));
    expect_i64("the second is not", FULL + 5, file_find_id(f, f->store, FULL + 5));
    file_ok(f, store_ids_expire(f->store, 9000, &more, &f->err));
    expect_false("the newest stays, whatever its age", more);
    file_ok(f, store_ids_expire(f->store, 9000, &more, &f->err));
    file_commit(f);

    expect_i64("one is left", 1, partitions(f));
    expect_i64("and no bucket", 0,
               file_count(f->path, "SELECT count(*) FROM id_buckets"));
    expect_i64("with its key", 1 + 2 * FULL, file_find_id(f, f->store, 1 + 2 * FULL));
    expect_i64("the others are unknown", 0, file_find_id(f, f->store, FULL + 5));
    add_range(f, 5, 6, 4000);
    expect_i64("an expired id is new again", 5, file_find_id(f, f->store, 5));
}

static void reader_follows_what_expires_and_comes(void **state)
{
    struct sqlite_file *f = *state;
    struct store *reader = file_reader(f);
    bool more = false;
    expect_i64("nothing yet", 0, file_find_id(f, reader, 5));
    add_range(f, 1, 2 + FULL, 1000);
    expect_i64("came since", 5, file_find_id(f, reader, 5));
    settle(f);
    expect_i64("sealed since", 5, file_find_id(f, reader, 5));
    expect_i64("in the newest", 1 + FULL, file_find_id(f, reader, 1 + FULL));
    file_begin(f);
    file_ok(f, store_ids_expire(f->store, 9000, &more, &f->err));
    file_commit(f);
    expect_i64("dropped since", 0, file_find_id(f, reader, 5));
    expect_i64("the newest stays", 1 + FULL, file_find_id(f, reader, 1 + FULL));
    store_close(reader);
}

static void dropped_partition_comes_back_with_the_rollback(void **state)
{
    struct sqlite_file *f = *state;
    bool more = false;
    add_range(f, 1, 10 + FULL, 1000);
    settle(f);

    file_begin(f);
    file_ok(f, store_savepoint(f->store, &f->err));
    file_ok(f, store_ids_expire(f->store, 9000, &more, &f->err));
    file_ok(f, store_undo(f->store, &f->err));
    expect_i64("undone", 5, file_find_id(f, f->store, 5));
    file_ok(f, store_ids_expire(f->store, 9000, &more, &f->err));
    file_ok(f, file_add_id(f, 5, 2000));
    store_rollback(f->store);
    expect_i64("rolled back", 5, file_find_id(f, f->store, 5));
    expect_i64("and the newest is as it was", 9 + FULL,
               file_find_id(f, f->store, 9 + FULL));

    /* Read again in the middle of a transaction that is then lost as well. */
    file_begin(f);
    for (int64_t n = 10 + FULL; n < 20 + FULL; n++)
        file_ok(f, file_add_id(f, n, 2000));
    store_rollback(f->store);
    expect_i64("nothing of it", 0, file_find_id(f, f->store, 15 + FULL));
    add_range(f, 10 + FULL, 20 + FULL, 3000);
    expect_range(f, f->store, 1, 20 + FULL);
    expect_i64("two partitions", 2, partitions(f));
}

/* --- sealing ----------------------------------------------------------------- */

static void sealing_goes_on_after_a_restart(void **state)
{
    struct sqlite_file *f = *state;
    add_range(f, 1, 5 + FULL, 100);
    for (unsigned i = 0; i < 10; i++) {
        file_begin(f);
        file_commit(f);
    }
    expect_i64("not yet", 0, sealed(f));
    expect_true("but begun",
                file_count(f->path, "SELECT count(*) FROM id_buckets") > 0);
    file_close(f);
    file_open(f);
    expect_range(f, f->store, 1, 5 + FULL);
    settle(f);
    expect_i64("sealed", 1, sealed(f));
    expect_i64("each key once", FULL,
               file_count(f->path, "SELECT sum(length(entries)) / 28 FROM id_buckets"));
    expect_i64("and no batch of it left", 4, open_keys(f));
    expect_i64("in all", 1, file_count(f->path, "SELECT count(*) FROM id_batches"));
    expect_range(f, f->store, 1, 5 + FULL);
}

/* Full, sealed and cut again within one transaction: other keys take the place. */
static void what_a_lost_transaction_sealed_is_sealed_again(void **state)
{
    struct sqlite_file *f = *state;
    add_range(f, 1, FULL - 9, 100);
    file_begin(f);
    for (int64_t n = 0; n < 3 * FULL; n++)
        file_ok(f, file_add_id(f, 10 * FULL + n, 200));
    file_ok(f, ids_flush(sqlite_of(f->store)->ids, &f->err));
    store_rollback(f->store);
    expect_i64("none is sealed", 0, sealed(f));
    expect_i64("nothing of it", 0, file_find_id(f, f->store, 10 * FULL));
    add_range(f, FULL - 9, 2 + FULL, 300);
    settle(f);
    expect_i64("now one is", 1, sealed(f));
    expect_range(f, f->store, 1, 2 + FULL);
    file_close(f);
    file_open(f);
    expect_range(f, f->store, 1, 2 + FULL);
}

static void more_than_memory_holds_is_sealed_at_once(void **state)
{
    struct sqlite_file *f = *state;
    const int64_t end = 4 * FULL + 7;
    add_range(f, 1, end, 100);
    expect_i64("all but two", 3, sealed(f));
    expect_range(f, f->store, 1, end);
    settle(f);
    expect_i64("all that are full", 4, sealed(f));
    expect_range(f, f->store, 1, end);
}

/* --- what a lookup costs ----------------------------------------------------- */

static int count_statement(unsigned kind, void *context, void *stmt, void *sql)
{
    int64_t *count = context;
    (void)kind;
    (void)stmt;
    (void)sql;
    (*count)++;
    return 0;
}

static void unknown_keys_rarely_reach_a_table(void **state)
{
    struct sqlite_file *f = *state;
    const int64_t tries = 20000;
    int64_t statements = 0;
    add_range(f, 1, 1 + 2 * FULL, 100);
    settle(f);
    expect_i64("two are sealed", 2, sealed(f));

    sqlite3 *db = sqlite_of(f->store)->db;
    (void)sqlite3_trace_v2(db, SQLITE_TRACE_STMT, count_statement, &statements);
    for (int64_t n = 0; n < tries; n++)
        expect_i64("unknown", 0, file_find_id(f, f->store, 10 * FULL + n));
    (void)sqlite3_trace_v2(db, 0, NULL, NULL);
    /* 1 in 700 by the book, for each of two; clustering in blocks makes it a little
     * more. */
    if (statements * 200 > tries * 2)
        expect_i64("statements", tries / 100, statements);
}

/* --- damage ------------------------------------------------------------------ */

static void lost_filter_is_made_again_from_the_keys(void **state)
{
    struct sqlite_file *f = *state;
    add_range(f, 1, 10 + FULL, 100);
    settle(f);
    file_close(f);
    file_change(f, "UPDATE id_partitions SET filter = x'00' WHERE number = 1");
    file_open(f);
    expect_range(f, f->store, 1, 10 + FULL);
}

static void damaged_batch_is_named(void **state)
{
    static const struct {
        const char *name;
        const char *change;
    } cases[] = {
        {"half an entry", "UPDATE id_batches SET entries = substr(entries, 1, 40)"                           },
        {"a key twice",   "INSERT INTO id_batches (partition, newest_ms, entries) "
                        "SELECT partition, newest_ms, entries FROM id_batches LIMIT 1"},
    };
    struct sqlite_file *f = *state;
    add_range(f, 1, 10, 100);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct store *store = NULL;
        file_close(f);
        file_change(f, "CREATE TABLE kept AS SELECT * FROM id_batches");
        file_change(f, cases[i].change);
        expect_status(cases[i].name, STATUS_FAILED,
                      file_try_open(f, STORE_WRITER, &store));
        expect_true("names the table", strstr(f->err.text, "id_batches") != NULL);
        file_change(f, "DELETE FROM id_batches; INSERT INTO id_batches SELECT * FROM "
                       "kept; DROP TABLE kept");
        file_open(f);
        expect_range(f, f->store, 1, 10);
    }
}

#define TEST(function)                                                                 \
    cmocka_unit_test_setup_teardown(function, file_set_up, file_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(keys_are_found_over_three_partitions),
        TEST(known_key_is_refused_from_a_sealed_partition_too),
        TEST(rollback_takes_a_new_partition_back),
        TEST(undo_takes_a_new_partition_back),
        TEST(expire_drops_whole_old_partitions),
        TEST(reader_follows_what_expires_and_comes),
        TEST(dropped_partition_comes_back_with_the_rollback),
        TEST(unknown_keys_rarely_reach_a_table),
        TEST(sealing_goes_on_after_a_restart),
        TEST(what_a_lost_transaction_sealed_is_sealed_again),
        TEST(more_than_memory_holds_is_sealed_at_once),
        TEST(lost_filter_is_made_again_from_the_keys),
        TEST(damaged_batch_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
