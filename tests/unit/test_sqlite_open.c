/* What a writer that opens a database finds of the one before. */
#include "support/vfs_memory.h"

#include "support/store_suite.h"

static struct vfs_memory *vfs;
static struct error err;

static struct store *open_writer(void)
{
    const struct store_options options = {
        .mode = STORE_WRITER, .may_migrate = true, .vfs = "opened"};
    struct store *store = NULL;
    expect_status("open", STATUS_OK,
                  store_open("sqlite:/omgw.db", &options, &store, &err));
    return store;
}

static enum status set_mark(struct store *store, const char *name)
{
    const struct pause mark = {.scope = PAUSE_ORGANISATION, .name = str_of(name)};
    expect_status("begin", STATUS_OK, store_begin(store, &err));
    expect_status("mark", STATUS_OK, store_pause_set(store, &mark, &err));
    return store_commit(store, &err);
}

/* The commit was refused, so its sender repeats; the next process sees it and says that
 * it is stored: then it must be, whatever happens to the machine. */
static void what_is_found_behind_a_failed_sync_is_safe(void **state)
{
    struct random random;
    (void)state;
    random_seed(&random, 1);
    for (enum disk_fate fate = DISK_LOSES_ALL; fate < DISK_FATES; fate++) {
        vfs = vfs_memory_new("opened", 1);
        struct store *store = open_writer();
        expect_status("first", STATUS_OK, set_mark(store, "first"));
        vfs_memory_trouble(vfs,
                           &(struct vfs_trouble){.nth = 1, .calls = 1u << VFS_SYNC});
        expect_status("second", STATUS_RETRY, set_mark(store, "second"));
        vfs_memory_kill(vfs);
        store_close(store);

        store = open_writer();
        int seen = suite_count_marks(store);
        expect_i64("it had been written", 2, seen);
        vfs_memory_lose_power(vfs, fate, &random);
        store_close(store);

        store = open_writer();
        expect_i64("still there", seen, suite_count_marks(store));
        store_close(store);
        vfs_memory_free(vfs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_found_behind_a_failed_sync_is_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
