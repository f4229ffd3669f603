/*
 * dead: dead letters delivered again, or given up for good. The database says which;
 * the running gateway does it.
 */
#include "ask.h"
#include "change.h"
#include "sheet.h"

#include "gateway/relay.h"

#define PAGE_ROWS 1000

struct search {
    struct store *store;
    struct list_filter filter;
    struct picks *picks;
    struct sheet *sheet; /* the rows as shown by a dry run */
    size_t page;         /* rows of the last page */
    enum status status;
    struct error *err;
};

static void pick_row(const struct list_cell *cells, size_t count, void *context)
{
    struct search *search = context;
    int64_t message = 0;
    for (size_t i = 0; i < count; i++)
        if (strcmp(cells[i].name, "row") == 0)
            message = cells[i].number;
    picks_add(search->picks, cells[0].number, message);
    sheet_row(cells, count, search->sheet);
    search->filter.before = cells[0].number;
    search->page++;
}

static void search_bridge(const struct bridge_record *bridge, void *context)
{
    struct search *search = context;
    search->filter.bridge = str_of(bridge->name);
    search->filter.before = 0;
    do {
        search->page = 0;
        if (search->status == STATUS_OK)
            search->status = store_list(search->store, LIST_DEAD, &search->filter,
                                        pick_row, search, search->err);
    } while (search->status == STATUS_OK && search->page == PAGE_ROWS);
}

/* Bridge by bridge: each has its dead letters in one index, in order. */
static enum status pick_all(struct search *search, struct error *err)
{
    const struct bridge_record named = {.name = search->filter.bridge.ptr};
    if (search->filter.number > 0)
        return store_list(search->store, LIST_DEAD, &search->filter, pick_row, search,
                          err);
    if (search->filter.bridge.len > 0) {
        search_bridge(&named, search);
        return search->status;
    }
    enum status status = store_bridges(search->store, search_bridge, search, err);
    return status == STATUS_OK ? search->status : status;
}

static enum exit_code read_selection(const struct invocation *invocation,
                                     struct list_filter *out)
{
    bool has_number = invocation->argument_count == 1;
    bool has_filter = invocation->bridge != NULL || invocation->contact != NULL ||
                      invocation->since != NULL;
    if (has_number == has_filter)
        return say_usage(invocation, "the NUMBER of one delivery, or --bridge, "
                                     "--contact or --since for many");
    enum exit_code code = ask_filter(invocation, PAGE_ROWS, out);
    if (code == EXIT_OK && has_number &&
        !ask_number(invocation->arguments[0], &out->number))
        return say_usage(invocation,
                         "the NUMBER of a delivery (see \"omgw dead list\")");
    return code;
}

static enum exit_code pick(const struct invocation *invocation,
                           const struct config *config, struct picks *picks,
                           struct sheet *sheet)
{
    CLEANUP(store_closep) struct store *store = NULL;
    struct error err;
    struct search search = {.picks = picks, .sheet = sheet, .err = &err};
    enum exit_code code = read_selection(invocation, &search.filter);
    if (code == EXIT_OK)
        code = open_reader(config, &store);
    if (code != EXIT_OK)
        return code;
    search.store = store;
    enum status status = pick_all(&search, &err);
    if (status != STATUS_OK) {
        say_error("cannot list the dead letters", &err);
        return exit_of(status);
    }
    picks_sort(picks);
    return EXIT_OK;
}

static enum exit_code say_none(const struct invocation *invocation)
{
    if (invocation->argument_count == 1) {
        (void)fprintf(stderr, "omgw: there is no dead letter %s\n",
                      invocation->arguments[0]);
        return EXIT_TROUBLE;
    }
    return print_text(invocation->as_json ? STR("{\"changed\":0,\"skipped\":[]}\n")
                                          : STR("there are no such dead letters\n"));
}

static enum exit_code rehearse(const struct invocation *invocation,
                               const struct sheet *sheet, const char *verb)
{
    const struct sheet_look look = sheet_look(invocation);
    if (!invocation->as_json)
        (void)printf("would %s %zu:\n", verb, sheet_rows(sheet));
    return sheet_print(sheet, &look, 0);
}

/* Giving up many is asked; sending one's own messages again is not destructive. */
static enum exit_code consent(const struct invocation *invocation, enum order_verb verb,
                              size_t count)
{
    char question[96];
    (void)snprintf(question, sizeof(question), "Drop %zu dead letter%s for good?",
                   count, count == 1 ? "" : "s");
    return verb == ORDER_DROP ? ask_consent(invocation, question) : EXIT_OK;
}

enum exit_code command_dead_change(const struct invocation *invocation)
{
    CLEANUP(config_dropp) struct config *config = NULL;
    CLEANUP(picks_release) struct picks picks = {.count = 0};
    CLEANUP(sheet_freep) struct sheet *sheet = sheet_new();
    enum order_verb verb = (enum order_verb)invocation->command->subject;
    bool is_replay = verb == ORDER_REPLAY;
    enum exit_code code = load_config(invocation, &config);
    if (code == EXIT_OK)
        code = pick(invocation, config, &picks, sheet);
    if (code != EXIT_OK)
        return code;
    if (picks.count == 0)
        return say_none(invocation);
    if (invocation->dry_run)
        return rehearse(invocation, sheet, order_verb_name(verb));
    code = consent(invocation, verb, picks.count);
    if (code != EXIT_OK)
        return code;
    return change_all(invocation, config,
                      is_replay ? "/v1/dead/replay" : "/v1/dead/drop", &picks,
                      is_replay ? "replayed" : "dropped");
}
