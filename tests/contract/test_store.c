/*
 * The contract of store.h, held by every backend: all its cases. Those of opening,
 * transactions, bridges, ids and pauses are here, the others in support/store_*.c.
 */
#include "support/store_suite.h"

/* --- opening ------------------------------------------------------------- */

static void open_refuses_what_it_does_not_know(struct store_fixture *f)
{
    static const struct {
        const char *url;
        const char *says;
    } cases[] = {
        {"",                       "sqlite:"    },
        {"omgw.db",                "sqlite:"    },
        {"mysql:omgw",             "sqlite:"    },
        {"postgres:omgw",          "SQLite only"},
        {"postgresql://host/omgw", "SQLite only"},
    };
    const struct store_options options = {.mode = STORE_WRITER, .may_migrate = true};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct store *store = NULL;
        expect_status(cases[i].url, STATUS_INVALID,
                      store_open(cases[i].url, &options, &store, &f->err));
        expect_true(cases[i].url, strstr(f->err.text, cases[i].says) != NULL);
        expect_true(cases[i].url, store == NULL);
    }
}

static void a_reader_needs_a_database_that_exists(struct store_fixture *f)
{
    struct store *store = NULL;
    size_t len = strlen(f->url);
    (void)snprintf(f->url + len, sizeof(f->url) - len, ".other");
    expect_status("no such database", STATUS_INVALID,
                  fixture_open(f, STORE_READER, &store));
    expect_true("says why", f->err.text[0] != '\0');
}

static void a_second_writer_is_refused(struct store_fixture *f)
{
    struct store *second = NULL;
    expect_status("while the first is open", STATUS_DENIED,
                  fixture_open(f, STORE_WRITER, &second));
    expect_true("says why", f->err.text[0] != '\0');
}

/* --- transactions -------------------------------------------------------- */

static void set_mark(struct store_fixture *f, const char *name)
{
    const struct pause mark = {.scope = PAUSE_ORGANISATION, .name = str_of(name)};
    expect_ok(f, store_pause_set(f->store, &mark, &f->err));
}

static void add_name(const struct pause *pause, void *context)
{
    struct buf *names = context;
    if (names->len > 0)
        buf_add_char(names, ' ');
    buf_add(names, pause->name);
}

static void expect_marks_in(struct store_fixture *f, struct store *store,
                            const char *want)
{
    CLEANUP(buf_release) struct buf names;
    buf_init(&names, 1024);
    expect_ok(f, store_pauses(store, add_name, &names, &f->err));
    expect_str("marks", want, buf_str(&names));
}

static void expect_marks(struct store_fixture *f, const char *want)
{
    expect_marks_in(f, f->store, want);
}

static void commit_keeps_and_rollback_forgets(struct store_fixture *f)
{
    fixture_begin(f);
    set_mark(f, "kept");
    fixture_commit(f);
    fixture_begin(f);
    set_mark(f, "forgotten");
    expect_marks(f, "forgotten kept");
    store_rollback(f->store);
    expect_marks(f, "kept");

    fixture_begin(f);
    fixture_commit(f);
    expect_marks(f, "kept");
}

static void undo_takes_back_one_job_only(struct store_fixture *f)
{
    fixture_begin(f);
    expect_ok(f, store_savepoint(f->store, &f->err));
    set_mark(f, "a");
    expect_ok(f, store_release(f->store, &f->err));
    expect_ok(f, store_savepoint(f->store, &f->err));
    set_mark(f, "b");
    expect_ok(f, store_undo(f->store, &f->err));
    expect_ok(f, store_savepoint(f->store, &f->err));
    set_mark(f, "c");
    expect_ok(f, store_release(f->store, &f->err));
    fixture_commit(f);
    expect_marks(f, "a c");
}

static void a_reader_sees_what_is_committed(struct store_fixture *f)
{
    CLEANUP(store_closep) struct store *reader = fixture_reader(f);
    fixture_begin(f);
    set_mark(f, "a");
    expect_marks_in(f, reader, "");
    fixture_commit(f);
    expect_marks_in(f, reader, "a");
}

static void closing_forgets_an_open_transaction(struct store_fixture *f)
{
    struct store *reader = fixture_reader(f); /* keeps a memory: database alive */
    fixture_begin(f);
    set_mark(f, "a");
    store_close(TAKE(f->store));
    expect_ok(f, fixture_open(f, STORE_WRITER, &f->store));
    expect_marks(f, "");
    store_close(reader);
}

static void maintaining_changes_nothing_that_is_kept(struct store_fixture *f)
{
    fixture_begin(f);
    set_mark(f, "a");
    fixture_commit(f);
    store_maintain(f->store);
    expect_marks(f, "a");
    struct store_figures figures;
    store_figures(f->store, &figures);
    expect_true("log size", figures.wal_bytes >= 0);
    expect_true("database size", figures.database_bytes >= 0);
    expect_true("free space", figures.free_bytes >= -1);
}

