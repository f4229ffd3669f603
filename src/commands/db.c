/*
 * db: migrate, status.
 */
#include "command.h"

#include "gateway/json.h"
#include "gateway/store.h"

#define LOCK_WAIT_MS 30000

static enum exit_code print_status(struct store *store, bool as_json)
{
    CLEANUP(json_freep) struct json *status_json = NULL;
    struct error err;
    enum status status = store_status(store, &status_json, &err);
    if (status != STATUS_OK) {
        say_error("cannot read the database", &err);
        return exit_of(status);
    }
    if (as_json)
        return print_json(status_json);
    for (const struct json *member = json_first(status_json); member != NULL;
         member = json_next(member)) {
        struct str text;
        int64_t number;
        struct str name = json_name(member);
        if (json_str(member, &text))
            (void)printf("%-20.*s %.*s\n", STR_ARG(name), STR_ARG(text));
        else if (json_i64(member, &number))
            (void)printf("%-20.*s %lld\n", STR_ARG(name), (long long)number);
        else if (json_kind_of(member) == JSON_ARRAY)
            (void)printf("%-20.*s %zu\n", STR_ARG(name), json_count(member));
    }
    return EXIT_OK;
}

/* A gateway that is stopping may still hold it; who waits for one that is not must know
 * what for. */
static enum status open_patiently(const char *url, enum store_mode mode,
                                  struct store **out_store, struct error *err)
{
    struct store_options options = {.mode = mode, .may_migrate = mode == STORE_WRITER};
    enum status status = store_open(url, &options, out_store, err);
    if (status != STATUS_DENIED)
        return status;
    (void)fprintf(stderr, "omgw: %s: waiting up to %d s\n", err->text,
                  LOCK_WAIT_MS / 1000);
    options.lock_wait_ms = LOCK_WAIT_MS;
    return store_open(url, &options, out_store, err);
}

static enum exit_code with_store(const struct invocation *invocation,
                                 enum store_mode mode)
{
    CLEANUP(config_dropp) struct config *config = NULL;
    struct store *store = NULL;
    struct error err;
    enum exit_code code = load_config(invocation, &config);
    if (code != EXIT_OK)
        return code;
    enum status status = open_patiently(config->database, mode, &store, &err);
    if (status != STATUS_OK) {
        say_error("cannot open the database", &err);
        return exit_of(status);
    }
    code = print_status(store, invocation->as_json);
    store_close(store);
    return code;
}

enum exit_code command_db_migrate(const struct invocation *invocation)
{
    return with_store(invocation, STORE_WRITER);
}

enum exit_code command_db_status(const struct invocation *invocation)
{
    return with_store(invocation, STORE_READER);
}
