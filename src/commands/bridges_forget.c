/*
 * bridges forget: what waits on a bridge that is no longer configured becomes dead
 * letters: they stay to be seen, and to be replayed should the bridge come back.
 */
#include "ask.h"
#include "change.h"

#define PAGE_ROWS 1000

struct search {
    struct picks *picks;
    struct list_filter filter;
};

static void pick_row(const struct list_cell *cells, size_t count, void *context)
{
    struct search *search = context;
    (void)count;
    picks_add(search->picks, cells[0].number, cells[0].number);
    search->filter.before = cells[0].number;
}

static enum status pick_pending(struct store *store, const char *bridge,
                                struct picks *picks, struct error *err)
{
    struct search search = {
        .picks = picks,
        .filter = {.bridge = str_of(bridge),
                   .state = STR("pending"),
                   .limit = PAGE_ROWS},
    };
    enum status status;
    size_t before;
    do {
        before = picks->count;
        status =
            store_list(store, LIST_DELIVERIES, &search.filter, pick_row, &search, err);
    } while (status == STATUS_OK && picks->count == before + PAGE_ROWS);
    picks_sort(picks);
    return status;
}

static enum exit_code pick(const struct config *config, const char *name,
                           struct picks *picks)
{
    CLEANUP(store_closep) struct store *store = NULL;
    struct error err;
    enum exit_code code = open_reader(config, &store);
    if (code != EXIT_OK)
        return code;
    enum status status = pick_pending(store, name, picks, &err);
    if (status != STATUS_OK)
        say_error("cannot read what waits", &err);
    return exit_of(status);
}

enum exit_code command_bridges_forget(const struct invocation *invocation)
{
    CLEANUP(config_dropp) struct config *config = NULL;
    CLEANUP(picks_release) struct picks picks = {.count = 0};
    CLEANUP(arena_freep) struct arena *arena = arena_new(4096);
    const char *name = invocation->arguments[0];
    enum exit_code code = load_config(invocation, &config);
    if (code != EXIT_OK)
        return code;
    if (config_bridge(config, str_of(name)) != NULL) {
        (void)fprintf(stderr,
                      "omgw: bridge \"%s\" is configured: take it out of the "
                      "configuration and reload (SIGHUP) first\n",
                      name);
        return EXIT_TROUBLE;
    }
    code = pick(config, name, &picks);
    if (code == EXIT_OK)
        code = ask_consent(
            invocation,
            arena_printf(arena, "Make dead letters of the %zu deliveries of \"%s\"?",
                         picks.count, name)
                .ptr);
    if (code != EXIT_OK)
        return code;
    return change_all(invocation, config,
                      arena_printf(arena, "/v1/bridges/%s/forget", name).ptr, &picks,
                      "forgot");
}