static void everything_is_there_after_reopening(struct store_fixture *f)
{
    fixture_begin(f);
    struct contact contact = fixture_talker(f, "customer");
    struct delivery delivery = fixture_text(f, &contact, DIRECTION_INBOUND, "hello");
    const struct event_key key = {.id = STR("m-1")};
    int64_t message = 0;
    uint32_t tag = 0;
    expect_ok(f, store_id_add(f->store, f->bridge, &key, delivery.message_id, 7,
                              FIXTURE_NOW_MS, &message, &tag, &f->err));
    set_mark(f, "a");
    fixture_commit(f);
    store_close(TAKE(f->store));
    expect_ok(f, fixture_open(f, STORE_WRITER, &f->store));

    expect_marks(f, "a");
    expect_ok(f, store_id_find(f->store, f->bridge, &key, &message, &tag, &f->err));
    expect_i64("message of the id", delivery.message_id, message);
    expect_i64("tag", 7, tag);
    struct contact found;
    expect_ok(
        f, store_contact_find(f->store, f->bridge, STR("customer"), &found, &f->err));
    expect_i64("contact", contact.row, found.row);
    expect_i64("conversation", contact.conversation, found.conversation);
    fixture_begin(f);
    struct delivery next = fixture_text(f, &contact, DIRECTION_INBOUND, "again");
    fixture_commit(f);
    expect_true("numbers go on", next.id > delivery.id);
    CLEANUP(free_deliveries) struct delivery *list = NULL;
    expect_ok(f, store_take(f->store, STR("omgw"), contact.row, DIRECTION_INBOUND, 0,
                            10, &list, &f->err));
    expect_i64("first", delivery.id, list->id);
    expect_str("text", "hello", list->event.text);
    expect_i64("second", next.id, list->next->id);
}

/* --- bridges ------------------------------------------------------------- */

static enum status sync_bridge(struct store_fixture *f, const char *name,
                               const char *channel, const char *integration_id,
                               int64_t *out_row)
{
    struct bridge_record bridge = {
        .name = name, .channel = channel, .integration_id = integration_id};
    enum status status = store_bridge_sync(f->store, &bridge, FIXTURE_NOW_MS, &f->err);
    *out_row = bridge.row;
    return status;
}

static void a_bridge_keeps_its_row(struct store_fixture *f)
{
    int64_t row = 0;
    int64_t other = 0;
    int64_t same_pair = 0;
    fixture_begin(f);
    expect_ok(f, sync_bridge(f, "caf\xc3\xa9", "telegram", "1", &row));
    expect_ok(f, sync_bridge(f, "cafe", "telegram", "1", &other));
    fixture_commit(f);
    expect_true("another name is another bridge", row != other);
    fixture_begin(f);
    expect_ok(f, sync_bridge(f, "caf\xc3\xa9", "telegram", "1", &same_pair));
    fixture_commit(f);
    expect_i64("row", row, same_pair);
}

static void a_bridge_with_history_cannot_change_sides(struct store_fixture *f)
{
    static const struct {
        const char *name;
        const char *channel;
        const char *integration_id;
        bool fits;
    } cases[] = {
        {"the same pair",       "partner",  "5a1d", true },
        {"another channel",     "telegram", "5a1d", false},
        {"another integration", "partner",  "5a1e", false},
        {"both",                "telegram", "5a1e", false},
    };
    int64_t row = 0;
    fixture_begin(f);
    expect_ok(f, sync_bridge(f, "acme", "telegram", "77", &row));
    expect_i64("without history it may", f->bridge, row);
    expect_ok(f, sync_bridge(f, "acme", "partner", "5a1d", &row));
    (void)fixture_contact(f, "customer");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        enum status status =
            sync_bridge(f, "acme", cases[i].channel, cases[i].integration_id, &row);
        expect_status(cases[i].name, cases[i].fits ? STATUS_OK : STATUS_CONFLICT,
                      status);
    }
    fixture_commit(f);
}

/* --- ids ----------------------------------------------------------------- */

