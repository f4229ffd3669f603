/*
 * The contract of store.h: what operators list, page by page, and what they settle.
 */
#include "support/store_suite.h"

/* A row as one text: the cells that matter to a test, with a space between. */
struct rows {
    struct buf text;
    const char *const *columns; /* ends with NULL */
};

static void add_cell(struct buf *out, const struct list_cell *cell)
{
    if (cell->is_empty)
        buf_add_char(out, '-');
    else if (cell->form == LIST_TEXT || cell->form == LIST_PROSE)
        buf_add(out, cell->text);
    else
        buf_add_i64(out, cell->number);
}

static void add_row(const struct list_cell *cells, size_t count, void *context)
{
    struct rows *rows = context;
    if (rows->text.len > 0)
        buf_add_char(&rows->text, ';');
    for (size_t c = 0; rows->columns[c] != NULL; c++) {
        size_t i = 0;
        while (i < count && strcmp(cells[i].name, rows->columns[c]) != 0)
            i++;
        expect_true(rows->columns[c], i < count);
        if (c > 0)
            buf_add_char(&rows->text, ' ');
        add_cell(&rows->text, &cells[i]);
    }
}

static void expect_list(struct store_fixture *f, const char *name, enum list_kind kind,
                        const struct list_filter *filter, const char *const *columns,
                        const char *want)
{
    struct rows rows = {.columns = columns};
    struct list_filter bounded = *filter;
    if (bounded.limit == 0)
        bounded.limit = 100;
    buf_init(&rows.text, 65536);
    expect_ok(f, store_list(f->store, kind, &bounded, add_row, &rows, &f->err));
    expect_str(name, want, buf_str(&rows.text));
    buf_release(&rows.text);
}

/* Bridges acme and other, with Anna on both and Bob on the first; five messages, one of
 * them delivered, one dead, one of another bridge dead. */
struct people {
    struct contact anna;
    struct contact bob;
    struct contact other;
    struct delivery sent; /* 1 */
    struct delivery dead; /* 2 */
    struct delivery wait; /* 3 */
    struct delivery bobs; /* 4 */
    struct delivery away; /* 5 */
};

static void record(struct store_fixture *f, const struct delivery *delivery,
                   enum outcome outcome, const char *reason)
{
    struct delivery_record record = suite_record(delivery, outcome);
    record.reason = str_of(reason);
    expect_ok(f, store_record(f->store, &record, &f->err));
}

static struct people suite_people(struct store_fixture *f)
{
    struct people p;
    suite_begin(f);
    p.anna = suite_talker(f, "anna");
    p.bob = suite_talker(f, "bob");
    p.sent = suite_text(f, &p.anna, DIRECTION_INBOUND, "one");
    p.dead = suite_text(f, &p.anna, DIRECTION_OUTBOUND, "two");
    p.wait = suite_text(f, &p.anna, DIRECTION_INBOUND, "three");
    p.bobs = suite_text(f, &p.bob, DIRECTION_INBOUND, "four");
    int64_t acme = f->bridge;
    f->bridge = suite_bridge(f, "other");
    p.other = suite_talker(f, "anna");
    p.away = suite_text(f, &p.other, DIRECTION_INBOUND, "five");
    f->bridge = acme;
    record(f, &p.sent, OUTCOME_DONE, "");
    record(f, &p.dead, OUTCOME_REFUSED_MESSAGE, "too long");
    record(f, &p.wait, OUTCOME_RETRY, "busy");
    record(f, &p.away, OUTCOME_GIVEN_UP, "too old");
    expect_ok(f, store_message_status(f->store, p.sent.message_id, MESSAGE_SENT,
                                      SUITE_NOW_MS, &f->err));
    suite_commit(f);
    return p;
}

static void every_filter_of_deliveries_counts(struct store_fixture *f)
{
    static const char *const columns[] = {"delivery", NULL};
    static const struct {
        const char *name;
        struct list_filter filter;
        const char *want;
    } cases[] = {
        {"newest first",     {.limit = 0},                                     "5;4;3;2;1"},
        {"of a bridge",      {.bridge = STR("acme")},                          "4;3;2;1"  },
        {"of a contact",     {.contact = STR("anna")},                         "5;3;2;1"  },
        {"of both",          {.bridge = STR("other"), .contact = STR("anna")}, "5"        },
        {"done",             {.state = STR("done")},                           "1"        },
        {"pending",          {.state = STR("pending")},                        "4;3"      },
        {"waiting",          {.state = STR("waiting")},                        "3"        },
        {"dead",             {.state = STR("dead")},                           "5;2"      },
        {"dead of a bridge", {.state = STR("dead"), .bridge = STR("acme")},    "2"        },
        {"since then",       {.since_ms = SUITE_NOW_MS},                       "5;4;3;2;1"},
        {"since later",      {.since_ms = SUITE_NOW_MS + 1},                   ""         },
        {"one",              {.number = 3},                                    "3"        },
        {"one of no bridge", {.number = 3, .bridge = STR("other")},            ""         },
        {"the next page",    {.before = 4, .limit = 2},                        "3;2"      },
        {"nobody",           {.contact = STR("carl")},                         ""         },
    };
    (void)suite_people(f);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_list(f, cases[i].name, LIST_DELIVERIES, &cases[i].filter, columns,
                    cases[i].want);
}

