#include "db_copy.h"

#include "control.h"
#include "progress.h"

#include "gateway/clock.h"
#include "gateway/json.h"
#include "gateway/store_copy.h"
#include "gateway/user.h"

#include <errno.h>
#include <limits.h>
#include <time.h>
#include <unistd.h>

/* Soon enough for a small database, and rare enough for a large one. */
#define LOOK_FIRST_MS 20
#define LOOK_CEILING_MS 250

enum exit_code db_full_path(struct str path, struct arena *arena, struct str *out_path)
{
    char folder[PATH_MAX];
    *out_path = path;
    if (str_starts(path, STR("/")))
        return EXIT_OK;
    if (getcwd(folder, sizeof(folder)) == NULL) {
        (void)fprintf(stderr, "omgw: the working directory: %s\n", strerror(errno));
        return EXIT_NO_INPUT;
    }
    *out_path = arena_printf(arena, "%s/%.*s", folder, STR_ARG(path));
    return EXIT_OK;
}

/* --- by the gateway ----------------------------------------------------------------
 */

struct look {
    struct str state;
    struct str file;
    int64_t done_bytes;
    int64_t all_bytes;
    int64_t took_ms;
};

static void read_look(const struct json *answer, struct look *out)
{
    *out = (struct look){.state = STR_NONE};
    (void)json_str(json_get(answer, "state"), &out->state);
    (void)json_str(json_get(answer, "file"), &out->file);
    (void)json_i64(json_get(answer, "done_bytes"), &out->done_bytes);
    (void)json_i64(json_get(answer, "all_bytes"), &out->all_bytes);
    (void)json_i64(json_get(answer, "took_ms"), &out->took_ms);
}

static enum exit_code cancel(const struct config *config)
{
    CLEANUP(json_freep) struct json *answer = NULL;
    enum exit_code code =
        control_ask(config, "/v1/backup/cancel", json_new_object(), &answer);
    if (code == EXIT_OK)
        (void)fputs("omgw: the backup was cancelled\n", stderr);
    return EXIT_TRY_AGAIN;
}

static void pause_ms(int64_t ms)
{
    const struct timespec span = {.tv_nsec = (long)ms * 1000000};
    (void)nanosleep(&span, NULL);
}

/* One look. True: it has come to an end, of whatever kind. */
static bool look(const struct config *config, struct db_copy *copy,
                 struct progress *progress, enum exit_code *out_code)
{
    CLEANUP(json_freep) struct json *answer = NULL;
    struct look at;
    *out_code = control_ask(config, "/v1/backup/look", json_new_object(), &answer);
    if (*out_code != EXIT_OK)
        return true;
    read_look(answer, &at);
    if (!str_is(at.file, copy->file)) {
        (void)fprintf(
            stderr, "omgw: another backup began meanwhile; look whether %s is there\n",
            copy->file);
        *out_code = EXIT_TRY_AGAIN;
        return true;
    }
    copy->bytes = at.all_bytes;
    copy->took_ms = at.took_ms;
    progress_move(progress, str_is(at.state, "settling") ? "syncing" : "copying",
                  at.done_bytes, at.all_bytes);
    return str_is(at.state, "done");
}

static enum exit_code follow(const struct config *config, struct db_copy *copy)
{
    struct progress progress;
    enum exit_code code = EXIT_OK;
    int64_t wait_ms = LOOK_FIRST_MS;
    interrupts_catch();
    progress_start(&progress);
    while (!look(config, copy, &progress, &code)) {
        pause_ms(wait_ms);
        wait_ms = wait_ms * 2 < LOOK_CEILING_MS ? wait_ms * 2 : LOOK_CEILING_MS;
        if (interrupts_came()) {
            progress_end(&progress);
            return cancel(config);
        }
    }
    progress_end(&progress);
    return code;
}

enum exit_code db_copy_by_gateway(const struct config *config, struct db_copy *copy,
                                  bool *out_runs)
{
    CLEANUP(json_freep) struct json *answer = NULL;
    struct json *body = json_new_object();
    json_add_str(body, "file", str_of(copy->file));
    json_add_bool(body, "replace", copy->may_replace);
    enum exit_code code = control_ask_if_running(config, "/v1/backup", body, &answer);
    *out_runs = code != EXIT_OK || answer != NULL;
    if (code == EXIT_OK && answer != NULL)
        code = follow(config, copy);
    return code == EXIT_TROUBLE ? EXIT_CANNOT_CREATE : code; /* the file was refused */
}

/* --- offline ------------------------------------------------------------------------
 */

enum exit_code db_say_unopened(enum status status, const struct error *err)
{
    say_error("cannot open the database", err);
    if (status == STATUS_DENIED)
        (void)fputs("omgw: it is in use, but no gateway answers at its control socket: "
                    "wait until it has started or ended, or name its socket in "
                    "listen.control\n",
                    stderr);
    return exit_of(status);
}

static enum status copy_all(struct store *store, const struct backup_options *options,
                            struct db_copy *copy, struct error *err)
{
    struct store_backup *backup = NULL;
    struct backup_figures at = {.is_copied = false};
    struct progress progress;
    progress_start(&progress);
    enum status status = store_backup_begin(store, options, &backup, err);
    while (status == STATUS_OK && !at.is_copied) {
        status = store_backup_step(backup, &at, err);
        progress_move(&progress, "copying", at.done_bytes, at.all_bytes);
        if (status == STATUS_OK && interrupts_came())
            status = fail(err, STATUS_RETRY, "stopped: nothing of it was kept");
    }
    if (status == STATUS_OK)
        status = store_backup_settle(backup, err);
    store_backup_close(backup);
    progress_end(&progress);
    copy->bytes = at.all_bytes;
    return status;
}

/* As the gateway does before it copies. */
static enum status note_backup(struct store *store, const char *file, struct error *err)
{
    char actor[USER_TEXT_BYTES];
    user_describe(geteuid(), actor);
    const struct audit_entry entry = {
        .at_ms = clock_now().wall_ms,
        .actor = str_of(actor),
        .action = STR("backup"),
        .subject = str_of(file),
    };
    enum status status = store_begin(store, err);
    if (status != STATUS_OK)
        return status;
    return store_end(store, store_audit_add(store, &entry, err), err);
}

static enum exit_code exit_of_copy(enum status status)
{
    return status == STATUS_CONFLICT || status == STATUS_NOT_FOUND ? EXIT_CANNOT_CREATE
                                                                   : exit_of(status);
}

enum exit_code db_copy_offline(const struct config *config, struct db_copy *copy)
{
    CLEANUP(store_closep) struct store *store = NULL;
    const struct store_options options = {.mode = STORE_OFFLINE};
    const struct backup_options target = {.file = copy->file,
                                          .may_replace = copy->may_replace};
    struct error err;
    int64_t started_ms = clock_now().mono_ms;
    interrupts_catch();
    enum status status = store_open(config->database, &options, &store, &err);
    if (status != STATUS_OK)
        return db_say_unopened(status, &err);
    status = note_backup(store, copy->file, &err);
    if (status == STATUS_OK)
        status = copy_all(store, &target, copy, &err);
    copy->took_ms = clock_now().mono_ms - started_ms;
    if (status != STATUS_OK)
        say_error("cannot back up", &err);
    return exit_of_copy(status);
}
