/*
 * bridges: what each has waiting, dead and paused, from the database and the
 * configuration; pausing and resuming by the running gateway.
 */
#include "bridges.h"
#include "control.h"
#include "sheet.h"

#include "gateway/channel.h"
#include "gateway/json.h"
#include "gateway/memory.h"
#include "gateway/relay.h"

#define VIEW_ARENA_BYTES (64u * 1024 * 1024)
#define PAUSES_MAX 3 /* one a scope */
#define PAUSES_TEXT_BYTES 8192

/* A bridge of the configuration, of the database, or of both. */
struct view {
    const char *name;
    const char *channel;
    const char *integration_id;
    const char *organisation; /* NULL: not configured */
    int64_t row;              /* 0: the database does not know it yet */
    int64_t pending;
    int64_t dead;
    int64_t oldest_ms; /* of what is pending; 0: nothing is */
    struct pause pauses[PAUSES_MAX];
    size_t pause_count;
};

struct views {
    struct arena *arena;
    const char *only; /* name; NULL: all */
    struct view *items;
    size_t count;
};

/* --- collecting
 * ------------------------------------------------------------------------------- */

static struct view *view_find(struct views *views, struct str name)
{
    for (size_t i = 0; i < views->count; i++)
        if (str_is(name, views->items[i].name))
            return &views->items[i];
    return NULL;
}

static struct view *view_add(struct views *views, const char *name, const char *channel,
                             const char *integration_id)
{
    views->items = mem_resize(views->items, (views->count + 1) * sizeof(*views->items));
    struct view *view = &views->items[views->count++];
    *view = (struct view){
        .name = arena_c_string(views->arena, str_of(name)),
        .channel = arena_c_string(views->arena, str_of(channel)),
        .integration_id = arena_c_string(views->arena, str_of(integration_id)),
    };
    return view;
}

static bool is_wanted(const struct views *views, const char *name)
{
    return views->only == NULL || strcmp(views->only, name) == 0;
}

static void add_configured(struct views *views, const struct config *config)
{
    for (size_t i = 0; i < config->bridge_count; i++) {
        const struct bridge *bridge = &config->bridges[i];
        if (is_wanted(views, bridge->name))
            view_add(views, bridge->name, bridge->channel->name, bridge->integration_id)
                ->organisation = bridge->organisation->name;
    }
}

static void bridge_seen(const struct bridge_record *bridge, void *context)
{
    struct views *views = context;
    struct view *view = view_find(views, str_of(bridge->name));
    if (view == NULL && is_wanted(views, bridge->name))
        view = view_add(views, bridge->name, bridge->channel, bridge->integration_id);
    if (view != NULL)
        view->row = bridge->row;
}

static void oldest_seen(const struct list_cell *cells, size_t count, void *context)
{
    struct view *view = NULL;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(cells[i].name, "bridge") == 0)
            view = view_find(context, cells[i].text);
        if (view != NULL && cells[i].form == LIST_TIME)
            view->oldest_ms = cells[i].number;
    }
}

bool pause_concerns(const struct pause *pause, const char *bridge,
                    const char *organisation)
{
    if (pause->scope != PAUSE_ORGANISATION)
        return str_is(pause->name, bridge);
    return organisation != NULL && str_is(pause->name, organisation);
}

static void pause_seen(const struct pause *pause, void *context)
{
    struct views *views = context;
    for (size_t i = 0; i < views->count; i++) {
        struct view *view = &views->items[i];
        if (!pause_concerns(pause, view->name, view->organisation) ||
            view->pause_count == PAUSES_MAX)
            continue;
        struct pause *own = &view->pauses[view->pause_count++];
        *own = *pause;
        own->name = arena_copy(views->arena, pause->name);
        own->reason = arena_copy(views->arena, pause->reason);
        own->set_by = arena_copy(views->arena, pause->set_by);
    }
}

static enum status read_views(struct store *store, struct views *views,
                              struct error *err)
{
    const struct list_filter all = {.limit = 1};
    enum status status = store_bridges(store, bridge_seen, views, err);
    for (size_t i = 0; i < views->count && status == STATUS_OK; i++) {
        struct view *view = &views->items[i];
        status = store_counts(store, view->row, &view->pending, &view->dead, err);
    }
    if (status == STATUS_OK)
        status = store_list(store, LIST_OLDEST, &all, oldest_seen, views, err);
    if (status == STATUS_OK)
        status = store_pauses(store, pause_seen, views, err);
    return status;
}

