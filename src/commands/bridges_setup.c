/*
 * bridges connect, bridges check: runs the plan of a bridge's channel, and looks at our
 * own side and at Genesys Cloud's, and prints what was found. Asked from here with the
 * configuration's secrets.
 */
#include "own_side.h"
#include "peer.h"
#include "sheet.h"

#include "gateway/channel.h"
#include "gateway/genesys.h"
#include "gateway/json.h"

#include <limits.h>

#define SETUP_ARENA_BYTES (16u * 1024 * 1024)

static enum status run(struct setup *setup, const struct setup_plan *plan,
                       const struct config *config, struct error *err)
{
    struct reply reply;
    const struct reply *last = NULL;

    setup_begin(setup, plan);
    while (setup_next(setup, last) == SETUP_EXCHANGE) {
        enum status status =
            peer_ask(config, &setup->exchange, setup->arena, &reply, err);
        if (status != STATUS_OK)
            return status;
        last = &reply;
    }
    return STATUS_OK;
}

static enum status look_everywhere(struct setup *setup, const struct config *config,
                                   struct error *err)
{
    enum status status = STATUS_OK;

    if (!own_side_settings(setup, config))
        return status;
    own_side_gateway(setup, config);
    if (setup->goal == SETUP_CHECK)
        status = run(setup, &genesys_setup, config, err);
    if (status == STATUS_OK)
        status = run(setup, setup->bridge->channel->setup, config, err);
    return status;
}

/* ---- showing ---- */

static void add_row(struct sheet *sheet, const char *state, const char *about,
                    struct str text)
{
    const struct list_cell cells[] = {
        cell_text("state", state),
        cell_text("about", about),
        cell_prose("text", text),
    };
    sheet_row(cells, COUNT_OF(cells), sheet);
}

static enum exit_code print_rows(const struct setup *setup,
                                 const struct invocation *invocation)
{
    CLEANUP(sheet_freep) struct sheet *sheet = sheet_new();
    struct sheet_look look = sheet_look(invocation);

    look.width = UINT_MAX; /* people want all of a line, however narrow the terminal */
    for (size_t i = 0; i < setup->finding_count; i++)
        add_row(sheet, setup_level_name(setup->findings[i].level),
                setup->findings[i].about, setup->findings[i].text);
    if (setup->where != NULL)
        add_row(sheet, "enter", "where", str_of(setup->where));
    for (size_t i = 0; i < setup->value_count; i++)
        add_row(sheet, "enter", setup->values[i].label, setup->values[i].value);
    return sheet_print(sheet, &look, 0);
}

static enum exit_code print_document(const struct setup *setup)
{
    CLEANUP(json_freep) struct json *page = json_new_object();
    enum setup_level verdict = setup_verdict(setup);

    json_add_str(page, "bridge", str_of(setup->bridge->name));
    json_add_str(page, "channel", str_of(setup->bridge->channel->name));
    json_add_bool(page, "ok", verdict <= SETUP_NOTE);
    json_add_str(page, "verdict", str_of(setup_level_name(verdict)));
    struct json *findings = json_add_array(page, "findings");
    for (size_t i = 0; i < setup->finding_count; i++) {
        struct json *finding = json_append_object(findings);
        json_add_str(finding, "state",
                     str_of(setup_level_name(setup->findings[i].level)));
        json_add_str(finding, "about", str_of(setup->findings[i].about));
        json_add_str(finding, "text", setup->findings[i].text);
    }
    if (setup->value_count == 0)
        return print_json(page);
    struct json *enter = json_add_object(page, "enter");
    json_add_str(enter, "where", str_of(setup->where));
    struct json *values = json_add_array(enter, "values");
    for (size_t i = 0; i < setup->value_count; i++) {
        struct json *value = json_append_object(values);
        json_add_str(value, "label", str_of(setup->values[i].label));
        json_add_str(value, "value", setup->values[i].value);
    }
    return print_json(page);
}

static enum exit_code exit_of_verdict(enum setup_level verdict)
{
    switch (verdict) {
    case SETUP_WELL:
    case SETUP_NOTE:
        return EXIT_OK;
    case SETUP_UNREACHABLE:
        return EXIT_UNAVAILABLE;
    case SETUP_WRONG:
        return EXIT_TROUBLE;
    case SETUP_MISCONFIGURED:
        return EXIT_CONFIG;
    }
    return EXIT_BUG;
}

enum exit_code command_bridges_setup(const struct invocation *invocation)
{
    CLEANUP(config_dropp) struct config *config = NULL;
    CLEANUP(arena_freep) struct arena *arena = arena_new(SETUP_ARENA_BYTES);
    const char *name = invocation->arguments[0];
    struct error err;
    enum exit_code code = load_config(invocation, &config);
    if (code != EXIT_OK)
        return code;
    struct setup setup = {
        .bridge = config_bridge(config, str_of(name)),
        .goal = (enum setup_goal)invocation->command->subject,
        .arena = arena,
        .now = clock_now(),
    };
    if (setup.bridge == NULL)
        return say_no_bridge(config, name);
    setup.id = peer_new_id(setup.now, arena);
    if (look_everywhere(&setup, config, &err) != STATUS_OK) {
        say_error("cannot ask", &err);
        return EXIT_UNAVAILABLE;
    }
    code =
        invocation->as_json ? print_document(&setup) : print_rows(&setup, invocation);
    return code == EXIT_OK ? exit_of_verdict(setup_verdict(&setup)) : code;
}