static void every_kind_says_what_it_holds(struct store_fixture *f)
{
    static const struct {
        const char *name;
        enum list_kind kind;
        struct list_filter filter;
        const char *columns[6];
        const char *want;
    } cases[] = {
        {"contacts",
         LIST_CONTACTS,                                     {.bridge = STR("acme")},
         {"number", "bridge", "contact", "name"},
         "2 acme bob -;1 acme anna -"                                                                                             },
        {"conversations",
         LIST_CONVERSATIONS,                                {.contact = STR("bob")},
         {"number", "contact", "state", "messages", "closed"},
         "2 bob open 1 -"                                                                                                         },
        {"open ones",                   LIST_CONVERSATIONS, {.state = STR("open")},                            {"number"}, "3;2;1"},
        {"closed ones",                 LIST_CONVERSATIONS, {.state = STR("closed")},                          {"number"}, ""     },
        {"messages",
         LIST_MESSAGES,                                     {.number = 1},
         {"number", "direction", "kind", "status", "text"},
         "1 inbound message sent one"                                                                                             },
        {"accepted ones",
         LIST_MESSAGES,                                     {.state = STR("accepted"), .bridge = STR("acme")},
         {"number"},
         "4;3;2"                                                                                                                  },
        {"deliveries",
         LIST_DELIVERIES,                                   {.number = 3},
         {"state", "reason", "replay", "attempts"},
         "waiting busy 0 1"                                                                                                       },
        {"dead letters",
         LIST_DEAD,                                         {.limit = 0},
         {"delivery", "bridge", "direction", "reason", "text"},
         "5 other inbound too old five;2 acme outbound too long two"                                                              },
        {"dead letters of a bridge",
         LIST_DEAD,                                         {.bridge = STR("acme")},
         {"delivery", "row"},
         "2 2"                                                                                                                    },
        {"the oldest of each bridge",
         LIST_OLDEST,                                       {.limit = 0},
         {"delivery", "bridge"},
         "3 acme"                                                                                                                 },
        {"conversations with activity",
         LIST_ACTIVE,                                       {.since_ms = SUITE_NOW_MS},
         {"number", "bridge_row"},
         "1 1;2 1;3 2"                                                                                                            },
        {"none since",                  LIST_ACTIVE,        {.since_ms = SUITE_NOW_MS + 1},                    {"number"}, ""     },
    };
    (void)suite_people(f);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_list(f, cases[i].name, cases[i].kind, &cases[i].filter, cases[i].columns,
                    cases[i].want);
}

