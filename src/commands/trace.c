/*
 * trace: any id of either side in, the whole life of the message out.
 */
#include "cell.h"
#include "command.h"

#include "gateway/json.h"
#include "gateway/store.h"

static void print_member(const struct json *member, unsigned indent);

static void print_children(const struct json *parent, unsigned indent)
{
    for (const struct json *m = json_first(parent); m != NULL; m = json_next(m))
        print_member(m, indent);
}

/* Texts of others are among them. */
static void print_text_member(struct str name, struct str text, unsigned indent)
{
    const struct list_cell cell = cell_prose("", text);
    CLEANUP(buf_release) struct buf plain;
    buf_init(&plain, text.len + 1);
    cell_add(&cell, &plain);
    (void)printf("%*s%-24.*s %s\n", (int)indent, "", STR_ARG(name),
                 buf_c_string(&plain));
}

/* One line a value, nested by indentation; members that say nothing are left out. */
static void print_member(const struct json *member, unsigned indent)
{
    struct str name = json_name(member);
    struct str text;
    int64_t number;
    bool flag;

    if (json_str(member, &text)) {
        if (text.len > 0)
            print_text_member(name, text, indent);
    } else if (json_i64(member, &number)) {
        (void)printf("%*s%-24.*s %lld\n", (int)indent, "", STR_ARG(name),
                     (long long)number);
    } else if (json_bool(member, &flag)) {
        (void)printf("%*s%-24.*s %s\n", (int)indent, "", STR_ARG(name),
                     flag ? "yes" : "no");
    } else if (json_count(member) > 0) {
        if (name.len > 0)
            (void)printf("%*s%.*s\n", (int)indent, "", STR_ARG(name));
        else
            (void)printf("%*s-\n", (int)indent, "");
        print_children(member, indent + 2);
    }
}

enum exit_code command_trace(const struct invocation *invocation)
{
    CLEANUP(config_dropp) struct config *config = NULL;
    CLEANUP(json_freep) struct json *trace = NULL;
    CLEANUP(store_closep) struct store *store = NULL;
    struct error err;
    enum exit_code code = load_config(invocation, &config);
    if (code == EXIT_OK)
        code = open_reader(config, &store);
    if (code != EXIT_OK)
        return code;

    enum status status =
        store_trace(store, str_of(invocation->arguments[0]), &trace, &err);
    if (status == STATUS_NOT_FOUND) {
        (void)fprintf(
            stderr, "omgw: no message, webhook or conversation has the id \"%s\": %s\n",
            invocation->arguments[0], err.text);
        return EXIT_TROUBLE;
    }
    if (status != STATUS_OK) {
        say_error("cannot trace", &err);
        return exit_of(status);
    }
    if (invocation->as_json)
        return print_json(trace);
    print_children(trace, 0);
    return EXIT_OK;
}