static enum exit_code collect(const struct invocation *invocation, struct views *views)
{
    CLEANUP(config_dropp) struct config *config = NULL;
    CLEANUP(store_closep) struct store *store = NULL;
    struct error err;
    enum exit_code code = load_config(invocation, &config);
    if (code == EXIT_OK)
        code = open_reader(config, &store);
    if (code != EXIT_OK)
        return code;
    add_configured(views, config);
    enum status status = read_views(store, views, &err);
    for (size_t i = 0; i < views->count; i++)
        if (views->items[i].organisation != NULL)
            views->items[i].organisation =
                arena_c_string(views->arena, str_of(views->items[i].organisation));
    if (status != STATUS_OK)
        say_error("cannot read the bridges", &err);
    return exit_of(status);
}

static void views_release(struct views *views)
{
    mem_free(views->items);
    arena_free(views->arena);
}

/* --- showing
 * ---------------------------------------------------------------------------------- */

static const char *state_of(const struct view *view)
{
    if (view->organisation == NULL)
        return "not configured";
    return view->pause_count > 0 ? "paused" : "active";
}

static void add_pauses(struct json *object, const struct view *view)
{
    char time[TIME_TEXT_BYTES];
    struct json *pauses = json_add_array(object, "pauses");
    for (size_t i = 0; i < view->pause_count; i++) {
        struct json *pause = json_append_object(pauses);
        time_format(view->pauses[i].since_ms, time);
        json_add_str(pause, "scope", str_of(pause_scope_name(view->pauses[i].scope)));
        json_add_str(pause, "name", view->pauses[i].name);
        json_add_str(pause, "set_by", view->pauses[i].set_by);
        json_add_str(pause, "since", str_of(time));
        json_add_str(pause, "reason", view->pauses[i].reason);
    }
}

struct str pause_words(const struct pause *pause, struct arena *arena)
{
    char time[TIME_TEXT_BYTES];
    time_format(pause->since_ms, time);
    return arena_printf(arena, "%s since %s by %.*s%s%.*s",
                        pause_scope_name(pause->scope), time, STR_ARG(pause->set_by),
                        pause->reason.len > 0 ? ": " : "", STR_ARG(pause->reason));
}

static struct str say_pauses(const struct view *view, struct arena *arena)
{
    CLEANUP(buf_release) struct buf text;
    buf_init(&text, PAUSES_TEXT_BYTES);
    for (size_t i = 0; i < view->pause_count; i++) {
        if (i > 0)
            buf_add(&text, STR("; "));
        buf_add(&text, pause_words(&view->pauses[i], arena));
    }
    return arena_copy(arena, buf_str(&text));
}

#define VIEW_COLUMNS 9

/* As JSON pauses are a list: add_pauses. */
static void say_view(const struct view *view, struct arena *arena, bool as_json,
                     struct list_cell out_cells[VIEW_COLUMNS])
{
    const struct list_cell cells[VIEW_COLUMNS] = {
        cell_ranked(1, cell_text("bridge", view->name)),
        cell_ranked(6, cell_text("channel", view->channel)),
        cell_ranked(7, cell_text("organisation", view->organisation)),
        cell_ranked(9, cell_text("integration_id", view->integration_id)),
        cell_ranked(2, cell_text("state", state_of(view))),
        cell_ranked(3, cell_number("pending", view->pending)),
        cell_ranked(4, cell_number("dead_letters", view->dead)),
        cell_ranked(8, cell_time("oldest_pending", view->oldest_ms)),
        cell_ranked(5,
                    cell_prose("pauses", as_json ? STR_NONE : say_pauses(view, arena))),
    };
    memcpy(out_cells, cells, sizeof(cells));
    out_cells[3].depth = LIST_IN_RECORD;
}

static void add_row(struct sheet *sheet, const struct view *view, struct arena *arena,
                    bool as_json)
{
    struct list_cell cells[VIEW_COLUMNS];
    say_view(view, arena, as_json, cells);
    sheet_row(cells, VIEW_COLUMNS, sheet);
}