static void a_wrong_filter_is_told(struct store_fixture *f)
{
    static const struct {
        const char *name;
        enum list_kind kind;
        struct list_filter filter;
        enum status want;
        const char *says;
    } cases[] = {
        {"bridge",  LIST_DEAD,       {.bridge = STR("acmee")}, STATUS_NOT_FOUND, "acmee"                                  },
        {"message",
         LIST_MESSAGES,              {.state = STR("dead")},
         STATUS_INVALID,                                                         "accepted, sent, delivered, read, failed"},
        {"deliver", LIST_DELIVERIES, {.state = STR("sent")},   STATUS_INVALID,   "pending"                                },
        {"convers",
         LIST_CONVERSATIONS,         {.state = STR("x")},
         STATUS_INVALID,                                                         "open, closed"                           },
        {"contact", LIST_CONTACTS,   {.state = STR("x")},      STATUS_INVALID,   "states"                                 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        expect_status(
            cases[i].name, cases[i].want,
            store_list(f->store, cases[i].kind, &cases[i].filter, NULL, NULL, &f->err));
        expect_true(cases[i].name, strstr(f->err.text, cases[i].says) != NULL);
    }
}

static void the_model_has_no_lists(struct store_fixture *f)
{
    const struct list_filter filter = {.limit = 1};
    expect_status("memory", STATUS_UNSUPPORTED,
                  store_list(f->store, LIST_CONTACTS, &filter, add_row, NULL, &f->err));
}

static void a_message_is_found_by_its_public_id(struct store_fixture *f)
{
    static const char id[] = "0190b0000000700080000000000000ff";
    const struct event_key key = {
        .side = ID_SIDE_GATEWAY, .kind = ID_KIND_MESSAGE, .id = str_of(id)};
    int64_t row = 0;
    uint32_t tag = 0;
    suite_begin(f);
    int64_t second = suite_bridge(f, "other");
    expect_ok(f, store_id_add(f->store, second, &key, 7, 0, SUITE_NOW_MS, &row, &tag,
                              &f->err));
    suite_commit(f);
    expect_ok(f, store_message_find(f->store, str_of(id), &row, &f->err));
    expect_i64("row", 7, row);
    expect_status("unknown", STATUS_NOT_FOUND,
                  store_message_find(f->store, STR("x"), &row, &f->err));
}

/* --- settling -------------------------------------------------------------- */

static struct str reason_of(struct store_fixture *f, int64_t message)
{
    CLEANUP(buf_release) struct buf text;
    struct rows rows = {
        .columns = (const char *const[]){"state", "reason", NULL}
    };
    const struct list_filter filter = {.number = message, .limit = 1};
    buf_init(&rows.text, 1024);
    expect_ok(f,
              store_list(f->store, LIST_DELIVERIES, &filter, add_row, &rows, &f->err));
    text = rows.text;
    return arena_copy(f->arena, buf_str(&text));
}

static void settling_keeps_what_was_said_before(struct store_fixture *f)
{
    struct people p = suite_people(f);
    suite_begin(f);
    expect_ok(f, store_delivery_settle(f->store, p.dead.id, DELIVERY_DROPPED,
                                       STR("not wanted"), SUITE_NOW_MS, &f->err));
    expect_ok(f, store_delivery_settle(f->store, p.bobs.id, DELIVERY_DEAD,
                                       STR("forgotten"), SUITE_NOW_MS, &f->err));
    suite_commit(f);
    expect_str("dropped", "dropped not wanted: too long", reason_of(f, p.dead.id));
    expect_str("dead", "dead forgotten", reason_of(f, p.bobs.id));
}

static void settling_moves_only_where_an_operator_may(struct store_fixture *f)
{
    struct people p = suite_people(f);
    const struct {
        const char *name;
        int64_t id;
        enum delivery_state state;
        enum status want;
    } cases[] = {
        {"a dead letter is dropped",       p.dead.id, DELIVERY_DROPPED, STATUS_OK       },
        {"once",                           p.dead.id, DELIVERY_DROPPED, STATUS_CONFLICT },
        {"and is dead no more",            p.dead.id, DELIVERY_DEAD,    STATUS_CONFLICT },
        {"what waits becomes dead",        p.wait.id, DELIVERY_DEAD,    STATUS_OK       },
        {"what waits is not dropped",      p.bobs.id, DELIVERY_DROPPED, STATUS_CONFLICT },
        {"what is done stays",             p.sent.id, DELIVERY_DEAD,    STATUS_CONFLICT },
        {"nothing is done by a word",      p.bobs.id, DELIVERY_DONE,    STATUS_CONFLICT },
        {"a number that nobody has given", 4711,      DELIVERY_DROPPED, STATUS_NOT_FOUND},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        suite_begin(f);
        expect_status(cases[i].name, cases[i].want,
                      store_delivery_settle(f->store, cases[i].id, cases[i].state,
                                            STR("test"), SUITE_NOW_MS, &f->err));
        suite_commit(f);
    }
    int64_t pending = 0;
    int64_t dead = 0;
    expect_ok(f, store_counts(f->store, f->bridge, &pending, &dead, &f->err));
    expect_i64("pending", 1, pending);
    expect_i64("dead", 1, dead);
}

static void add_bridge(const struct bridge_record *bridge, void *context)
{
    buf_printf(context, "[%lld %s %s %s]", (long long)bridge->row, bridge->name,
               bridge->channel, bridge->integration_id);
}

static void bridges_are_found_by_name_and_listed(struct store_fixture *f)
{
    CLEANUP(buf_release) struct buf got;
    struct bridge_record bridge;
    buf_init(&got, 1024);
    suite_begin(f);
    int64_t second = suite_bridge(f, "other");
    suite_commit(f);
    expect_ok(f, store_bridge_find(f->store, STR("other"), f->arena, &bridge, &f->err));
    expect_i64("row", second, bridge.row);
    expect_status(
        "unknown", STATUS_NOT_FOUND,
        store_bridge_find(f->store, STR("third"), f->arena, &bridge, &f->err));
    expect_true("says which", strstr(f->err.text, "third") != NULL);
    expect_ok(f, store_bridges(f->store, add_bridge, &got, &f->err));
    expect_true("first", strstr(buf_c_string(&got), "[1 acme ") != NULL);
    expect_true("second", strstr(buf_c_string(&got), "[2 other ") != NULL);
}

static const struct store_case cases[] = {
    STORE_CASE(every_filter_of_deliveries_counts, ON_SQLITE),
    STORE_CASE(every_kind_says_what_it_holds, ON_SQLITE),
    STORE_CASE(a_wrong_filter_is_told, ON_BOTH),
    STORE_CASE(the_model_has_no_lists, ON_MEMORY),
    STORE_CASE(a_message_is_found_by_its_public_id, ON_BOTH),
    STORE_CASE(settling_keeps_what_was_said_before, ON_SQLITE),
    STORE_CASE(settling_moves_only_where_an_operator_may, ON_BOTH),
    STORE_CASE(bridges_are_found_by_name_and_listed, ON_BOTH),
};

int main(void)
{
    static const struct store_cases listing = {"listing", cases, COUNT_OF(cases)};
    return store_suite_run(&listing);
}
