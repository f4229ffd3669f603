#include "support/sqlite_faults.h"

#include "support/sqlite_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "gateway/store_copy.h"

#define RESTORE_MS INT64_C(1770110140250) /* 2026-02-03T09:15:40.250Z */
#define ASIDE ".before-restore-20260203T091540Z"

struct restoration {
    struct sqlite_file *f;
    struct arena *arena;
    struct restore_options options;
    struct restore_result result;
    char backup[160];
    char aside[192];
    size_t findings;
    int64_t stop_at; /* calls; 0: never */
};

static bool heard_move(const char *what, int64_t done, int64_t all, void *context)
{
    struct restoration *r = context;
    (void)what;
    (void)done;
    (void)all;
    return r->stop_at == 0 || --r->stop_at > 0;
}

static void heard_finding(const struct verify_finding *finding, void *context)
{
    struct restoration *r = context;
    (void)finding;
    r->findings++;
}

static void accept_range(struct sqlite_file *f, int64_t first, int64_t end)
{
    file_begin(f);
    for (int64_t n = first; n < end; n++)
        file_ok(f, file_accept_known(f, n, STR("a text")));
    file_commit(f);
}

/* Ten messages are in the backup, five more in the database, which is closed. */
static void set_up(struct restoration *r, struct sqlite_file *f)
{
    *r = (struct restoration){.f = f, .arena = arena_new(1 << 20)};
    (void)snprintf(r->backup, sizeof(r->backup), "%s/backup.db", f->directory);
    (void)snprintf(r->aside, sizeof(r->aside), "%s" ASIDE, f->path);
    r->options = (struct restore_options){
        .file = r->backup, .reason = "look first", .now_ms = RESTORE_MS};
    accept_range(f, 1, 11);
    file_close(f);
    char sql[192];
    (void)snprintf(sql, sizeof(sql), "VACUUM INTO '%s'", r->backup);
    file_change(f, sql);
    file_open(f);
    accept_range(f, 11, 16);
    file_close(f);
}

static void tear_down(struct restoration *r)
{
    arena_free(r->arena);
    file_open(r->f);
}

static enum status restore(struct restoration *r)
{
    const struct store_watch watch = {heard_move, heard_finding, r};
    return store_restore(r->f->url, &r->options, &watch, r->arena, &r->result,
                         &r->f->err);
}

static int64_t messages_of(const char *path)
{
    return file_count(path, "SELECT count(*) FROM messages");
}

static bool has_suffix(const char *path, const char *suffix)
{
    char name[256];
    (void)snprintf(name, sizeof(name), "%s%s", path, suffix);
    return access(name, F_OK) == 0;
}

/* Neither a part nor a second name of the database is left. */
static void expect_unchanged(struct restoration *r)
{
    expect_i64("messages", 15, messages_of(r->f->path));
    expect_false("no part", has_suffix(r->f->path, ".restore-part"));
    expect_false("no log of it", has_suffix(r->f->path, ".restore-part-journal"));
    expect_false("nothing aside", access(r->aside, F_OK) == 0);
}

/* --- what it does ------------------------------------------------------------------
 */

static void restore_puts_the_backup_in_place_and_keeps_what_was_there(void **state)
{
    struct restoration r;
    set_up(&r, *state);
    file_ok(r.f, restore(&r));
    expect_i64("restored", 10, messages_of(r.f->path));
    expect_i64("said", 10, r.result.messages);
    expect_i64("newest", FILE_NOW_MS + 10, r.result.newest_ms);
    expect_str("kept as", r.aside, r.result.kept_as);
    expect_i64("kept", 15, messages_of(r.aside));
    expect_i64("the backup stays", 10, messages_of(r.backup));
    expect_false("no part", has_suffix(r.f->path, ".restore-part"));
    expect_i64("nothing is paused", 0,
               file_count(r.f->path, "SELECT count(*) FROM pauses"));
    /* What waits may have been sent since: nobody knows of any run what was on its way.
     */
    expect_i64("a run of no board", 1,
               file_count(r.f->path, "SELECT count(*) FROM meta WHERE name = 'run' AND "
                                     "length(value) = 16"));

    file_open(r.f); /* and it is a database like every other */
    accept_range(r.f, 11, 13);
    expect_i64("goes on", 11, file_find_id(r.f, r.f->store, 11));
    expect_i64("goes on", 12, messages_of(r.f->path));
    file_close(r.f);
    tear_down(&r);
}

