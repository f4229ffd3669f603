/* The store on the VFS of tests: what it must do right before it may judge the store.
 */
#include "support/vfs_memory.h"

#include "gateway/memory.h"
#include "store/sqlite.h"
#include "support/store_suite.h"

#define URL "sqlite:/omgw.db"

static struct vfs_memory *vfs;
static struct error err;
static int64_t next_ms; /* of a mark */

static struct store *open_store(enum store_mode mode)
{
    const struct store_options options = {
        .mode = mode, .may_migrate = true, .vfs = "tested"};
    struct store *store = NULL;
    enum status status = store_open(URL, &options, &store, &err);
    if (status != STATUS_OK)
        print_error("%s\n", err.text);
    expect_status("open", STATUS_OK, status);
    return store;
}

/* Never the same row again: SQLite writes nothing where nothing changes. */
static enum status set_mark(struct store *store, const char *name)
{
    const struct pause mark = {
        .scope = PAUSE_ORGANISATION, .name = str_of(name), .since_ms = ++next_ms};
    enum status status = store_begin(store, &err);
    if (status != STATUS_OK)
        return status;
    status = store_pause_set(store, &mark, &err);
    if (status == STATUS_OK)
        return store_commit(store, &err);
    store_rollback(store);
    return status;
}

static int set_up(void **state)
{
    (void)state;
    vfs = vfs_memory_new("tested", 1);
    vfs_memory_set_time(vfs, INT64_C(1700000000000));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    vfs_memory_free(TAKE(vfs));
    return 0;
}

/* A sum over all that reached the disk, from the copy of a disk on. */
static uint64_t sum_of_a_life(const struct disk *begin, uint64_t seed)
{
    next_ms = 0;
    vfs_memory_put_disk(vfs, disk_copy(begin));
    vfs_memory_reseed(vfs, seed);
    vfs_memory_record(vfs);
    struct store *store = open_store(STORE_WRITER);
    for (int i = 0; i < 20; i++)
        expect_status("mark", STATUS_OK, set_mark(store, i % 2 == 0 ? "a" : "b"));
    store_close(store);

    struct vfs_record *record = vfs_memory_take_record(vfs);
    uint64_t sum = 0;
    for (size_t i = 0; i < record->count; i++) {
        const struct disk_event *event = record->events[i];
        sum = sum * 31 + (uint64_t)event->op + event->offset;
        for (size_t n = 0; n < event->len; n++)
            sum = sum * 31 + event->bytes[n];
    }
    vfs_record_free(record);
    return sum;
}

/* The key of the id index is chance of our own, made with the database. */
static void the_same_seed_writes_the_same_bytes(void **state)
{
    (void)state;
    struct store *store = open_store(STORE_WRITER);
    expect_status("mark", STATUS_OK, set_mark(store, "a"));
    store_close(store);
    struct disk *begin = disk_copy(vfs_memory_disk(vfs));
    uint64_t sum = sum_of_a_life(begin, 7);
    expect_true("same seed", sum == sum_of_a_life(begin, 7));
    expect_true("another seed", sum != sum_of_a_life(begin, 8));
    disk_free(begin);
}

static void a_record_replayed_is_the_same_disk(void **state)
{
    (void)state;
    vfs_memory_record(vfs);
    struct store *store = open_store(STORE_WRITER);
    expect_status("mark", STATUS_OK, set_mark(store, "a"));
    size_t acknowledged_at = vfs_memory_position(vfs);
    expect_status("mark", STATUS_OK, set_mark(store, "b"));
    struct vfs_record *record = vfs_memory_take_record(vfs);
    store_close(store);

    struct disk *disk = disk_copy(record->begin);
    struct random random;
    random_seed(&random, 7);
    for (size_t i = 0; i < acknowledged_at; i++)
        disk_apply(disk, record->events[i]);
    vfs_memory_put_disk(vfs, disk_after_crash(disk, DISK_LOSES_ALL, &random));
    store = open_store(STORE_WRITER);
    expect_i64("what was acknowledged by then", 1, suite_count_marks(store));
    store_close(store);
    for (size_t i = acknowledged_at; i < record->count; i++)
        disk_apply(disk, record->events[i]);
    vfs_memory_put_disk(vfs, disk);
    store = open_store(STORE_WRITER);
    expect_i64("all of it", 2, suite_count_marks(store));
    store_close(store);
    vfs_record_free(record);
}

static void readers_see_what_is_committed(void **state)
{
    (void)state;
    struct store *store = open_store(STORE_WRITER);
    struct store *first = open_store(STORE_READER);
    struct store *second = open_store(STORE_READER);
    expect_status("mark", STATUS_OK, set_mark(store, "a"));
    expect_i64("first", 1, suite_count_marks(first));
    store_close(first);
    expect_status("mark", STATUS_OK, set_mark(store, "b"));
    expect_i64("second", 2, suite_count_marks(second));
    sqlite_of(store)->checkpoint_pages = 0;
    store_maintain(store);
    expect_i64("after a checkpoint", 2, suite_count_marks(second));
    store_close(store);
    expect_i64("without the writer", 2, suite_count_marks(second));
    store_close(second);
}

