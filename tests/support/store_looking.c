/* The contract of store.h: what looking shows, of what is kept and of what is not. */
#include "support/store_life.h"

#include "gateway/json.h"

/* --- what a trace shows -------------------------------------------------- */

static const struct json *child(const struct json *parent, struct str step)
{
    int64_t index = 0;
    if (!str_to_i64(step, &index)) {
        char name[64] = "";
        memcpy(name, step.ptr, step.len);
        return json_get(parent, name);
    }
    const struct json *item = json_first(parent);
    while (item != NULL && index-- > 0)
        item = json_next(item);
    return item;
}

/* The text, or the number as text, at messages/0/id and the like. */
static struct str at(struct store_fixture *f, const struct json *json, const char *path)
{
    struct str rest = str_of(path);
    struct str text = STR("nothing");
    int64_t number = 0;
    while (rest.len > 0)
        json = child(json, str_cut(&rest, '/'));
    if (json_i64(json, &number))
        return arena_printf(f->arena, "%lld", (long long)number);
    (void)json_str(json, &text);
    return text;
}

static void a_trace_shows_the_whole_life(struct store_fixture *f)
{
    static const struct {
        const char *path;
        const char *want;
    } cases[] = {
        {"matched",                                 "conversation number"},
        {"messages/0/id",                           LIFE_PUBLIC_ID       },
        {"messages/0/contact",                      "anna"               },
        {"messages/0/direction",                    "inbound"            },
        {"messages/0/source_id",                    "m-1"                },
        {"messages/0/peer_id",                      "g-m-1"              },
        {"messages/0/text_bytes",                   "6"                  },
        {"messages/0/deliveries/0/state",           "done"               },
        {"messages/0/deliveries/0/attempts",        "2"                  },
        {"messages/0/deliveries/0/http_status",     "200"                },
        {"messages/0/deliveries/0/provider_id",     "g-m-1"              },
        {"messages/0/deliveries/0/further_parts/0", "g-m-2"              },
        {"messages/0/attempts/0/outcome",           "retry"              },
        {"messages/0/attempts/0/http_status",       "503"                },
        {"messages/0/attempts/0/reason",            "busy"               },
        {"messages/0/attempts/1/outcome",           "done"               },
        {"messages/0/attempts/2/outcome",           "nothing"            },
        {"messages/0/receipts/0/status",            "nothing"            },
        {"messages/1/about",                        "1"                  },
        {"messages/1/deliveries/0/state",           "dead"               },
        {"messages/1/deliveries/0/reason",          "opted out"          },
        {"messages/1/deliveries/0/reason_code",     "RecipientOptedOut"  },
        {"messages/1/receipts/0/status",            "failed"             },
        {"messages/1/receipts/0/state",             "waiting"            },
        {"messages/1/attempts/0/outcome",           "refused_contact"    },
        {"messages/1/attempts/1/outcome",           "unknown"            },
        {"messages/1/attempts/1/reason",            "no answer"          },
        {"messages/2/id",                           "nothing"            },
        {"conversations/0/number",                  "1"                  },
        {"conversations/0/genesys_conversations/0", "g-1"                },
        {"conversations/0/genesys_conversations/1", "g-2"                },
        {"conversations/1/number",                  "nothing"            },
    };
    suite_begin(f);
    (void)suite_live(f);
    suite_commit(f);
    CLEANUP(json_freep) struct json *json = NULL;
    CLEANUP(store_closep) struct store *reader = suite_reader(f);
    expect_ok(f, store_trace(reader, STR("1"), &json, &f->err));
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_str(cases[i].path, cases[i].want, at(f, json, cases[i].path));
    expect_true("no text of a message",
                strstr(suite_trace(f, reader, "1").ptr, "secret") == NULL);
}

static void a_trace_starts_from_any_id(struct store_fixture *f)
{
    static char long_id[300];
    memset(long_id, 'x', sizeof(long_id) - 1);
    static const struct {
        const char *id;
        const char *first; /* source id of the first message; NULL: not found */
        const char *second;
    } cases[] = {
        {"m-1",               "m-1",   "nothing"},
        {LIFE_PUBLIC_ID,      "m-1",   "nothing"},
        {LIFE_PUBLIC_ID "-1", "m-1",   "nothing"},
        {"g-m-1",             "m-1",   "nothing"},
        {"g-o-1",             "g-o-1", "nothing"},
        {"g-1",               "m-1",   "g-o-1"  },
        {"g-2",               "m-1",   "g-o-1"  },
        {"1",                 "m-1",   "g-o-1"  },
        {"2",                 NULL,    NULL     },
        {"m-2",               NULL,    NULL     },
        {"g-",                NULL,    NULL     },
        {"",                  NULL,    NULL     },
        {long_id,             NULL,    NULL     },
    };
    suite_begin(f);
    (void)suite_live(f);
    suite_commit(f);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(json_freep) struct json *json = NULL;
        enum status want = cases[i].first == NULL ? STATUS_NOT_FOUND : STATUS_OK;
        expect_status(cases[i].id, want,
                      store_trace(f->store, str_of(cases[i].id), &json, &f->err));
        if (want != STATUS_OK)
            continue;
        expect_str(cases[i].id, cases[i].first, at(f, json, "messages/0/source_id"));
        expect_str(cases[i].id, cases[i].second, at(f, json, "messages/1/source_id"));
        expect_str(cases[i].id, "1", at(f, json, "conversations/0/number"));
    }
}