static void restore_takes_the_log_of_a_killed_gateway_along(void **state)
{
    struct restoration r;
    char log[160];
    char kept[4096 * 8];
    set_up(&r, *state);
    /* As a killed process leaves it: committed rows are in the log only. */
    file_open(r.f);
    accept_range(r.f, 16, 17);
    (void)snprintf(log, sizeof(log), "%s-wal", r.f->path);
    int fd = open(log, O_RDONLY | O_CLOEXEC);
    ssize_t len = read(fd, kept, sizeof(kept));
    assert_true(len > 0 && len < (ssize_t)sizeof(kept));
    (void)close(fd);
    file_close(r.f);
    file_change(r.f, "PRAGMA journal_mode = DELETE");
    file_change(r.f, "PRAGMA journal_mode = WAL");
    fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    assert_int_equal(len, write(fd, kept, (size_t)len));
    (void)close(fd);

    file_ok(r.f, restore(&r));
    expect_i64("restored", 10, messages_of(r.f->path));
    expect_i64("kept with its log", 16, messages_of(r.aside));
    expect_false("no log beside the new one", has_suffix(r.f->path, "-wal"));
    tear_down(&r);
}

static void damaged_database_is_kept_with_its_log(void **state)
{
    struct restoration r;
    set_up(&r, *state);
    char log[160];
    (void)snprintf(log, sizeof(log), "%s-wal", r.f->path);
    FILE *file = fopen(r.f->path, "w");
    assert_true(fputs("this was a database once", file) >= 0);
    assert_int_equal(0, fclose(file));
    file = fopen(log, "w");
    assert_true(fputs("and this its log", file) >= 0);
    assert_int_equal(0, fclose(file));

    file_ok(r.f, restore(&r));
    expect_i64("restored", 10, messages_of(r.f->path));
    expect_true("kept", access(r.aside, F_OK) == 0);
    expect_true("with its log", has_suffix(r.aside, "-wal"));
    expect_false("which is gone here", has_suffix(r.f->path, "-wal"));
    tear_down(&r);
}

static void restore_needs_no_database_to_be_there(void **state)
{
    struct restoration r;
    set_up(&r, *state);
    assert_int_equal(0, unlink(r.f->path));
    file_ok(r.f, restore(&r));
    expect_i64("restored", 10, messages_of(r.f->path));
    expect_str("nothing was kept", "", r.result.kept_as);
    tear_down(&r);
}

static void hold_pauses_every_bridge_by_an_operators_word(void **state)
{
    static const char *const names[] = {"acme", "configured later", NULL};
    struct restoration r;
    set_up(&r, *state);
    /* What the gateway had paused itself would be probed. */
    struct sqlite_file backup = *r.f;
    (void)snprintf(backup.path, sizeof(backup.path), "%.90s", r.backup);
    file_change(&backup,
                "INSERT INTO pauses (scope, name, reason, set_by, since_ms) "
                "VALUES (1, 'acme', 'answered 401', 'gateway', 5);"
                "INSERT INTO bridges (name, channel, integration_id, created_ms)"
                " VALUES ('removed', 'partner', 'x', 1)");
    r.options.hold = true;
    r.options.names = names;
    file_ok(r.f, restore(&r));
    expect_i64("both ways", 6,
               file_count(r.f->path, "SELECT count(*) FROM pauses WHERE set_by = "
                                     "'operator' AND reason = 'look first' AND "
                                     "since_ms = 1770110140250 AND scope IN (1, 2)"));
    expect_i64("and no others", 6,
               file_count(r.f->path, "SELECT count(*) FROM pauses"));
    expect_i64("of three bridges", 3,
               file_count(r.f->path, "SELECT count(DISTINCT name) FROM pauses"));
    tear_down(&r);
}