static void a_killed_process_leaves_what_it_wrote(void **state)
{
    (void)state;
    const struct pause mark = {.scope = PAUSE_ORGANISATION, .name = STR("b")};
    struct store *store = open_store(STORE_WRITER);
    struct store *reader = open_store(STORE_READER);
    expect_status("mark", STATUS_OK, set_mark(store, "a"));
    expect_i64("mark", 1, suite_count_marks(reader));
    expect_status("begin", STATUS_OK, store_begin(store, &err));
    expect_status("set", STATUS_OK, store_pause_set(store, &mark, &err));
    vfs_memory_kill(vfs);
    expect_status("dead", STATUS_RETRY, store_commit(store, &err));

    struct store *next = open_store(STORE_WRITER);
    expect_i64("after the restart", 1, suite_count_marks(next));
    store_close(store);
    store_close(reader);
    expect_status("goes on beside the closing of the dead", STATUS_OK,
                  set_mark(next, "c"));
    store_close(next);
    next = open_store(STORE_WRITER);
    expect_i64("in the end", 2, suite_count_marks(next));
    store_close(next);
}

static void a_synced_commit_survives_every_power_loss(void **state)
{
    static const struct {
        const char *name;
        const char *setting;
        bool may_lose;
    } cases[] = {
        {"full",   "PRAGMA synchronous = FULL",   false},
        {"normal", "PRAGMA synchronous = NORMAL", true },
    };
    (void)state;
    struct random random;
    random_seed(&random, 7);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int lost = 0;
        for (int n = 0; n < 60; n++) {
            vfs_memory_put_disk(vfs, disk_new());
            struct store *store = open_store(STORE_WRITER);
            expect_status("setting", STATUS_OK,
                          sqlite_run(sqlite_of(store), cases[i].setting, &err));
            expect_status("mark", STATUS_OK, set_mark(store, "a"));
            vfs_memory_lose_power(vfs, (enum disk_fate)(n % DISK_FATES), &random);
            store_close(store);
            store = open_store(STORE_WRITER);
            lost += suite_count_marks(store) == 0;
            store_close(store);
        }
        expect_true(cases[i].name, (lost > 0) == cases[i].may_lose);
    }
}

static void a_full_disk_is_told_and_relief_is_noticed(void **state)
{
    (void)state;
    struct store *store = open_store(STORE_WRITER);
    vfs_memory_limit(vfs, disk_used(vfs_memory_disk(vfs)) + 100);
    expect_status("full", STATUS_RETRY, set_mark(store, "a"));
    expect_true("says why", strstr(err.text, "full") != NULL);
    vfs_memory_limit(vfs, SIZE_MAX);
    expect_status("relieved", STATUS_OK, set_mark(store, "a"));
    expect_i64("marks", 1, suite_count_marks(store));
    store_close(store);
}

static void the_chosen_calls_fail(void **state)
{
    static const struct {
        const char *name;
        struct vfs_trouble trouble;
        enum status want;
        enum status next;
    } cases[] = {
        {"the first sync",
         {.nth = 1, .calls = 1u << VFS_SYNC},
         STATUS_RETRY,                                                    STATUS_OK   },
        {"each sync",
         {.nth = 1, .goes_on = true, .calls = 1u << VFS_SYNC},
         STATUS_RETRY,                                                    STATUS_RETRY},
        {"the tenth change",
         {.nth = 10, .calls = VFS_CHANGES},
         STATUS_OK,                                                       STATUS_RETRY},
        {"none",             {.nth = 0},                       STATUS_OK, STATUS_OK   },
    };
    (void)state;
    struct store *store = open_store(STORE_WRITER);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct vfs_trouble none = {.nth = 0};
        vfs_memory_trouble(vfs, &cases[i].trouble);
        expect_status(cases[i].name, cases[i].want, set_mark(store, "a"));
        enum status next = STATUS_OK;
        for (int n = 0; n < 4 && next == STATUS_OK; n++)
            next = set_mark(store, "b");
        expect_status(cases[i].name, cases[i].next, next);
        expect_true(cases[i].name,
                    vfs_memory_has_failed(vfs) == (cases[i].trouble.nth != 0));
        expect_true("counted", vfs_memory_calls(vfs) > 0);
        vfs_memory_trouble(vfs, &none);
        expect_status("afterwards", STATUS_OK, set_mark(store, "c"));
    }
    store_close(store);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_same_seed_writes_the_same_bytes),
        TEST(a_record_replayed_is_the_same_disk),
        TEST(readers_see_what_is_committed),
        TEST(a_killed_process_leaves_what_it_wrote),
        TEST(a_synced_commit_survives_every_power_loss),
        TEST(a_full_disk_is_told_and_relief_is_noticed),
        TEST(the_chosen_calls_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
