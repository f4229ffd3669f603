/*
 * db backup: one consistent file of the database, whether a gateway runs or not.
 */
#include "db_copy.h"
#include "progress.h"

#include "gateway/arena.h"
#include "gateway/clock.h"
#include "gateway/json.h"

#include <sys/stat.h>

#define NAME_ARENA_BYTES (32u * 1024)

static bool is_folder(const char *path)
{
    struct stat info;
    size_t len = strlen(path);
    return (len > 0 && path[len - 1] == '/') ||
           (stat(path, &info) == 0 && S_ISDIR(info.st_mode));
}

/* "omgw-20260203T091540Z.db" */
static void name_by_time(char *out, size_t room)
{
    char time[TIME_TEXT_BYTES];
    time_format(clock_now().wall_ms, time);
    (void)snprintf(out, room, "omgw-%.4s%.2s%.5s%.2s%.2sZ.db", time, time + 5, time + 8,
                   time + 14, time + 17);
}

/* In a folder, a name by the time. */
static enum exit_code full_name(const char *given, struct arena *arena,
                                const char **out_file)
{
    char name[64] = "";
    struct str full;
    enum exit_code code = db_full_path(str_of(given), arena, &full);
    if (code != EXIT_OK)
        return code;
    if (is_folder(given))
        name_by_time(name, sizeof(name));
    size_t len = strlen(given);
    const char *gap = name[0] == '\0' || given[len - 1] == '/' ? "" : "/";
    *out_file = arena_printf(arena, "%.*s%s%s", STR_ARG(full), gap, name).ptr;
    return EXIT_OK;
}

static enum exit_code print_copy(const struct invocation *invocation,
                                 const struct db_copy *copy)
{
    if (invocation->as_json) {
        CLEANUP(json_freep) struct json *result = json_new_object();
        json_add_str(result, "file", str_of(copy->file));
        json_add_i64(result, "bytes", copy->bytes);
        json_add_i64(result, "took_ms", copy->took_ms);
        return print_json(result);
    }
    (void)printf("%s: %.1f MiB in %.1f s\n", copy->file,
                 (double)copy->bytes / (1024 * 1024), (double)copy->took_ms / 1000);
    return fflush(stdout) == 0 ? EXIT_OK : EXIT_IO;
}

enum exit_code command_db_backup(const struct invocation *invocation)
{
    CLEANUP(config_dropp) struct config *config = NULL;
    CLEANUP(arena_freep) struct arena *arena = arena_new(NAME_ARENA_BYTES);
    struct db_copy copy = {.may_replace = invocation->force};
    bool runs = false;
    enum exit_code code = load_config(invocation, &config);
    if (code == EXIT_OK)
        code = full_name(invocation->arguments[0], arena, &copy.file);
    if (code == EXIT_OK)
        code = db_copy_by_gateway(config, &copy, &runs);
    if (code == EXIT_OK && !runs)
        code = db_copy_offline(config, &copy);
    if (code != EXIT_OK)
        interrupts_obey();
    return code == EXIT_OK ? print_copy(invocation, &copy) : code;
}