static struct json *json_of(const struct sheet *sheet, size_t row,
                            const struct view *view)
{
    struct json *object = sheet_json_row(sheet, row, LIST_IN_RECORD);
    if (sheet_shows(sheet, "pauses"))
        add_pauses(object, view);
    return object;
}

static enum exit_code print_list_as_json(const struct sheet *sheet,
                                         const struct views *views)
{
    CLEANUP(json_freep) struct json *page = json_new_object();
    struct json *rows = json_add_array(page, "rows");
    for (size_t i = 0; i < views->count; i++)
        json_append(rows, json_of(sheet, i, &views->items[i]));
    return print_json(page);
}

static enum exit_code choose_columns(const struct invocation *invocation,
                                     struct arena *arena, struct sheet *sheet)
{
    struct list_cell names[VIEW_COLUMNS];
    const struct view none = {.name = ""};
    say_view(&none, arena, false, names);
    sheet_columns(sheet, names, VIEW_COLUMNS);
    return sheet_choose(sheet, invocation->columns);
}

enum exit_code command_bridges_list(const struct invocation *invocation)
{
    CLEANUP(views_release) struct views views = {.arena = arena_new(VIEW_ARENA_BYTES)};
    CLEANUP(sheet_freep) struct sheet *sheet = sheet_new();
    const struct sheet_look look = sheet_look(invocation);
    enum exit_code code = choose_columns(invocation, views.arena, sheet);
    if (code == EXIT_OK)
        code = collect(invocation, &views);
    for (size_t i = 0; i < views.count && code == EXIT_OK; i++)
        add_row(sheet, &views.items[i], views.arena, invocation->as_json);
    if (code != EXIT_OK)
        return code;
    return invocation->as_json ? print_list_as_json(sheet, &views)
                               : sheet_print(sheet, &look, 0);
}

/* Neither has the database one of that name: what may be meant is configured. */
static enum exit_code say_unknown_bridge(const struct invocation *invocation,
                                         const char *name)
{
    CLEANUP(config_dropp) struct config *config = NULL;
    enum exit_code code = load_config(invocation, &config);
    return code == EXIT_OK ? say_no_bridge(config, name) : code;
}

enum exit_code command_bridges_show(const struct invocation *invocation)
{
    CLEANUP(views_release)
    struct views views = {.arena = arena_new(VIEW_ARENA_BYTES),
                          .only = invocation->arguments[0]};
    CLEANUP(sheet_freep) struct sheet *sheet = sheet_new();
    enum exit_code code = collect(invocation, &views);
    if (code != EXIT_OK)
        return code;
    if (views.count == 0)
        return say_unknown_bridge(invocation, views.only);
    const struct sheet_look look = sheet_look(invocation);
    add_row(sheet, &views.items[0], views.arena, invocation->as_json);
    if (invocation->as_json) {
        CLEANUP(json_freep) struct json *one = json_of(sheet, 0, &views.items[0]);
        return print_json(one);
    }
    return sheet_print_records(sheet, &look);
}

/* --- orders
 * -----------------------------------------------------------------------------------
 */

enum exit_code command_bridges_order(const struct invocation *invocation)
{
    CLEANUP(config_dropp) struct config *config = NULL;
    CLEANUP(json_freep) struct json *answer = NULL;
    CLEANUP(arena_freep) struct arena *arena = arena_new(VIEW_ARENA_BYTES);
    const char *name = invocation->arguments[0];
    const char *verb = order_verb_name((enum order_verb)invocation->command->subject);
    enum exit_code code = load_config(invocation, &config);
    if (code != EXIT_OK)
        return code;
    if (config_bridge(config, str_of(name)) == NULL)
        return say_no_bridge(config, name);
    struct json *body = json_new_object();
    if (invocation->reason != NULL)
        json_add_str(body, "reason", str_of(invocation->reason));
    code = control_ask(config, arena_printf(arena, "/v1/bridges/%s/%s", name, verb).ptr,
                       body, &answer);
    if (code != EXIT_OK)
        return code;
    if (invocation->as_json)
        return print_json(answer);
    return print_text(arena_printf(arena, "%s: %sd\n", name, verb));
}
