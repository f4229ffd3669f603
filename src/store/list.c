/*
 * Lists for operators: the columns that every database gives, what a filter comes to,
 * and how a stored number is said.
 */
#include "backend.h"

#define LIST_ARENA_BYTES 4096

static const struct list_column contact_columns[] = {
    {"number",       LIST_FROM_NUMBER, LIST_IN_TABLE,  1 },
    {"bridge",       LIST_FROM_TEXT,   LIST_IN_TABLE,  4 },
    {"contact",      LIST_FROM_TEXT,   LIST_IN_TABLE,  2 },
    {"name",         LIST_FROM_PROSE,  LIST_IN_TABLE,  3 },
    {"conversation", LIST_FROM_NUMBER, LIST_IN_TABLE,  6 },
    {"created",      LIST_FROM_TIME,   LIST_IN_TABLE,  5 },
    {"address",      LIST_FROM_TEXT,   LIST_IN_RECORD, 7 },
    {"first_name",   LIST_FROM_TEXT,   LIST_IN_RECORD, 8 },
    {"last_name",    LIST_FROM_TEXT,   LIST_IN_RECORD, 9 },
    {"attributes",   LIST_FROM_TEXT,   LIST_IN_SHOW,   10},
};

static const struct list_column conversation_columns[] = {
    {"number",                LIST_FROM_NUMBER,   LIST_IN_TABLE,  1},
    {"bridge",                LIST_FROM_TEXT,     LIST_IN_TABLE,  6},
    {"contact",               LIST_FROM_TEXT,     LIST_IN_TABLE,  2},
    {"state",                 LIST_FROM_OPENNESS, LIST_IN_TABLE,  3},
    {"messages",              LIST_FROM_NUMBER,   LIST_IN_TABLE,  5},
    {"opened",                LIST_FROM_TIME,     LIST_IN_TABLE,  7},
    {"last_activity",         LIST_FROM_TIME,     LIST_IN_TABLE,  4},
    {"closed",                LIST_FROM_TIME,     LIST_IN_RECORD, 8},
    {"genesys_conversations", LIST_FROM_TEXT,     LIST_IN_RECORD, 9},
};

static const struct list_column message_columns[] = {
    {"number",       LIST_FROM_NUMBER,    LIST_IN_TABLE,  1 },
    {"message",      LIST_FROM_TEXT,      LIST_IN_TABLE,  9 },
    {"bridge",       LIST_FROM_TEXT,      LIST_IN_TABLE,  7 },
    {"contact",      LIST_FROM_TEXT,      LIST_IN_TABLE,  2 },
    {"conversation", LIST_FROM_NUMBER,    LIST_IN_TABLE,  8 },
    {"direction",    LIST_FROM_DIRECTION, LIST_IN_TABLE,  5 },
    {"kind",         LIST_FROM_KIND,      LIST_IN_TABLE,  6 },
    {"status",       LIST_FROM_STATUS,    LIST_IN_TABLE,  3 },
    {"accepted",     LIST_FROM_TIME,      LIST_IN_TABLE,  4 },
    {"status_since", LIST_FROM_TIME,      LIST_IN_RECORD, 10},
    {"time",         LIST_FROM_TIME,      LIST_IN_RECORD, 11},
    {"sender_id",    LIST_FROM_TEXT,      LIST_IN_RECORD, 12},
    {"about",        LIST_FROM_TEXT,      LIST_IN_RECORD, 13},
    {"trace",        LIST_FROM_TEXT,      LIST_IN_RECORD, 14},
    {"text",         LIST_FROM_TEXT,      LIST_IN_SHOW,   15},
    {"extra",        LIST_FROM_TEXT,      LIST_IN_SHOW,   16},
};

