#include "store/migrate.h"

#include "support/sqlite_file.h"

/* --- with migrations of the test's own --------------------------------------- */

#define SQL(name, text)                                                                \
    {                                                                                  \
        name, text, sizeof(text) - 1                                                   \
    }
#define SCHEMA                                                                         \
    "CREATE TABLE schema_migrations (number INTEGER PRIMARY KEY, name TEXT, "          \
    "sha256 TEXT, applied_ms INTEGER); CREATE TABLE meta (name TEXT PRIMARY KEY, "     \
    "value BLOB);"

static const struct migration first_only[] = {SQL("0001_first", SCHEMA)};
static const struct migration two[] = {
    SQL("0001_first", SCHEMA),
    SQL("0002_second", "CREATE TABLE second (a INTEGER);"),
};
static const struct migration edited[] = {
    SQL("0001_first", SCHEMA),
    SQL("0002_second", "CREATE TABLE second (a INTEGER, b TEXT);"),
};
static const struct migration renamed[] = {
    SQL("0001_first", SCHEMA),
    SQL("0002_other", "CREATE TABLE second (a INTEGER);"),
};
static const struct migration failing[] = {
    SQL("0001_first", SCHEMA),
    SQL("0002_second", "CREATE TABLE second (a INTEGER);"),
    SQL("0003_third", "CREATE TABLE third (a INTEGER); CREATE TABLE second (b TEXT);"),
};

/* A file without a store on it. */
struct bare {
    struct sqlite_file file;
    struct sqlite_store store;
    struct error err;
    bool is_current;
};

static int bare_set_up(void **state)
{
    struct bare *bare = mem_new(sizeof(*bare));
    file_make_directory(&bare->file);
    bare->store.path = bare->file.path;
    assert_int_equal(SQLITE_OK, sqlite3_open(bare->file.path, &bare->store.db));
    *state = bare;
    return 0;
}

static int bare_tear_down(void **state)
{
    struct bare *bare = *state;
    for (size_t i = 0; i < SQLITE_STORE_QUERIES; i++)
        (void)sqlite3_finalize(bare->store.queries[i].stmt);
    assert_int_equal(SQLITE_OK, sqlite3_close(bare->store.db));
    folder_remove(bare->file.directory);
    mem_free(bare);
    return 0;
}

static enum status bare_migrate(struct bare *bare, const struct migration *migrations,
                                size_t count, enum store_mode mode, bool may_migrate)
{
    const struct store_options options = {.mode = mode, .may_migrate = may_migrate};
    bare->store.store.mode = mode;
    bare->err.text[0] = '\0';
    return migrate_with(&bare->store, migrations, count, &options, &bare->is_current,
                        &bare->err);
}
#define MIGRATE(bare, list) bare_migrate(bare, list, COUNT_OF(list), STORE_WRITER, true)

static void expect_applied(struct bare *bare, const char *names)
{
    const char *sql = "SELECT group_concat(name, ' ') FROM schema_migrations";
    expect_str("applied", names, str_of(file_ask(bare->file.path, sql)));
}

static void expect_says(struct bare *bare, const char *words)
{
    if (strstr(bare->err.text, words) == NULL)
        expect_str("error", words, str_of(bare->err.text));
}

static void new_file_gets_every_migration_in_order(void **state)
{
    struct bare *bare = *state;
    expect_status("both", STATUS_OK, MIGRATE(bare, two));
    expect_true("is current", bare->is_current);
    expect_applied(bare, "0001_first 0002_second");
    expect_i64("the key is made with the database", 16,
               file_count(bare->file.path, "SELECT length(value) FROM meta"));
    expect_status("again", STATUS_OK, MIGRATE(bare, two));
    expect_applied(bare, "0001_first 0002_second");
}

static void older_schema_gets_only_what_is_pending(void **state)
{
    struct bare *bare = *state;
    char key[64];
    expect_status("first", STATUS_OK, MIGRATE(bare, first_only));
    (void)snprintf(key, sizeof(key), "%s",
                   file_ask(bare->file.path, "SELECT hex(value) FROM meta"));
    expect_status("both", STATUS_OK, MIGRATE(bare, two));
    expect_applied(bare, "0001_first 0002_second");
    expect_str("the key stays", key,
               str_of(file_ask(bare->file.path, "SELECT hex(value) FROM meta")));
}

static void older_schema_is_refused_where_nothing_may_change(void **state)
{
    struct bare *bare = *state;
    expect_status("missing", STATUS_INVALID,
                  bare_migrate(bare, two, 2, STORE_WRITER, false));
    expect_says(bare, "0001_first is pending");
    expect_status("first", STATUS_OK, MIGRATE(bare, first_only));
    expect_status("older", STATUS_INVALID,
                  bare_migrate(bare, two, 2, STORE_WRITER, false));
    expect_says(bare, "0002_second is pending");
    expect_status("older for a reader", STATUS_INVALID,
                  bare_migrate(bare, two, 2, STORE_READER, false));
    expect_applied(bare, "0001_first");
}

static void reader_may_look_at_an_older_schema(void **state)
{
    struct bare *bare = *state;
    expect_status("missing", STATUS_OK, bare_migrate(bare, two, 2, STORE_READER, true));
    expect_false("not current", bare->is_current);
    expect_status("first", STATUS_OK, MIGRATE(bare, first_only));
    expect_status("older", STATUS_OK, bare_migrate(bare, two, 2, STORE_READER, true));
    expect_false("not current", bare->is_current);
    expect_applied(bare, "0001_first");
    expect_status("both", STATUS_OK, MIGRATE(bare, two));
    expect_status("newest", STATUS_OK, bare_migrate(bare, two, 2, STORE_READER, true));
    expect_true("is current", bare->is_current);
}

