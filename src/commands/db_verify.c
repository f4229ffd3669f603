/*
 * db verify: whether a database is sound: of a running gateway a copy that it makes for
 * this, of a stopped one the database itself, under its lock, and any backup.
 */
#include "db_verify.h"

#include "control.h"
#include "db_copy.h"

#include "gateway/arena.h"
#include "gateway/json.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_ARENA_BYTES (32u * 1024)

/* --- the verdict -------------------------------------------------------------------
 */

void verdict_start(struct verdict *verdict)
{
    verdict->sheet = sheet_new();
    progress_start(&verdict->progress);
}

void verdict_release(struct verdict *verdict)
{
    if (verdict->sheet != NULL)
        sheet_freep(&verdict->sheet);
}

static bool moved(const char *what, int64_t done, int64_t all, void *context)
{
    struct verdict *verdict = context;
    progress_move(&verdict->progress, what, done, all);
    return !interrupts_came();
}

static void found(const struct verify_finding *finding, void *context)
{
    struct verdict *verdict = context;
    struct list_cell cells[] = {
        cell_ranked(1, cell_text("check", finding->check)),
        cell_ranked(3, cell_prose("where", finding->where)),
        cell_ranked(2, cell_prose("finding", finding->what)),
    };
    sheet_row(cells, COUNT_OF(cells), verdict->sheet);
}

struct store_watch verdict_watch(struct verdict *verdict)
{
    return (struct store_watch){moved, found, verdict};
}

static enum exit_code print_as_json(const struct verdict *verdict, const char *database)
{
    CLEANUP(json_freep) struct json *whole = json_new_object();
    json_add_str(whole, "database", str_of(database));
    json_add_bool(whole, "ok", sheet_rows(verdict->sheet) == 0);
    json_add_i64(whole, "checks", (int64_t)verdict->result.checks);
    json_add_bool(whole, "older_schema", verdict->result.is_older);
    json_add(whole, "findings", sheet_json_rows(verdict->sheet));
    return print_json(whole);
}

enum exit_code verdict_print(const struct verdict *verdict, const char *database,
                             const struct invocation *invocation)
{
    const struct sheet_look look = sheet_look(invocation);
    size_t findings = sheet_rows(verdict->sheet);
    enum exit_code code = EXIT_OK;
    if (invocation->as_json)
        code = print_as_json(verdict, database);
    else if (findings == 0)
        (void)printf("%s is sound: %zu checks%s\n", database, verdict->result.checks,
                     verdict->result.is_older
                         ? ", not those of the rows, as its schema is older than this "
                           "program's"
                         : "");
    else
        code = sheet_print(verdict->sheet, &look, 0);
    if (fflush(stdout) != 0)
        return EXIT_IO;
    if (findings > 0)
        (void)fprintf(
            stderr,
            "omgw: %s is damaged: keep it, and restore the latest backup that "
            "is sound (omgw db verify FILE; omgw db restore FILE)\n",
            database);
    return code == EXIT_OK && findings > 0 ? EXIT_BAD_DATA : code;
}

/* --- what is verified ----------------------------------------------------------------
 */

static enum exit_code verify(const struct invocation *invocation, const char *url,
                             enum store_mode mode, const char *database)
{
    CLEANUP(store_closep) struct store *store = NULL;
    CLEANUP(verdict_release) struct verdict verdict = {.sheet = NULL};
    const struct store_options options = {.mode = mode};
    struct error err;
    interrupts_catch();
    enum status status = store_open(url, &options, &store, &err);
    if (status != STATUS_OK)
        return db_say_unopened(status, &err);
    verdict_start(&verdict);
    const struct store_watch watch = verdict_watch(&verdict);
    status = store_verify(store, &watch, &verdict.result, &err);
    progress_end(&verdict.progress);
    if (status != STATUS_OK) {
        say_error("cannot verify", &err);
        return exit_of(status);
    }
    return verdict_print(&verdict, database, invocation);
}

enum exit_code check_readable(const char *file)
{
    struct stat info;
    bool is_there = stat(file, &info) == 0 && access(file, R_OK) == 0;
    int why = errno; /* printing may change it */
    if (is_there && S_ISREG(info.st_mode))
        return EXIT_OK;
    if (is_there) {
        (void)fprintf(stderr, "omgw: %s is no file\n", file);
        return EXIT_NO_INPUT;
    }
    (void)fprintf(stderr, "omgw: cannot read %s: %s\n", file, strerror(why));
    return why == EACCES ? EXIT_NO_PERMISSION : EXIT_NO_INPUT;
}

static enum exit_code verify_file(const struct invocation *invocation, const char *file)
{
    CLEANUP(arena_freep) struct arena *arena = arena_new(NAME_ARENA_BYTES);
    enum exit_code code = check_readable(file);
    if (code != EXIT_OK)
        return code;
    return verify(invocation, arena_printf(arena, SQLITE_PREFIX "%s", file).ptr,
                  STORE_COPY, file);
}

/* Beside the database: there is its room, and there the gateway may write. */
static enum exit_code name_copy(const struct config *config, struct arena *arena,
                                const char **out_file)
{
    struct str path = database_path(config->database);
    enum exit_code code = path.len > 0 ? db_full_path(path, arena, &path) : EXIT_OK;
    if (code == EXIT_OK)
        *out_file =
            arena_printf(arena, "%.*s.verify-%d", STR_ARG(path), (int)getpid()).ptr;
    return code;
}

static enum exit_code verify_copy(const struct invocation *invocation,
                                  const struct config *config, const char *file)
{
    CLEANUP(arena_freep) struct arena *arena = arena_new(NAME_ARENA_BYTES);
    enum exit_code code = EXIT_NO_PERMISSION;
    if (access(file, R_OK) == 0)
        code = verify(invocation, arena_printf(arena, SQLITE_PREFIX "%s", file).ptr,
                      STORE_COPY, config->database);
    else
        (void)fprintf(stderr,
                      "omgw: the copy %s belongs to the user that omgw runs as: run "
                      "this as that user, or as root\n",
                      file);
    if (unlink(file) != 0)
        (void)fprintf(stderr, "omgw: cannot remove the copy %s: %s\n", file,
                      strerror(errno));
    return code;
}

enum exit_code command_db_verify(const struct invocation *invocation)
{
    CLEANUP(config_dropp) struct config *config = NULL;
    CLEANUP(arena_freep) struct arena *arena = arena_new(NAME_ARENA_BYTES);
    struct db_copy copy = {.may_replace = false};
    bool runs = false;
    if (invocation->argument_count == 1)
        return verify_file(invocation, invocation->arguments[0]);
    enum exit_code code = load_config(invocation, &config);
    if (code == EXIT_OK)
        code = name_copy(config, arena, &copy.file);
    if (code == EXIT_OK)
        code = db_copy_by_gateway(config, &copy, &runs);
    if (code == EXIT_OK && runs)
        code = verify_copy(invocation, config, copy.file);
    if (code == EXIT_OK && !runs)
        code = verify(invocation, config->database, STORE_OFFLINE, config->database);
    if (code != EXIT_OK)
        interrupts_obey();
    return code;
}
