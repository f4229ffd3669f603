/*
 * db restore: a backup in the place of the database, while no gateway runs.
 */
#include "db_copy.h"
#include "db_verify.h"

#include "gateway/arena.h"
#include "gateway/clock.h"
#include "gateway/json.h"
#include "gateway/store_copy.h"
#include "gateway/user.h"

#include <unistd.h>

#define RESTORE_ARENA_BYTES (1024u * 1024)
#define HOLD_REASON "restored, resume when checked"

static const char *const *bridge_names(const struct config *config, struct arena *arena)
{
    const char **names =
        arena_alloc(arena, (config->bridge_count + 1) * sizeof(*names));
    for (size_t i = 0; i < config->bridge_count; i++)
        names[i] = config->bridges[i].name;
    names[config->bridge_count] = NULL;
    return names;
}

static enum exit_code say_failure(const struct invocation *invocation,
                                  enum status status, const struct verdict *verdict,
                                  const struct error *err)
{
    const char *file = invocation->arguments[0];
    bool is_damaged = status == STATUS_CONFLICT && sheet_rows(verdict->sheet) > 0;
    if (is_damaged) {
        enum exit_code code = verdict_print(verdict, file, invocation);
        (void)fputs("omgw: nothing was changed\n", stderr);
        return code;
    }
    say_error("cannot restore", err);
    if (status == STATUS_DENIED)
        (void)fputs("omgw: stop the gateway first\n", stderr);
    return status == STATUS_CONFLICT ? EXIT_CANNOT_CREATE : exit_of(status);
}

static enum exit_code print_result(const struct invocation *invocation,
                                   const struct config *config,
                                   const struct restore_result *result)
{
    char newest[TIME_TEXT_BYTES] = "";
    if (result->newest_ms != 0)
        time_format(result->newest_ms, newest);
    if (invocation->as_json) {
        CLEANUP(json_freep) struct json *whole = json_new_object();
        json_add_str(whole, "database", str_of(config->database));
        json_add_i64(whole, "messages", result->messages);
        if (result->newest_ms != 0)
            json_add_str(whole, "newest", str_of(newest));
        if (result->kept_as.len > 0)
            json_add_str(whole, "kept_as", result->kept_as);
        json_add_bool(whole, "held", invocation->hold);
        return print_json(whole);
    }
    (void)printf("restored %lld messages%s%s\n", (long long)result->messages,
                 result->newest_ms != 0 ? ", the newest of " : "", newest);
    if (result->kept_as.len > 0)
        (void)printf("the old database is %.*s\n", STR_ARG(result->kept_as));
    if (invocation->hold)
        (void)printf("all bridges are paused: start omgw, look at what waits "
                     "(omgw deliveries list --state pending), then "
                     "omgw bridges resume NAME\n");
    return fflush(stdout) == 0 ? EXIT_OK : EXIT_IO;
}

enum exit_code command_db_restore(const struct invocation *invocation)
{
    CLEANUP(config_dropp) struct config *config = NULL;
    CLEANUP(arena_freep) struct arena *arena = arena_new(RESTORE_ARENA_BYTES);
    CLEANUP(verdict_release) struct verdict verdict = {.sheet = NULL};
    struct str file = str_of(invocation->arguments[0]);
    struct restore_result result;
    struct error err;
    enum exit_code code = load_config(invocation, &config);
    if (code == EXIT_OK)
        code = check_readable(file.ptr);
    if (code == EXIT_OK) /* the audit is read somewhere else */
        code = db_full_path(file, arena, &file);
    if (code != EXIT_OK)
        return code;
    char actor[USER_TEXT_BYTES];
    user_describe(geteuid(), actor);
    const struct restore_options options = {
        .actor = str_of(actor),
        .file = arena_c_string(arena, file),
        .hold = invocation->hold,
        .names = bridge_names(config, arena),
        .reason = HOLD_REASON,
        .now_ms = clock_now().wall_ms,
    };
    interrupts_catch();
    verdict_start(&verdict);
    const struct store_watch watch = verdict_watch(&verdict);
    enum status status =
        store_restore(config->database, &options, &watch, arena, &result, &err);
    progress_end(&verdict.progress);
    if (status != STATUS_OK)
        interrupts_obey();
    return status == STATUS_OK ? print_result(invocation, config, &result)
                               : say_failure(invocation, status, &verdict, &err);
}