static void ids_of_other_sides_kinds_and_bridges_do_not_collide(struct store_fixture *f)
{
    static const char long_id[] = /* 255 bytes */
#define TEN "0123456789"
        TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
            TEN TEN TEN TEN TEN "01234";
    static const struct {
        const char *name;
        bool is_on_other_bridge;
        struct event_key key;
    } cases[] = {
        {"a message",      false, {.id = STR("42")}                                                 },
        {"another bridge", true,  {.id = STR("42")}                                                 },
        {"another side",   false, {.side = ID_SIDE_GENESYS, .id = STR("42")}                        },
        {"our own side",   false, {.side = ID_SIDE_GATEWAY, .id = STR("42")}                        },
        {"another kind",   false, {.kind = ID_KIND_WEBHOOK, .id = STR("42")}                        },
        {"a receipt",      false, {.kind = ID_KIND_RECEIPT, .id = STR("42")}                        },
        {"with a status",
         false,                   {.kind = ID_KIND_RECEIPT, .id = STR("42"), .extra = STR("read")}  },
        {"another status",
         false,                   {.kind = ID_KIND_RECEIPT, .id = STR("42"), .extra = STR("failed")}},
        {"another border",
         false,                   {.kind = ID_KIND_RECEIPT, .id = STR("42r"), .extra = STR("ead")}  },
        {"a prefix",       false, {.id = STR("4")}                                                  },
        {"a leading zero", false, {.id = STR("042")}                                                },
        {"lower case",     false, {.id = STR("a")}                                                  },
        {"upper case",     false, {.id = STR("A")}                                                  },
        {"composed",       false, {.id = STR("\xc3\xa9")}                                           },
        {"decomposed",     false, {.id = STR("e\xcc\x81")}                                          },
        {"255 bytes",      false, {.id = {long_id, 255}}                                            },
        {"254 bytes",      false, {.id = {long_id, 254}}                                            },
    };
    int64_t message = 0;
    uint32_t tag = 0;
    fixture_begin(f);
    int64_t other = fixture_bridge(f, "other");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t bridge = cases[i].is_on_other_bridge ? other : f->bridge;
        expect_status(
            cases[i].name, STATUS_NOT_FOUND,
            store_id_find(f->store, bridge, &cases[i].key, &message, &tag, &f->err));
        expect_status(cases[i].name, STATUS_OK,
                      store_id_add(f->store, bridge, &cases[i].key, (int64_t)i + 1,
                                   (uint32_t)i + 100, FIXTURE_NOW_MS, &message, &tag,
                                   &f->err));
    }
    fixture_commit(f);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t bridge = cases[i].is_on_other_bridge ? other : f->bridge;
        expect_status(
            cases[i].name, STATUS_OK,
            store_id_find(f->store, bridge, &cases[i].key, &message, &tag, &f->err));
        expect_i64(cases[i].name, i + 1, message);
        expect_i64(cases[i].name, i + 100, tag);
    }
}

static void the_first_to_give_an_id_keeps_it(struct store_fixture *f)
{
    const struct event_key key = {.id = STR("42")};
    int64_t message = 0;
    uint32_t tag = 0;
    fixture_begin(f);
    expect_ok(f, store_id_add(f->store, f->bridge, &key, 1, UINT32_MAX, FIXTURE_NOW_MS,
                              &message, &tag, &f->err));
    expect_i64("message", 1, message);
    expect_status("in the same transaction", STATUS_DUPLICATE,
                  store_id_add(f->store, f->bridge, &key, 2, 6, FIXTURE_NOW_MS,
                               &message, &tag, &f->err));
    fixture_commit(f);
    fixture_begin(f);
    message = 0;
    tag = 0;
    expect_status("in a later one", STATUS_DUPLICATE,
                  store_id_add(f->store, f->bridge, &key, 3, 6, FIXTURE_NOW_MS + 1,
                               &message, &tag, &f->err));
    fixture_commit(f);
    expect_i64("whose it is", 1, message);
    expect_i64("its tag", UINT32_MAX, tag);
}

static void an_id_taken_back_is_free_again(struct store_fixture *f)
{
    const struct event_key key = {.id = STR("42")};
    int64_t message = 0;
    uint32_t tag = 0;
    fixture_begin(f);
    for (size_t i = 0; i < 2; i++) {
        expect_ok(f, store_savepoint(f->store, &f->err));
        expect_ok(f, store_id_add(f->store, f->bridge, &key, 1, 0, FIXTURE_NOW_MS,
                                  &message, &tag, &f->err));
        expect_ok(f, store_undo(f->store, &f->err));
    }
    expect_ok(f, store_id_add(f->store, f->bridge, &key, 1, 0, FIXTURE_NOW_MS, &message,
                              &tag, &f->err));
    store_rollback(f->store);
    expect_status("rolled back", STATUS_NOT_FOUND,
                  store_id_find(f->store, f->bridge, &key, &message, &tag, &f->err));
}

static void expiring_leaves_ids_that_are_young(struct store_fixture *f)
{
    const struct event_key key = {.id = STR("42")};
    int64_t message = 0;
    uint32_t tag = 0;
    bool has_more = true;
    fixture_begin(f);
    expect_ok(f, store_id_add(f->store, f->bridge, &key, 1, 0, FIXTURE_NOW_MS, &message,
                              &tag, &f->err));
    fixture_commit(f);
    fixture_begin(f);
    expect_ok(f, store_ids_expire(f->store, FIXTURE_NOW_MS, &has_more, &f->err));
    fixture_commit(f);
    expect_false("more to drop", has_more);
    expect_ok(f, store_id_find(f->store, f->bridge, &key, &message, &tag, &f->err));
}

