/*
 * The contract of store.h, held by every backend: all its cases. Those of opening,
 * transactions and pauses are here, the others in support/store_*.c.
 */
#include "support/store_suite.h"

#include "gateway/flights.h"

/* --- opening ------------------------------------------------------------- */

static void open_refuses_what_it_does_not_know(struct store_fixture *f)
{
    static const struct {
        const char *url;
        const char *says;
    } cases[] = {
        {"",                       "sqlite:"    },
        {"omgw.db",                "sqlite:"    },
        {"sqlite:",                "path"       },
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
                  suite_open(f, STORE_READER, &store));
    expect_true("says why", f->err.text[0] != '\0');
}

static void a_second_writer_is_refused(struct store_fixture *f)
{
    struct store *second = NULL;
    expect_status("while the first is open", STATUS_DENIED,
                  suite_open(f, STORE_WRITER, &second));
    expect_true("says why", f->err.text[0] != '\0');
}

/* --- transactions -------------------------------------------------------- */

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
    suite_begin(f);
    suite_mark(f, "kept");
    suite_commit(f);
    suite_begin(f);
    suite_mark(f, "forgotten");
    expect_marks(f, "forgotten kept");
    store_rollback(f->store);
    expect_marks(f, "kept");

    suite_begin(f);
    suite_commit(f);
    expect_marks(f, "kept");
}

static void undo_takes_back_one_job_only(struct store_fixture *f)
{
    suite_begin(f);
    expect_ok(f, store_savepoint(f->store, &f->err));
    suite_mark(f, "a");
    expect_ok(f, store_release(f->store, &f->err));
    expect_ok(f, store_savepoint(f->store, &f->err));
    suite_mark(f, "b");
    expect_ok(f, store_undo(f->store, &f->err));
    expect_ok(f, store_savepoint(f->store, &f->err));
    suite_mark(f, "c");
    expect_ok(f, store_release(f->store, &f->err));
    suite_commit(f);
    expect_marks(f, "a c");
}

static void a_reader_sees_what_is_committed(struct store_fixture *f)
{
    CLEANUP(store_closep) struct store *reader = suite_reader(f);
    suite_begin(f);
    suite_mark(f, "a");
    expect_marks_in(f, reader, "");
    suite_commit(f);
    expect_marks_in(f, reader, "a");
}

static void closing_forgets_an_open_transaction(struct store_fixture *f)
{
    struct store *reader = suite_reader(f); /* keeps a memory: database alive */
    suite_begin(f);
    suite_mark(f, "a");
    store_close(TAKE(f->store));
    expect_ok(f, suite_open(f, STORE_WRITER, &f->store));
    expect_marks(f, "");
    store_close(reader);
}

static void maintaining_changes_nothing_that_is_kept(struct store_fixture *f)
{
    suite_begin(f);
    suite_mark(f, "a");
    suite_commit(f);
    store_maintain(f->store);
    expect_marks(f, "a");
    expect_true("log size", store_log_bytes(f->store) >= 0);
}

static void everything_is_there_after_reopening(struct store_fixture *f)
{
    suite_begin(f);
    struct contact contact = suite_talker(f, "customer");
    struct delivery delivery = suite_text(f, &contact, DIRECTION_INBOUND, "hello");
    const struct event_key key = {.id = STR("m-1")};
    int64_t message = 0;
    uint32_t tag = 0;
    expect_ok(f, store_id_add(f->store, f->bridge, &key, delivery.message_id, 7,
                              SUITE_NOW_MS, &message, &tag, &f->err));
    suite_mark(f, "a");
    suite_commit(f);
    store_close(TAKE(f->store));
    expect_ok(f, suite_open(f, STORE_WRITER, &f->store));

    expect_marks(f, "a");
    expect_ok(f, store_id_find(f->store, f->bridge, &key, &message, &tag, &f->err));
    expect_i64("message of the id", delivery.message_id, message);
    expect_i64("tag", 7, tag);
    struct contact found;
    expect_ok(
        f, store_contact_find(f->store, f->bridge, STR("customer"), &found, &f->err));
    expect_i64("contact", contact.row, found.row);
    expect_i64("conversation", contact.conversation, found.conversation);
    suite_begin(f);
    struct delivery next = suite_text(f, &contact, DIRECTION_INBOUND, "again");
    suite_commit(f);
    expect_true("numbers go on", next.id > delivery.id);
    CLEANUP(free_deliveries) struct delivery *list = NULL;
    expect_ok(f, store_take(f->store, STR("omgw"), contact.row, DIRECTION_INBOUND, 0,
                            10, &list, &f->err));
    expect_i64("first", delivery.id, list->id);
    expect_str("text", "hello", list->event.text);
    expect_i64("second", next.id, list->next->id);
}