static const struct list_column delivery_columns[] = {
    {"delivery",            LIST_FROM_NUMBER,    LIST_IN_TABLE,  1 },
    {"message",             LIST_FROM_TEXT,      LIST_IN_TABLE,  10},
    {"bridge",              LIST_FROM_TEXT,      LIST_IN_TABLE,  7 },
    {"contact",             LIST_FROM_TEXT,      LIST_IN_TABLE,  3 },
    {"direction",           LIST_FROM_DIRECTION, LIST_IN_TABLE,  8 },
    {"kind",                LIST_FROM_KIND,      LIST_IN_TABLE,  9 },
    {"state",               LIST_FROM_STATE,     LIST_IN_TABLE,  2 },
    {"attempts",            LIST_FROM_NUMBER,    LIST_IN_TABLE,  6 },
    {"created",             LIST_FROM_TIME,      LIST_IN_TABLE,  5 },
    {"reason",              LIST_FROM_PROSE,     LIST_IN_TABLE,  4 },
    {"http_status",         LIST_FROM_NUMBER,    LIST_IN_RECORD, 11},
    {"conversation",        LIST_FROM_NUMBER,    LIST_IN_RECORD, 12},
    {"replay",              LIST_FROM_FLAG,      LIST_IN_RECORD, 13},
    {"parts_done",          LIST_FROM_NUMBER,    LIST_IN_RECORD, 14},
    {"possible_duplicates", LIST_FROM_NUMBER,    LIST_IN_RECORD, 15},
    {"age_ms",              LIST_FROM_NUMBER,    LIST_IN_RECORD, 16},
    {"receiver_id",         LIST_FROM_TEXT,      LIST_IN_RECORD, 17},
    {"started",             LIST_FROM_TIME,      LIST_IN_RECORD, 18},
    {"ended",               LIST_FROM_TIME,      LIST_IN_RECORD, 19},
};

static const struct list_column dead_columns[] = {
    {"delivery",     LIST_FROM_NUMBER,    LIST_IN_TABLE,  1 },
    {"message",      LIST_FROM_TEXT,      LIST_IN_TABLE,  9 },
    {"bridge",       LIST_FROM_TEXT,      LIST_IN_TABLE,  5 },
    {"contact",      LIST_FROM_TEXT,      LIST_IN_TABLE,  3 },
    {"direction",    LIST_FROM_DIRECTION, LIST_IN_TABLE,  6 },
    {"kind",         LIST_FROM_KIND,      LIST_IN_TABLE,  8 },
    {"attempts",     LIST_FROM_NUMBER,    LIST_IN_TABLE,  7 },
    {"died",         LIST_FROM_TIME,      LIST_IN_TABLE,  4 },
    {"reason",       LIST_FROM_PROSE,     LIST_IN_TABLE,  2 },
    {"http_status",  LIST_FROM_NUMBER,    LIST_IN_RECORD, 10},
    {"conversation", LIST_FROM_NUMBER,    LIST_IN_RECORD, 11},
    {"accepted",     LIST_FROM_TIME,      LIST_IN_RECORD, 12},
    {"row",          LIST_FROM_NUMBER,    LIST_IN_RECORD, 13},
    {"text",         LIST_FROM_TEXT,      LIST_IN_SHOW,   14},
};

static const struct list_column audit_columns[] = {
    {"number",  LIST_FROM_NUMBER, LIST_IN_TABLE, 1},
    {"at",      LIST_FROM_TIME,   LIST_IN_TABLE, 4},
    {"actor",   LIST_FROM_TEXT,   LIST_IN_TABLE, 5},
    {"action",  LIST_FROM_TEXT,   LIST_IN_TABLE, 2},
    {"subject", LIST_FROM_TEXT,   LIST_IN_TABLE, 3},
    {"details", LIST_FROM_PROSE,  LIST_IN_TABLE, 6},
};

static const struct list_column oldest_columns[] = {
    {"delivery", LIST_FROM_NUMBER, LIST_IN_TABLE, 1},
    {"bridge",   LIST_FROM_TEXT,   LIST_IN_TABLE, 2},
    {"created",  LIST_FROM_TIME,   LIST_IN_TABLE, 3},
};

static const struct list_column active_columns[] = {
    {"number",        LIST_FROM_NUMBER, LIST_IN_TABLE, 1},
    {"bridge_row",    LIST_FROM_NUMBER, LIST_IN_TABLE, 2},
    {"last_activity", LIST_FROM_TIME,   LIST_IN_TABLE, 3},
};