/* --- pauses -------------------------------------------------------------- */

static void add_pause(const struct pause *pause, void *context)
{
    buf_printf(context, "[%d %.*s: %.*s by %.*s at %lld]", (int)pause->scope,
               STR_ARG(pause->name), STR_ARG(pause->reason), STR_ARG(pause->set_by),
               (long long)pause->since_ms);
}

static void pauses_are_set_replaced_and_cleared(struct store_fixture *f)
{
    static const struct pause pauses[] = {
        {PAUSE_BRIDGE_TO_CHANNEL, STR("acme"), STR("410"),     STR("gateway"), 3},
        {PAUSE_ORGANISATION,      STR("main"), STR("401"),     STR("gateway"), 1},
        {PAUSE_BRIDGE_TO_GENESYS, STR("acme"), STR(""),        STR("anna"),    2},
        {PAUSE_ORGANISATION,      STR("b"),    STR("first"),   STR("gateway"), 4},
        {PAUSE_ORGANISATION,      STR("b"),    STR("revised"), STR("anna"),    5},
    };
    CLEANUP(buf_release) struct buf got;
    buf_init(&got, 1024);
    fixture_begin(f);
    for (size_t i = 0; i < COUNT_OF(pauses); i++)
        expect_ok(f, store_pause_set(f->store, &pauses[i], &f->err));
    expect_ok(f, store_pause_clear(f->store, PAUSE_ORGANISATION, STR("main"), &f->err));
    expect_ok(f, store_pause_clear(f->store, PAUSE_ORGANISATION, STR("main"), &f->err));
    expect_ok(f, store_pause_clear(f->store, PAUSE_ORGANISATION, STR("acme"), &f->err));
    fixture_commit(f);
    expect_ok(f, store_pauses(f->store, add_pause, &got, &f->err));
    expect_str("by scope and name",
               "[0 b: revised by anna at 5][1 acme:  by anna at 2]"
               "[2 acme: 410 by gateway at 3]",
               buf_str(&got));
}

static const struct store_case cases[] = {
    {"open refuses what it does not know",                   open_refuses_what_it_does_not_know,
     ON_MEMORY                                                                                               },
    {"a reader needs a database that exists",                a_reader_needs_a_database_that_exists,
     ON_BOTH                                                                                                 },
    {"a second writer is refused",                           a_second_writer_is_refused,            ON_BOTH  },
    {"commit keeps and rollback forgets",                    commit_keeps_and_rollback_forgets,     ON_BOTH  },
    {"undo takes back one job only",                         undo_takes_back_one_job_only,          ON_BOTH  },
 /* A memory: reader is in the same thread and sees it all. */
    {"a reader sees what is committed",                      a_reader_sees_what_is_committed,       ON_SQLITE},
    {"closing forgets an open transaction",                  closing_forgets_an_open_transaction,
     ON_BOTH                                                                                                 },
    {"maintaining changes nothing that is kept",
     maintaining_changes_nothing_that_is_kept,                                                      ON_BOTH  },
    {"everything is there after reopening",                  everything_is_there_after_reopening,
     ON_SQLITE                                                                                               },
    {"a bridge keeps its row",                               a_bridge_keeps_its_row,                ON_BOTH  },
    {"a bridge with history cannot change sides",
     a_bridge_with_history_cannot_change_sides,                                                     ON_BOTH  },
    {"ids of other sides, kinds and bridges do not collide",
     ids_of_other_sides_kinds_and_bridges_do_not_collide,                                           ON_BOTH  },
    {"the first to give an id keeps it",                     the_first_to_give_an_id_keeps_it,      ON_BOTH  },
    {"an id taken back is free again",                       an_id_taken_back_is_free_again,        ON_BOTH  },
    {"expiring leaves ids that are young",                   expiring_leaves_ids_that_are_young,    ON_BOTH  },
    {"pauses are set, replaced and cleared",                 pauses_are_set_replaced_and_cleared,
     ON_BOTH                                                                                                 },
};
static const struct store_cases store_cases = {"store", cases, COUNT_OF(cases)};

int main(void)
{
    static const struct store_cases *const suite[] = {
        &store_cases,
        &store_contact_cases,
        &store_message_cases,
        &store_delivery_cases,
    };
    int failed = 0;
    for (size_t i = 0; i < COUNT_OF(suite); i++)
        failed += store_suite_run(suite[i]);
    return failed;
}
