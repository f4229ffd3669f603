/*
 * list: contacts, conversations, messages, deliveries and dead letters as the database
 * has them: a page of them, or one.
 */
#include "ask.h"
#include "sheet.h"

#define PAGE_ROWS 50

static enum exit_code say_store_error(enum status status, const struct error *err)
{
    say_error("cannot list", err);
    return status == STATUS_INVALID ? EXIT_WRONG_USE : exit_of(status);
}

static enum exit_code read_page(const struct config *config, enum list_kind kind,
                                const struct list_filter *filter, struct sheet *sheet)
{
    CLEANUP(store_closep) struct store *store = NULL;
    struct error err;
    enum exit_code code = open_reader(config, &store);
    if (code != EXIT_OK)
        return code;
    enum status status = store_list(store, kind, filter, sheet_row, sheet, &err);
    return status == STATUS_OK ? EXIT_OK : say_store_error(status, &err);
}

static enum exit_code choose_columns(const struct invocation *invocation,
                                     enum list_kind kind, struct sheet *sheet)
{
    struct list_cell names[LIST_COLUMNS_MAX];
    sheet_columns(sheet, names, store_list_columns(kind, names));
    return sheet_choose(sheet, invocation->columns);
}

enum exit_code command_list(const struct invocation *invocation)
{
    CLEANUP(config_dropp) struct config *config = NULL;
    CLEANUP(sheet_freep) struct sheet *sheet = sheet_new();
    struct list_filter filter;
    enum list_kind kind = (enum list_kind)invocation->command->subject;
    enum exit_code code = ask_filter(invocation, PAGE_ROWS, &filter);
    if (code == EXIT_OK)
        code = choose_columns(invocation, kind, sheet);
    if (code == EXIT_OK)
        code = load_config(invocation, &config);
    if (code == EXIT_OK)
        code = read_page(config, kind, &filter, sheet);
    if (code != EXIT_OK)
        return code;
    bool has_more = sheet_rows(sheet) == filter.limit;
    const struct sheet_look look = sheet_look(invocation);
    return sheet_print(sheet, &look, has_more ? sheet_last(sheet) : 0);
}

/* --- one
 * --------------------------------------------------------------------------------------
 */

/* No row: there is none. A message has a number, and an id that both sides know. */
static enum status read_one(struct store *store, enum list_kind kind, const char *id,
                            struct list_filter *filter, struct sheet *sheet,
                            struct error *err)
{
    enum status status = STATUS_OK;
    if (kind == LIST_CONTACTS)
        filter->contact = str_of(id);
    else if (!ask_number(id, &filter->number))
        status = store_message_find(store, str_of(id), &filter->number, err);
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    if (status != STATUS_OK)
        return status;
    return store_list(store, kind, filter, sheet_row, sheet, err);
}

static bool is_number(const struct command *command)
{
    return strcmp(command->operand, "NUMBER") == 0;
}

/* As the command's first word names them: `dead show` shows a dead letter. */
static enum exit_code say_none(const struct invocation *invocation)
{
    static const char *const nouns[LIST_KINDS] = {
        [LIST_CONTACTS] = "contact", [LIST_CONVERSATIONS] = "conversation",
        [LIST_MESSAGES] = "message", [LIST_DELIVERIES] = "delivery",
        [LIST_DEAD] = "dead letter",
    };
    const struct command *command = invocation->command;
    struct str rest = str_of(command->name);
    struct str group = str_cut(&rest, ' ');
    const char *quote = is_number(command) ? "" : "\"";
    (void)fprintf(stderr, "omgw: there is no %s %s%s%s; see \"omgw %.*s list\"\n",
                  nouns[command->subject], quote, invocation->arguments[0], quote,
                  STR_ARG(group));
    return EXIT_TROUBLE;
}

enum exit_code command_show(const struct invocation *invocation)
{
    CLEANUP(config_dropp) struct config *config = NULL;
    CLEANUP(store_closep) struct store *store = NULL;
    CLEANUP(sheet_freep) struct sheet *sheet = sheet_new();
    struct list_filter filter;
    struct error err;
    enum exit_code code = ask_filter(invocation, PAGE_ROWS, &filter);
    if (code == EXIT_OK && is_number(invocation->command) &&
        !ask_number(invocation->arguments[0], &filter.number))
        code = say_usage(invocation, "a NUMBER");
    if (code == EXIT_OK)
        code = load_config(invocation, &config);
    if (code == EXIT_OK)
        code = open_reader(config, &store);
    if (code != EXIT_OK)
        return code;
    enum status status = read_one(store, (enum list_kind)invocation->command->subject,
                                  invocation->arguments[0], &filter, sheet, &err);
    if (status != STATUS_OK) {
        say_error("cannot show", &err);
        return exit_of(status);
    }
    if (sheet_rows(sheet) == 0)
        return say_none(invocation);
    const struct sheet_look look = sheet_look(invocation);
    return sheet_print_records(sheet, &look);
}