static void a_trace_is_the_same_from_every_backend(struct store_fixture *f)
{
    struct store_fixture model = {.url = "memory:", .arena = f->arena};
    expect_ok(&model, suite_open(&model, STORE_WRITER, &model.store));
    struct store_fixture *const both[] = {f, &model};
    struct str traces[COUNT_OF(both)];
    for (size_t i = 0; i < COUNT_OF(both); i++) {
        suite_begin(both[i]);
        both[i]->bridge = suite_bridge(both[i], "acme");
        (void)suite_live(both[i]);
        suite_commit(both[i]);
        traces[i] = suite_trace(both[i], both[i]->store, "g-1");
    }
    expect_str("trace", traces[1].ptr, traces[0]);
    store_close(model.store);
}

static void the_next_conversation_closes_the_one_before(struct store_fixture *f)
{
    static const struct {
        const char *number;
        const char *opened;
        const char *last_activity;
        const char *closed;
    } cases[] = {
        {"1", "2023-11-14T22:13:20.000Z", "2023-11-14T22:13:21.000Z",
         "2023-11-14T22:13:22.000Z"                                            },
        {"2", "2023-11-14T22:13:22.000Z", "2023-11-14T22:13:22.000Z", "nothing"},
    };
    suite_begin(f);
    struct contact anna = suite_talker(f, "anna");
    (void)suite_message(f, &anna,
                        &(struct message){.activity_ms = SUITE_NOW_MS + 1000});
    expect_ok(f,
              store_conversation_open(f->store, &anna, SUITE_NOW_MS + 2000, &f->err));
    suite_commit(f);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(json_freep) struct json *json = NULL;
        expect_ok(f, store_trace(f->store, str_of(cases[i].number), &json, &f->err));
        expect_str("number", cases[i].number, at(f, json, "conversations/0/number"));
        expect_str("opened", cases[i].opened, at(f, json, "conversations/0/opened"));
        expect_str("last", cases[i].last_activity,
                   at(f, json, "conversations/0/last_activity"));
        expect_str("closed", cases[i].closed, at(f, json, "conversations/0/closed"));
    }
}

static void the_status_counts_rows(struct store_fixture *f)
{
    static const struct {
        const char *path;
        const char *want;
    } cases[] = {
        {"contacts",         "1"      },
        {"conversations",    "1"      },
        {"messages",         "2"      },
        {"deliveries",       "2"      },
        {"ids",              "4"      },
        {"pending_receipts", "0"      },
        {"pending/0",        "nothing"},
    };
    CLEANUP(json_freep) struct json *json = NULL;
    suite_begin(f);
    (void)suite_live(f);
    suite_commit(f);
    expect_ok(f, store_status(f->store, &json, &f->err));
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_str(cases[i].path, cases[i].want, at(f, json, cases[i].path));
    expect_str("engine and scheme agree",
               f->vfs == NULL && f->directory[0] == '\0' ? "memory" : "sqlite",
               at(f, json, "engine"));
}

/* --- changes ------------------------------------------------------------- */

static void every_kind_of_change_can_be_taken_back(struct store_fixture *f)
{
    struct life life = suite_life(f);
    struct str before = life_seen(f, &life);
    for (size_t i = 0; i < life_change_count; i++) {
        struct life changed = life;
        suite_begin(f);
        expect_ok(f, store_savepoint(f->store, &f->err));
        expect_status(life_changes[i].name, STATUS_OK,
                      life_changes[i].make(f, &changed));
        expect_false(life_changes[i].name, str_equal(before, life_seen(f, &life)));
        expect_ok(f, store_undo(f->store, &f->err));
        expect_str(life_changes[i].name, before.ptr, life_seen(f, &life));

        changed = life;
        expect_ok(f, store_savepoint(f->store, &f->err));
        expect_status(life_changes[i].name, STATUS_OK,
                      life_changes[i].make(f, &changed));
        expect_ok(f, store_release(f->store, &f->err));
        store_rollback(f->store);
        expect_str(life_changes[i].name, before.ptr, life_seen(f, &life));
    }
}

static void every_kind_of_change_is_kept(struct store_fixture *f)
{
    struct life life = suite_life(f);
    for (size_t i = 0; i < life_change_count; i++) {
        suite_begin(f);
        expect_ok(f, store_savepoint(f->store, &f->err));
        expect_status(life_changes[i].name, STATUS_OK, life_changes[i].make(f, &life));
        expect_ok(f, store_release(f->store, &f->err));
        struct str before = life_seen(f, &life);
        suite_commit(f);
        expect_str(life_changes[i].name, before.ptr, life_seen(f, &life));
    }
}

static const struct store_case cases[] = {
    STORE_CASE(a_trace_shows_the_whole_life, ON_BOTH),
    STORE_CASE(a_trace_starts_from_any_id, ON_BOTH),
    STORE_CASE(a_trace_is_the_same_from_every_backend, ON_SQLITE),
    STORE_CASE(the_next_conversation_closes_the_one_before, ON_BOTH),
    STORE_CASE(the_status_counts_rows, ON_BOTH),
    STORE_CASE(every_kind_of_change_can_be_taken_back, ON_BOTH),
    STORE_CASE(every_kind_of_change_is_kept, ON_BOTH),
};
const struct store_cases store_looking_cases = {"looking", cases, COUNT_OF(cases)};
