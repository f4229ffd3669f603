#include "support/sqlite_faults.h"

#include "support/sqlite_file.h"

#include <sys/stat.h>

#include "gateway/store_copy.h"

struct copy {
    struct sqlite_file *f;
    char file[128];
    char part[144];
    struct store_backup *backup;
    struct backup_figures at;
};

static void copy_name(struct copy *c, struct sqlite_file *f, const char *name)
{
    *c = (struct copy){.f = f};
    (void)snprintf(c->file, sizeof(c->file), "%s/%s", f->directory, name);
    (void)snprintf(c->part, sizeof(c->part), "%s.omgw-part", c->file);
}

static enum status copy_begin(struct copy *c, bool may_replace)
{
    const struct backup_options options = {.file = c->file, .may_replace = may_replace};
    return store_backup_begin(c->f->store, &options, &c->backup, &c->f->err);
}

/* All of it, unless it fails. */
static enum status copy_run(struct copy *c, bool may_replace)
{
    c->at.is_copied = false;
    enum status status = copy_begin(c, may_replace);
    while (status == STATUS_OK && !c->at.is_copied)
        status = store_backup_step(c->backup, &c->at, &c->f->err);
    if (status == STATUS_OK)
        status = store_backup_settle(c->backup, &c->f->err);
    store_backup_close(TAKE(c->backup));
    return status;
}

static void accept_range(struct sqlite_file *f, int64_t first, int64_t end,
                         size_t bytes)
{
    static char text[60000];
    memset(text, 'x', sizeof(text));
    file_begin(f);
    for (int64_t n = first; n < end; n++)
        file_ok(f, file_accept_known(f, n, str_from(text, bytes)));
    file_commit(f);
}

static int64_t messages_of(const char *path)
{
    return file_count(path, "SELECT count(*) FROM messages");
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static void expect_no_trace(const struct copy *c)
{
    expect_false("no file", is_there(c->file));
    expect_false("nor a part of one", is_there(c->part));
}

/* --- the copy ----------------------------------------------------------------------
 */

static void backup_is_one_sound_file_for_its_owner_only(void **state)
{
    struct sqlite_file *f = *state;
    struct copy c;
    struct stat info;
    char log[160];
    copy_name(&c, f, "copy.db");
    accept_range(f, 1, 50, 5000);
    file_ok(f, copy_run(&c, false));

    assert_int_equal(0, stat(c.file, &info));
    expect_i64("mode", 0600, info.st_mode & 07777);
    expect_i64("size", info.st_size, c.at.all_bytes);
    expect_str("integrity", "ok", str_of(file_ask(c.file, "PRAGMA integrity_check")));
    expect_str("needs no log", "delete",
               str_of(file_ask(c.file, "PRAGMA journal_mode")));
    expect_i64("messages", 49, messages_of(c.file));
    (void)snprintf(log, sizeof(log), "%s-wal", c.part);
    expect_false("no log is left", is_there(log));
    expect_false("nor the part", is_there(c.part));
    expect_str("the database keeps its log", "wal",
               str_of(file_ask(f->path, "PRAGMA journal_mode")));
}

static void backup_holds_what_is_committed_until_its_last_step(void **state)
{
    struct sqlite_file *f = *state;
    struct copy c;
    copy_name(&c, f, "copy.db");
    accept_range(f, 1, 100, 50000);
    file_ok(f, copy_begin(&c, false));
    file_ok(f, store_backup_step(c.backup, &c.at, &f->err));
    expect_false("more is left", c.at.is_copied);
    int64_t next = 100;
    size_t steps = 0;
    while (!c.at.is_copied) {
        /* Rows in pages that are copied already, and new pages; and upkeep. */
        accept_range(f, next, next + 3, 20000);
        store_maintain(f->store);
        next += 3;
        file_ok(f, store_backup_step(c.backup, &c.at, &f->err));
        assert_true(++steps < 1000);
    }
    file_begin(f); /* after the last step it is complete: this one is not in it */
    file_ok(f, file_accept_known(f, next, STR("later")));
    file_commit(f);
    file_ok(f, store_backup_settle(c.backup, &f->err));
    store_backup_close(c.backup);

    expect_i64("messages", next - 1, messages_of(c.file));
    expect_str("integrity", "ok", str_of(file_ask(c.file, "PRAGMA integrity_check")));
    expect_i64("the gateway goes on", next, messages_of(f->path));
}

static void backup_survives_a_rolled_back_transaction(void **state)
{
    struct sqlite_file *f = *state;
    struct copy c;
    copy_name(&c, f, "copy.db");
    accept_range(f, 1, 100, 50000);
    file_ok(f, copy_begin(&c, false));
    file_ok(f, store_backup_step(c.backup, &c.at, &f->err));
    file_begin(f);
    file_ok(f, file_accept_known(f, 100, STR("never committed")));
    store_rollback(f->store);
    while (!c.at.is_copied)
        file_ok(f, store_backup_step(c.backup, &c.at, &f->err));
    file_ok(f, store_backup_settle(c.backup, &f->err));
    store_backup_close(c.backup);
    expect_i64("messages", 99, messages_of(c.file));
    expect_str("integrity", "ok", str_of(file_ask(c.file, "PRAGMA integrity_check")));
}

static void backup_gives_up_when_everything_is_rolled_back(void **state)
{
    struct sqlite_file *f = *state;
    struct copy c;
    enum status status = STATUS_OK;
    copy_name(&c, f, "copy.db");
    accept_range(f, 1, 100, 50000);
    file_ok(f, copy_begin(&c, false));
    for (unsigned i = 0; i < 100 && status == STATUS_OK && !c.at.is_copied; i++) {
        status = store_backup_step(c.backup, &c.at, &f->err);
        if (status == STATUS_OK)
            status = store_backup_step(c.backup, &c.at, &f->err);
        file_begin(f);
        file_ok(f, file_accept_known(f, 100, STR("never committed")));
        store_rollback(f->store);
    }
    expect_status("given up", STATUS_RETRY, status);
    expect_true("says why", strstr(f->err.text, "rolled back") != NULL);
    store_backup_close(c.backup);
    expect_no_trace(&c);
}

static void abandoned_backup_leaves_nothing(void **state)
{
    struct sqlite_file *f = *state;
    struct copy c;
    copy_name(&c, f, "copy.db");
    accept_range(f, 1, 100, 50000);
    file_ok(f, copy_begin(&c, false));
    file_ok(f, store_backup_step(c.backup, &c.at, &f->err));
    expect_true("under way", is_there(c.part));
    store_backup_close(c.backup);
    expect_no_trace(&c);
    accept_range(f, 100, 101, 10);
}

/* --- names -------------------------------------------------------------------------
 */

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(0, fclose(file));
}