const struct list_column *list_columns(enum list_kind kind, size_t *out_count)
{
#define COLUMNS(table)                                                                 \
    {                                                                                  \
        (table), COUNT_OF(table)                                                       \
    }
    static const struct {
        const struct list_column *columns;
        size_t count;
    } lists[LIST_KINDS] = {
        [LIST_CONTACTS] = COLUMNS(contact_columns),
        [LIST_CONVERSATIONS] = COLUMNS(conversation_columns),
        [LIST_MESSAGES] = COLUMNS(message_columns),
        [LIST_DELIVERIES] = COLUMNS(delivery_columns),
        [LIST_DEAD] = COLUMNS(dead_columns),
        [LIST_AUDIT] = COLUMNS(audit_columns),
        [LIST_OLDEST] = COLUMNS(oldest_columns),
        [LIST_ACTIVE] = COLUMNS(active_columns),
    };
#undef COLUMNS
    *out_count = lists[kind].count;
    return lists[kind].columns;
}

/* --- a stored number in words ---------------------------------------------- */

static const char *const openness_names[] = {"open", "closed"};

static const char *name_of_direction(int64_t number)
{
    return number <= DIRECTION_OUTBOUND ? direction_name((enum direction)number) : "";
}

static const char *name_of_kind(int64_t number)
{
    return number <= EVENT_UNREADABLE ? event_kind_name((enum event_kind)number) : "";
}

static const char *name_of_status(int64_t number)
{
    return number <= MESSAGE_FAILED ? message_status_name((enum message_status)number)
                                    : NULL;
}

static const char *name_of_state(int64_t number)
{
    return number <= DELIVERY_DROPPED ? delivery_state_name((enum delivery_state)number)
                                      : NULL;
}

static const char *name_of_openness(int64_t number)
{
    return number < (int64_t)COUNT_OF(openness_names) ? openness_names[number] : NULL;
}

typedef const char *number_name(int64_t number);

/* How a column's source is said; NULL: as the number or text that it is. */
static const struct {
    enum list_form form;
    number_name *name;
} sources[] = {
    [LIST_FROM_TEXT] = {LIST_TEXT,   NULL             },
    [LIST_FROM_PROSE] = {LIST_PROSE,  NULL             },
    [LIST_FROM_NUMBER] = {LIST_NUMBER, NULL             },
    [LIST_FROM_TIME] = {LIST_TIME,   NULL             },
    [LIST_FROM_FLAG] = {LIST_FLAG,   NULL             },
    [LIST_FROM_DIRECTION] = {LIST_TEXT,   name_of_direction},
    [LIST_FROM_KIND] = {LIST_TEXT,   name_of_kind     },
    [LIST_FROM_STATUS] = {LIST_TEXT,   name_of_status   },
    [LIST_FROM_STATE] = {LIST_TEXT,   name_of_state    },
    [LIST_FROM_OPENNESS] = {LIST_TEXT,   name_of_openness },
};

struct list_cell list_cell(const struct list_column *column, bool is_empty,
                           struct str text, int64_t number)
{
    number_name *name = sources[column->source].name;
    return (struct list_cell){
        .name = column->name,
        .form = sources[column->source].form,
        .depth = column->depth,
        .rank = column->rank,
        .is_empty = is_empty,
        .text = name != NULL && number >= 0 ? str_of(name(number)) : text,
        .number = number,
    };
}

size_t store_list_columns(enum list_kind kind,
                          struct list_cell out_cells[LIST_COLUMNS_MAX])
{
    size_t count = 0;
    const struct list_column *columns = list_columns(kind, &count);
    for (size_t i = 0; i < count; i++)
        out_cells[i] = list_cell(&columns[i], true, STR_NONE, -1);
    return count;
}

/* --- what a filter comes to ------------------------------------------------ */

/* The names a kind's rows can be asked by. */
static number_name *states_of(enum list_kind kind)
{
    if (kind == LIST_CONVERSATIONS)
        return name_of_openness;
    if (kind == LIST_MESSAGES)
        return name_of_status;
    return kind == LIST_DELIVERIES ? name_of_state : NULL;
}