/* --- runs ---------------------------------------------------------------- */

static void change_run(struct store_fixture *f,
                       enum status (*change)(struct store *, struct error *))
{
    suite_begin(f);
    expect_ok(f, change(f->store, &f->err));
    suite_commit(f);
}

static bool was_cut(struct store_fixture *f, int64_t id)
{
    expect_ok(f, store_run_look_back(f->store, &f->err));
    return flights_were_cut(store_flights(f->store), DELIVERY_MESSAGE, id);
}

static void a_run_that_did_not_end_tells_what_was_under_way(struct store_fixture *f)
{
    struct store *reader = suite_reader(f); /* keeps a memory: database alive */
    expect_true("a new database", !was_cut(f, 1));
    change_run(f, store_run_begin);
    unsigned first = flights_put(store_flights(f->store), DELIVERY_MESSAGE, 1);
    (void)flights_put(store_flights(f->store), DELIVERY_MESSAGE, 2);
    flights_clear(store_flights(f->store), first);
    store_close(TAKE(f->store)); /* as a killed process leaves it */

    expect_ok(f, suite_open(f, STORE_WRITER, &f->store));
    expect_true("had ended", !was_cut(f, 1));
    expect_true("was under way", was_cut(f, 2));
    change_run(f, store_run_begin);
    expect_true("of this run nothing is", !was_cut(f, 2));
    unsigned second = flights_put(store_flights(f->store), DELIVERY_MESSAGE, 3);
    flights_clear(store_flights(f->store), second);
    change_run(f, store_run_end);
    store_close(TAKE(f->store));

    expect_ok(f, suite_open(f, STORE_WRITER, &f->store));
    expect_true("it ended well", !was_cut(f, 3));
    store_close(reader);
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
    suite_begin(f);
    for (size_t i = 0; i < COUNT_OF(pauses); i++)
        expect_ok(f, store_pause_set(f->store, &pauses[i], &f->err));
    expect_ok(f, store_pause_clear(f->store, PAUSE_ORGANISATION, STR("main"), &f->err));
    expect_ok(f, store_pause_clear(f->store, PAUSE_ORGANISATION, STR("main"), &f->err));
    expect_ok(f, store_pause_clear(f->store, PAUSE_ORGANISATION, STR("acme"), &f->err));
    suite_commit(f);
    expect_ok(f, store_pauses(f->store, add_pause, &got, &f->err));
    expect_str("by scope and name",
               "[0 b: revised by anna at 5][1 acme:  by anna at 2]"
               "[2 acme: 410 by gateway at 3]",
               buf_str(&got));
}

static const struct store_case cases[] = {
    STORE_CASE(open_refuses_what_it_does_not_know, ON_MEMORY),
    STORE_CASE(a_reader_needs_a_database_that_exists, ON_BOTH | NOT_ON_VFS),
    STORE_CASE(a_second_writer_is_refused, ON_BOTH | NOT_ON_VFS),
    STORE_CASE(commit_keeps_and_rollback_forgets, ON_BOTH),
    STORE_CASE(undo_takes_back_one_job_only, ON_BOTH),
    /* A memory: reader is in the same thread and sees it all. */
    STORE_CASE(a_reader_sees_what_is_committed, ON_SQLITE),
    STORE_CASE(closing_forgets_an_open_transaction, ON_BOTH),
    STORE_CASE(maintaining_changes_nothing_that_is_kept, ON_BOTH),
    STORE_CASE(everything_is_there_after_reopening, ON_SQLITE),
    STORE_CASE(a_run_that_did_not_end_tells_what_was_under_way, ON_BOTH | NOT_ON_VFS),
    STORE_CASE(pauses_are_set_replaced_and_cleared, ON_BOTH),
};
static const struct store_cases store_cases = {"store", cases, COUNT_OF(cases)};

int main(void)
{
    static const struct store_cases *const suite[] = {
        &store_cases,         &store_id_cases,       &store_contact_cases,
        &store_message_cases, &store_delivery_cases, &store_sender_cases,
        &store_receipt_cases, &store_looking_cases,  &store_expiry_cases,
        &store_media_cases,
    };
    int failed = 0;
    for (size_t i = 0; i < COUNT_OF(suite); i++)
        failed += store_suite_run(suite[i]);
    return failed;
}
