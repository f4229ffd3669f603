#include "gateway/backup.h"

#include "support/sqlite_file.h"

#include <pthread.h>

/* The desk, its writer, stepped here, and its thread. */
struct desk {
    struct sqlite_file *f;
    struct writer *writer;
    struct backup *backup;
    struct arena *arena;
    pthread_t thread;
    char file[128];
};

static const struct now test_now = {.wall_ms = FILE_NOW_MS, .mono_ms = 1000};

static void *run(void *context)
{
    backup_run(context);
    return NULL;
}

static void open_desk(struct desk *d, struct sqlite_file *f, int64_t messages)
{
    static char text[50000];
    memset(text, 'x', sizeof(text));
    *d = (struct desk){.f = f, .arena = arena_new(1 << 16)};
    (void)snprintf(d->file, sizeof(d->file), "%s/copy.db", f->directory);
    file_begin(f);
    for (int64_t n = 1; n <= messages; n++)
        file_ok(f, file_accept_known(f, n, str_from(text, sizeof(text))));
    file_commit(f);
    d->writer = writer_new(f->store, 4);
    d->backup = backup_new(d->writer);
    assert_int_equal(0, pthread_create(&d->thread, NULL, run, d->backup));
}

/* As the gateway ends: the writer still runs. */
static void close_desk(struct desk *d)
{
    backup_stop(d->backup);
    for (int i = 0; i < 3; i++)
        (void)writer_step(d->writer, test_now);
    assert_int_equal(0, pthread_join(d->thread, NULL));
    backup_free(d->backup);
    writer_free(d->writer);
    arena_free(d->arena);
}

static enum status start(struct desk *d)
{
    const struct backup_options options = {.file = d->file};
    return backup_start(d->backup, &options, STR("alice (1000)"), &d->f->err);
}

static struct backup_view look(struct desk *d)
{
    struct backup_view view;
    arena_reset(d->arena);
    backup_look(d->backup, d->arena, &view);
    return view;
}

/* The thread has its part done when the state is a last one. */
static struct backup_view run_to_the_end(struct desk *d)
{
    struct backup_view view = look(d);
    while (view.state == BACKUP_COPYING || view.state == BACKUP_SETTLING) {
        (void)writer_step(d->writer, test_now);
        sched_yield();
        view = look(d);
    }
    return view;
}

static bool is_there(const struct desk *d, const char *suffix)
{
    char path[160];
    (void)snprintf(path, sizeof(path), "%s%s", d->file, suffix);
    return access(path, F_OK) == 0;
}

static void backup_is_copied_by_the_writer_and_named_by_its_thread(void **state)
{
    struct desk d;
    open_desk(&d, *state, 60);
    expect_str("state", "none", str_of(backup_state_name(look(&d).state)));
    file_ok(d.f, start(&d));
    expect_str("state", "copying", str_of(backup_state_name(look(&d).state)));
    struct backup_view view = run_to_the_end(&d);
    expect_str("state", "done", str_of(backup_state_name(view.state)));
    expect_str("file", d.file, view.file);
    expect_true("bytes", view.figures.all_bytes > 60 * 50000);
    expect_str("in the audit, also of the copy", "alice (1000)|backup",
               str_of(file_ask(d.file, "SELECT actor, action FROM audit")));
    expect_i64("in it", 60, file_count(d.file, "SELECT count(*) FROM messages"));
    close_desk(&d);
}

static void one_backup_at_a_time(void **state)
{
    struct desk d;
    open_desk(&d, *state, 60);
    file_ok(d.f, start(&d));
    (void)writer_step(d.writer, test_now);
    expect_status("the second", STATUS_RETRY, start(&d));
    expect_true("names the first", strstr(d.f->err.text, d.file) != NULL);
    expect_i64("the first goes on", BACKUP_DONE, run_to_the_end(&d).state);
    expect_status("afterwards", STATUS_OK, start(&d));
    struct backup_view view = run_to_the_end(&d);
    expect_i64("which fails", BACKUP_FAILED, view.state);
    expect_status("as the file is there", STATUS_CONFLICT, view.status);
    close_desk(&d);
}

static void cancelled_backup_leaves_nothing(void **state)
{
    struct desk d;
    open_desk(&d, *state, 60);
    file_ok(d.f, start(&d));
    for (int i = 0; i < 2; i++)
        (void)writer_step(d.writer, test_now);
    expect_true("under way", is_there(&d, ".omgw-part"));
    backup_cancel(d.backup);
    struct backup_view view = run_to_the_end(&d);
    expect_i64("state", BACKUP_FAILED, view.state);
    expect_true("says why", strstr(view.err.text, "cancelled") != NULL);
    expect_false("no part", is_there(&d, ".omgw-part"));
    expect_false("no file", is_there(&d, ""));
    close_desk(&d);
}

static void end_of_the_gateway_cancels_what_is_under_way(void **state)
{
    struct desk d;
    open_desk(&d, *state, 60);
    file_ok(d.f, start(&d));
    for (int i = 0; i < 2; i++)
        (void)writer_step(d.writer, test_now);
    struct sqlite_file *f = d.f;
    char part[160];
    (void)snprintf(part, sizeof(part), "%s.omgw-part", d.file);
    close_desk(&d);
    expect_true("no part", access(part, F_OK) != 0);
    file_begin(f);
    file_ok(f, file_accept_known(f, 61, STR("unharmed")));
    file_commit(f);
}

static void end_of_the_gateway_refuses_new_ones(void **state)
{
    struct desk d;
    open_desk(&d, *state, 1);
    backup_stop(d.backup);
    expect_status("stopping", STATUS_RETRY, start(&d));
    close_desk(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_FILE(backup_is_copied_by_the_writer_and_named_by_its_thread),
        ON_A_FILE(one_backup_at_a_time),
        ON_A_FILE(cancelled_backup_leaves_nothing),
        ON_A_FILE(end_of_the_gateway_cancels_what_is_under_way),
        ON_A_FILE(end_of_the_gateway_refuses_new_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