static void backup_replaces_nothing_unless_told_and_only_backups(void **state)
{
    struct sqlite_file *f = *state;
    struct copy c;
    copy_name(&c, f, "copy.db");
    accept_range(f, 1, 2, 10);
    file_ok(f, copy_run(&c, false));
    accept_range(f, 2, 3, 10);
    expect_status("there", STATUS_CONFLICT, copy_run(&c, false));
    expect_true("says how", strstr(f->err.text, "--force") != NULL);
    expect_i64("untouched", 1, messages_of(c.file));
    file_ok(f, copy_run(&c, true));
    expect_i64("replaced", 2, messages_of(c.file));

    copy_name(&c, f, "letter.txt");
    write_file(c.file,
               "dear aunt, this text is long enough to hold a header of a file");
    expect_status("no backup", STATUS_CONFLICT, copy_run(&c, true));
    expect_false("no part", is_there(c.part));
    copy_name(&c, f, "."); /* the folder itself */
    expect_status("no file", STATUS_CONFLICT, copy_run(&c, true));
}

static void backup_never_takes_a_name_of_the_database(void **state)
{
    static const char *const names[] = {"omgw.db", "omgw.db-wal", "omgw.db-shm",
                                        "omgw.db.lock", "link.db"};
    struct sqlite_file *f = *state;
    char link_name[128];
    accept_range(f, 1, 2, 10);
    (void)snprintf(link_name, sizeof(link_name), "%s/link.db", f->directory);
    assert_int_equal(0, symlink(f->path, link_name));
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct copy c;
        copy_name(&c, f, names[i]);
        expect_status(names[i], STATUS_CONFLICT, copy_run(&c, true));
        expect_true(names[i], strstr(f->err.text, "the database itself") != NULL);
    }
    accept_range(f, 2, 3, 10);
    expect_i64("unharmed", 2, messages_of(f->path));
}

static void file_made_meanwhile_is_not_replaced(void **state)
{
    struct sqlite_file *f = *state;
    struct copy c;
    copy_name(&c, f, "copy.db");
    file_ok(f, copy_begin(&c, false));
    while (!c.at.is_copied)
        file_ok(f, store_backup_step(c.backup, &c.at, &f->err));
    write_file(c.file, "somebody else's");
    expect_status("made meanwhile", STATUS_CONFLICT,
                  store_backup_settle(c.backup, &f->err));
    store_backup_close(c.backup);
    expect_true("still there", is_there(c.file));
    expect_false("no part", is_there(c.part));
}