static enum status fail_state(struct str state, number_name *name, struct error *err)
{
    CLEANUP(buf_release) struct buf names;
    buf_init(&names, ERROR_TEXT_BYTES);
    for (int64_t i = 0; name(i) != NULL; i++)
        buf_printf(&names, "%s%s", i == 0 ? "" : ", ", name(i));
    if (name == name_of_state)
        buf_add(&names, STR(", pending"));
    return fail(err, STATUS_INVALID, "there is no state \"%.*s\": it is one of %s",
                STR_ARG(state), buf_c_string(&names));
}

static enum status read_states(enum list_kind kind, struct str state,
                               uint32_t *out_states, struct error *err)
{
    number_name *name = states_of(kind);
    if (state.len == 0) {
        *out_states = UINT32_MAX;
        return STATUS_OK;
    }
    if (name == NULL)
        return fail(err, STATUS_INVALID, "these have no states to ask for");
    if (name == name_of_state && str_is(state, "pending")) {
        *out_states = 1u << DELIVERY_READY | 1u << DELIVERY_WAITING;
        return STATUS_OK;
    }
    for (int64_t i = 0; name(i) != NULL; i++)
        if (str_is(state, name(i))) {
            *out_states = 1u << i;
            return STATUS_OK;
        }
    return fail_state(state, name, err);
}

static enum status read_bridge(struct store *store, struct str name, int64_t *out_row,
                               struct error *err)
{
    CLEANUP(arena_freep) struct arena *arena = arena_new(LIST_ARENA_BYTES);
    struct bridge_record bridge = {.row = 0};
    enum status status = STATUS_OK;
    if (name.len > 0)
        status = store_bridge_find(store, name, arena, &bridge, err);
    if (status == STATUS_OK)
        *out_row = bridge.row;
    return status;
}

enum status store_list(struct store *store, enum list_kind kind,
                       const struct list_filter *filter, store_row_seen *seen,
                       void *context, struct error *err)
{
    struct list_query query = {
        .kind = kind,
        .below = filter->before > 0 ? filter->before : INT64_MAX,
        .contact = filter->contact,
        .since_ms = filter->since_ms,
        .limit = filter->limit,
    };
    if (filter->number > 0) {
        /* Numbers are whole: the first below the next one. */
        query.below = filter->number < INT64_MAX ? filter->number + 1 : INT64_MAX;
        query.above = filter->number - 1;
    }
    enum status status = read_states(kind, filter->state, &query.states, err);
    if (status == STATUS_OK)
        status = read_bridge(store, filter->bridge, &query.bridge_row, err);
    if (status != STATUS_OK)
        return status;
    return store->backend->list(store, &query, seen, context, err);
}

/* --- a message by its public id -------------------------------------------- */

struct message_search {
    struct store *store;
    struct event_key key;
    enum status status;
    int64_t row;
    struct error *err;
};

static void search_bridge(const struct bridge_record *bridge, void *context)
{
    struct message_search *search = context;
    uint32_t tag = 0;
    if (search->status == STATUS_NOT_FOUND)
        search->status = store_id_find(search->store, bridge->row, &search->key,
                                       &search->row, &tag, search->err);
}

enum status store_message_find(struct store *store, struct str public_id,
                               int64_t *out_row, struct error *err)
{
    struct message_search search = {
        .store = store,
        .key = {.side = ID_SIDE_GATEWAY, .kind = ID_KIND_MESSAGE, .id = public_id},
        .status = STATUS_NOT_FOUND,
        .err = err,
    };
    enum status status = store_bridges(store, search_bridge, &search, err);
    if (status != STATUS_OK)
        return status;
    if (search.status == STATUS_OK)
        *out_row = search.row;
    if (search.status == STATUS_NOT_FOUND)
        return fail(err, STATUS_NOT_FOUND, "no message has the id \"%.*s\"",
                    STR_ARG(public_id));
    return search.status;
}