static void newer_schema_is_refused_with_both_names(void **state)
{
    struct bare *bare = *state;
    expect_status("both", STATUS_OK, MIGRATE(bare, two));
    expect_status("an older binary", STATUS_INVALID, MIGRATE(bare, first_only));
    expect_says(bare, "newer (0002_second)");
    expect_says(bare, "up to 0001_first");
}

static void edited_migration_is_refused(void **state)
{
    struct bare *bare = *state;
    expect_status("both", STATUS_OK, MIGRATE(bare, two));
    expect_status("other text", STATUS_INVALID, MIGRATE(bare, edited));
    expect_says(bare, "0002_second");
    expect_says(bare, "edited");
    expect_status("other name", STATUS_INVALID, MIGRATE(bare, renamed));
    expect_says(bare, "0002_other");
}

static void failing_migration_leaves_those_before_it(void **state)
{
    struct bare *bare = *state;
    expect_status("third fails", STATUS_FAILED, MIGRATE(bare, failing));
    expect_says(bare, "second");
    expect_applied(bare, "0001_first 0002_second");
    expect_i64("nothing of it is left", 0,
               file_count(bare->file.path,
                          "SELECT count(*) FROM sqlite_schema WHERE name = 'third'"));
    expect_true("nor a transaction", sqlite3_get_autocommit(bare->store.db) != 0);
    expect_status("mended", STATUS_OK, MIGRATE(bare, two));
}

static void file_of_another_program_is_left_alone(void **state)
{
    struct bare *bare = *state;
    assert_int_equal(SQLITE_OK, sqlite3_exec(bare->store.db, "CREATE TABLE theirs (a)",
                                             NULL, NULL, NULL));
    expect_status("theirs", STATUS_INVALID, MIGRATE(bare, two));
    expect_says(bare, "not a database of this program");
    expect_i64("tables", 1,
               file_count(bare->file.path, "SELECT count(*) FROM sqlite_schema"));
}

/* --- with the compiled ones, through the store --------------------------------- */

static void collect(const void *row, void *context)
{
    const struct str *name = row;
    buf_add(context, *name);
    buf_add_char(context, ' ');
}

static void store_names_what_is_pending(void **state)
{
    struct bare *bare = *state;
    const struct store_options options = {.mode = STORE_READER, .may_migrate = true};
    struct store *reader = NULL;
    struct store_overview overview = {.messages = 0};
    CLEANUP(buf_release) struct buf names;
    buf_init(&names, 4096);

    expect_status("open", STATUS_OK,
                  store_open(bare->file.url, &options, &reader, &bare->err));
    expect_status("pending", STATUS_OK,
                  migrate_pending(reader, collect, &names, &bare->err));
    expect_true("the core first", str_starts(buf_str(&names), STR("0001_core ")));
    expect_status("overview", STATUS_OK,
                  reader->backend->overview(reader, &overview, &bare->err));
    expect_str("none applied", "", overview.version);
    store_close(reader);
}

static void store_refuses_a_schema_from_the_future(void **state)
{
    struct sqlite_file *f = *state;
    struct store *store = NULL;
    file_close(f);
    file_change(f, "INSERT INTO schema_migrations VALUES (9000, '9000_later', 'x', 1)");
    expect_status("writer", STATUS_INVALID, file_try_open(f, STORE_WRITER, &store));
    expect_true("names it", strstr(f->err.text, "9000_later") != NULL);
    expect_status("reader", STATUS_INVALID, file_try_open(f, STORE_READER, &store));
}

static void store_refuses_an_edited_core(void **state)
{
    struct sqlite_file *f = *state;
    struct store *store = NULL;
    file_close(f);
    file_change(f, "UPDATE schema_migrations SET sha256 = '00' WHERE number = 1");
    expect_status("open", STATUS_INVALID, file_try_open(f, STORE_WRITER, &store));
    expect_true("names it", strstr(f->err.text, "0001_core") != NULL);
}

static void store_needs_the_key_of_its_ids(void **state)
{
    struct sqlite_file *f = *state;
    struct store *store = NULL;
    file_close(f);
    file_change(f, "UPDATE meta SET value = x'00'");
    expect_status("short", STATUS_FAILED, file_try_open(f, STORE_WRITER, &store));
    file_change(f, "DELETE FROM meta");
    expect_status("lost", STATUS_FAILED, file_try_open(f, STORE_WRITER, &store));
    expect_true("says so", strstr(f->err.text, "key") != NULL);
}

#define BARE(function)                                                                 \
    cmocka_unit_test_setup_teardown(function, bare_set_up, bare_tear_down)
#define STORE(function)                                                                \
    cmocka_unit_test_setup_teardown(function, file_set_up, file_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE(new_file_gets_every_migration_in_order),
        BARE(older_schema_gets_only_what_is_pending),
        BARE(older_schema_is_refused_where_nothing_may_change),
        BARE(reader_may_look_at_an_older_schema),
        BARE(newer_schema_is_refused_with_both_names),
        BARE(edited_migration_is_refused),
        BARE(failing_migration_leaves_those_before_it),
        BARE(file_of_another_program_is_left_alone),
        BARE(store_names_what_is_pending),
        STORE(store_refuses_a_schema_from_the_future),
        STORE(store_refuses_an_edited_core),
        STORE(store_needs_the_key_of_its_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