static void left_over_part_is_taken_over_unless_it_is_being_written(void **state)
{
    struct sqlite_file *f = *state;
    struct copy c;
    struct copy other;
    copy_name(&c, f, "copy.db");
    copy_name(&other, f, "copy.db");
    write_file(c.part, "left by a killed process");
    file_ok(f, copy_begin(&c, false));
    expect_status("another one writes it", STATUS_CONFLICT, copy_begin(&other, false));
    while (!c.at.is_copied)
        file_ok(f, store_backup_step(c.backup, &c.at, &f->err));
    file_ok(f, store_backup_settle(c.backup, &f->err));
    store_backup_close(c.backup);
    expect_str("integrity", "ok", str_of(file_ask(c.file, "PRAGMA integrity_check")));
}

static void folder_that_is_not_there_is_named_with_what_to_do(void **state)
{
    struct sqlite_file *f = *state;
    struct copy c;
    copy_name(&c, f, "nowhere/copy.db");
    expect_status("no folder", STATUS_NOT_FOUND, copy_run(&c, false));
    expect_true("what to do", strstr(f->err.text, "create the folder") != NULL);
}

static void backup_leaves_the_reserve_of_the_disk(void **state)
{
    struct sqlite_file *f = *state;
    struct copy c;
    copy_name(&c, f, "copy.db");
    const struct backup_options options = {.file = c.file,
                                           .reserve_bytes = INT64_MAX / 2};
    expect_status("no room", STATUS_RETRY,
                  store_backup_begin(f->store, &options, &c.backup, &f->err));
    expect_true("says so", strstr(f->err.text, "must stay free") != NULL);
    expect_no_trace(&c);
}

/* --- failures ----------------------------------------------------------------------
 */

/* Every write, sync and truncation of the copy fails once, and all behind it. */
static void backup_on_a_failing_disk_leaves_no_half_file(void **state)
{
    struct sqlite_file *f = *state;
    struct copy c;
    enum status status = STATUS_FAILED;
    size_t failures = 0;
    copy_name(&c, f, "copy.db");
    accept_range(f, 1, 60, 20000);
    store_maintain(f->store);
    for (int64_t at = 1; status != STATUS_OK; at += 1 + at / 8) {
        faults_start(&file_faults, at, SQLITE_FULL);
        status = copy_run(&c, false);
        faults_start(&file_faults, 0, SQLITE_OK);
        if (status == STATUS_OK)
            break;
        failures++;
        expect_status("the disk", STATUS_RETRY, status);
        expect_no_trace(&c);
        accept_range(f, 60 + at, 61 + at, 100); /* the database is unharmed */
    }
    assert_true(failures > 20);
    expect_str("integrity", "ok", str_of(file_ask(c.file, "PRAGMA integrity_check")));
    expect_str("integrity", "ok", str_of(file_ask(f->path, "PRAGMA integrity_check")));
}

static void backup_without_memory_leaves_no_half_file(void **state)
{
    struct sqlite_file *f = *state;
    struct copy c;
    size_t failures = 0;
    copy_name(&c, f, "copy.db");
    accept_range(f, 1, 20, 20000);
    for (int64_t at = 1;; at++) {
        faults_start(&memory_faults, at, 0);
        enum status status = copy_run(&c, true);
        bool happened = memory_faults.happened;
        faults_start(&memory_faults, 0, 0);
        if (!happened)
            break;
        if (status != STATUS_OK) {
            failures++;
            expect_no_trace(&c);
        }
        (void)unlink(c.file);
    }
    assert_true(failures > 5);
    accept_range(f, 20, 21, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_FILE(backup_is_one_sound_file_for_its_owner_only),
        ON_A_FILE(backup_holds_what_is_committed_until_its_last_step),
        ON_A_FILE(backup_survives_a_rolled_back_transaction),
        ON_A_FILE(backup_gives_up_when_everything_is_rolled_back),
        ON_A_FILE(abandoned_backup_leaves_nothing),
        ON_A_FILE(backup_replaces_nothing_unless_told_and_only_backups),
        ON_A_FILE(backup_never_takes_a_name_of_the_database),
        ON_A_FILE(file_made_meanwhile_is_not_replaced),
        ON_A_FILE(left_over_part_is_taken_over_unless_it_is_being_written),
        ON_A_FILE(folder_that_is_not_there_is_named_with_what_to_do),
        ON_A_FILE(backup_leaves_the_reserve_of_the_disk),
        ON_A_FILE(backup_on_a_failing_disk_leaves_no_half_file),
        ON_A_FILE(backup_without_memory_leaves_no_half_file),
    };
    return cmocka_run_group_tests(tests, faults_set_up, NULL);
}