static void restored_file_has_owner_and_mode_of_the_old_one(void **state)
{
    struct restoration r;
    struct stat info;
    set_up(&r, *state);
    assert_int_equal(0, chmod(r.f->path, 0600));
    if (geteuid() == 0)
        assert_int_equal(0, chown(r.f->path, 65532, 65532));
    file_ok(r.f, restore(&r));
    assert_int_equal(0, stat(r.f->path, &info));
    expect_i64("mode", 0600, info.st_mode & 07777);
    expect_i64("owner", geteuid() == 0 ? 65532 : geteuid(), info.st_uid);
    tear_down(&r);
}

/* --- what it refuses ----------------------------------------------------------------
 */

static void change_backup(struct restoration *r, const char *sql)
{
    struct sqlite_file backup = *r->f;
    (void)snprintf(backup.path, sizeof(backup.path), "%.90s", r->backup);
    file_change(&backup, sql);
}

static void unfit_files_change_nothing(void **state)
{
    static const struct {
        const char *name;
        const char *sql; /* on the backup */
        enum status want;
        const char *says;
    } cases[] = {
        {"a damaged one",     "DELETE FROM contacts WHERE id = 1", STATUS_CONFLICT,
         "is damaged"                                                                                    },
        {"a newer one",
         "INSERT INTO schema_migrations (number, name, sha256, applied_ms) "
         "VALUES (9000, '9000_future', 'x', 1)",                   STATUS_INVALID,  "newer (9000_future)"},
        {"another program's", "DROP TABLE schema_migrations",      STATUS_INVALID,
         "not a database of this program"                                                                },
    };
    struct restoration r;
    set_up(&r, *state);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        change_backup(&r, cases[i].sql);
        expect_status(cases[i].name, cases[i].want, restore(&r));
        expect_true(cases[i].name, strstr(r.f->err.text, cases[i].says) != NULL);
        expect_unchanged(&r);
    }
    r.options.file = "/nowhere/backup.db";
    expect_status("none", STATUS_INVALID, restore(&r));
    r.options.file = r.f->path;
    expect_status("itself", STATUS_INVALID, restore(&r));
    expect_unchanged(&r);
    tear_down(&r);
}

static void restore_waits_for_no_gateway(void **state)
{
    struct restoration r;
    set_up(&r, *state);
    file_open(r.f);
    expect_status("running", STATUS_DENIED, restore(&r));
    file_close(r.f);
    expect_unchanged(&r);
    tear_down(&r);
}

static void stopped_restore_changes_nothing(void **state)
{
    struct restoration r;
    enum status status = STATUS_RETRY;
    set_up(&r, *state);
    for (int64_t at = 1; status != STATUS_OK; at++) {
        r.stop_at = at;
        status = restore(&r);
        if (status == STATUS_OK)
            break;
        expect_status("stopped", STATUS_RETRY, status);
        expect_unchanged(&r);
        assert_true(at < 200);
    }
    tear_down(&r);
}

/* Each write, sync and truncation fails, and all behind it, until it has room. */
static void restore_on_a_failing_disk_changes_nothing(void **state)
{
    struct restoration r;
    enum status status = STATUS_FAILED;
    size_t failures = 0;
    set_up(&r, *state);
    for (int64_t at = 1;; at++) {
        faults_start(&file_faults, at, SQLITE_FULL);
        status = restore(&r);
        faults_start(&file_faults, 0, SQLITE_OK);
        if (status == STATUS_OK)
            break;
        failures++;
        expect_unchanged(&r);
    }
    assert_true(failures > 10);
    expect_i64("restored", 10, messages_of(r.f->path));
    tear_down(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_FILE(restore_puts_the_backup_in_place_and_keeps_what_was_there),
        ON_A_FILE(restore_takes_the_log_of_a_killed_gateway_along),
        ON_A_FILE(damaged_database_is_kept_with_its_log),
        ON_A_FILE(restore_needs_no_database_to_be_there),
        ON_A_FILE(hold_pauses_every_bridge_by_an_operators_word),
        ON_A_FILE(restored_file_has_owner_and_mode_of_the_old_one),
        ON_A_FILE(unfit_files_change_nothing),
        ON_A_FILE(restore_waits_for_no_gateway),
        ON_A_FILE(stopped_restore_changes_nothing),
        ON_A_FILE(restore_on_a_failing_disk_changes_nothing),
    };
    return cmocka_run_group_tests(tests, faults_set_up, NULL);
}
