#include "store/ids_convert.h"

#include "store/ids.h"

#include "support/sqlite_file.h"

/* Puts the keys of all batches back where they were before migration 0002. */
static void make_old(struct sqlite_file *f, int64_t table)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *from = NULL;
    sqlite3_stmt *to = NULL;
    char sql[256];
    assert_int_equal(SQLITE_OK, sqlite3_open(f->path, &db));
    (void)snprintf(sql, sizeof(sql),
                   "CREATE TABLE ids_%lld (key BLOB PRIMARY KEY, message INTEGER NOT "
                   "NULL, tag INTEGER NOT NULL) STRICT, WITHOUT ROWID",
                   (long long)table);
    assert_int_equal(SQLITE_OK, sqlite3_exec(db, sql, NULL, NULL, NULL));
    (void)snprintf(sql, sizeof(sql), "INSERT INTO ids_%lld VALUES (?1, ?2, ?3)",
                   (long long)table);
    assert_int_equal(SQLITE_OK, sqlite3_prepare_v2(db, sql, -1, &to, NULL));
    assert_int_equal(SQLITE_OK, sqlite3_prepare_v2(db, "SELECT entries FROM id_batches",
                                                   -1, &from, NULL));
    while (sqlite3_step(from) == SQLITE_ROW) {
        struct str rest = str_from(sqlite3_column_blob(from, 0),
                                   (size_t)sqlite3_column_bytes(from, 0));
        struct id_entry entry;
        uint8_t key[HASH16_BYTES];
        while (id_entry_next(&rest, key, &entry)) {
            (void)sqlite3_reset(to);
            (void)sqlite3_bind_blob(to, 1, key, sizeof(key), SQLITE_TRANSIENT);
            (void)sqlite3_bind_int64(to, 2, entry.message);
            (void)sqlite3_bind_int64(to, 3, entry.tag);
            assert_int_equal(SQLITE_DONE, sqlite3_step(to));
        }
    }
    (void)sqlite3_finalize(from);
    (void)sqlite3_finalize(to);
    (void)snprintf(sql, sizeof(sql),
                   "DELETE FROM id_batches; INSERT INTO id_tables (number) "
                   "VALUES (%lld)",
                   (long long)table);
    assert_int_equal(SQLITE_OK, sqlite3_exec(db, sql, NULL, NULL, NULL));
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
}

static void add_range(struct sqlite_file *f, int64_t first, int64_t end)
{
    file_begin(f);
    for (int64_t n = first; n < end; n++)
        file_ok(f, file_add_id(f, n, FILE_NOW_MS));
    file_commit(f);
}

static int64_t old_tables(struct sqlite_file *f)
{
    return file_count(f->path,
                      "SELECT (SELECT count(*) FROM id_tables) + (SELECT count(*) FROM "
                      "sqlite_schema WHERE name GLOB 'ids_[0-9]*')");
}

static void old_tables_are_taken_over_at_the_first_start(void **state)
{
    struct sqlite_file *f = *state;
    add_range(f, 1, 400);
    file_close(f);
    make_old(f, 3);
    file_open(f);
    add_range(f, 400, 1000);
    file_close(f);
    make_old(f, 4);
    expect_i64("as it was", 2, old_tables(f));

    file_open(f);
    for (int64_t n = 1; n < 1000; n++)
        expect_i64("taken over", n, file_find_id(f, f->store, n));
    expect_i64("nothing old is left", 0, old_tables(f));
    int64_t count = 0;
    file_ok(f, ids_count(sqlite_of(f->store)->ids, &count, &f->err));
    expect_i64("each once", 999, count);
    expect_status("known", STATUS_DUPLICATE, file_add_id(f, 5, FILE_NOW_MS));
}

static void interrupted_conversion_goes_on(void **state)
{
    struct sqlite_file *f = *state;
    add_range(f, 1, 400);
    file_close(f);
    make_old(f, 3);
    file_change(f, "INSERT INTO id_tables (number) VALUES (4)"); /* without its table */
    struct store *store = NULL;
    expect_status("the second fails", STATUS_FAILED,
                  file_try_open(f, STORE_WRITER, &store));
    file_change(f, "DELETE FROM id_tables WHERE number = 4");
    file_open(f);
    expect_i64("the first was taken over", 399, file_find_id(f, f->store, 399));
    expect_i64("nothing old is left", 0, old_tables(f));
}

#define TEST(function)                                                                 \
    cmocka_unit_test_setup_teardown(function, file_set_up, file_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(old_tables_are_taken_over_at_the_first_start),
        TEST(interrupted_conversion_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
