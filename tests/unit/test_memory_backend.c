/*
 * What only the model shows: owners that change, calls that fail when asked to. The
 * rest it shares with SQLite: see contract/test_store.c.
 */
#include "support/store_life.h"

#include "gateway/json.h"
#include "store/memory.h"

#include "support/failing_store.h"

/* --- names --------------------------------------------------------------- */

static void count_pause(const struct pause *pause, void *context)
{
    (void)pause;
    size_t *count = context;
    (*count)++;
}

static void expect_marks(struct store_fixture *f, struct store *store, size_t want)
{
    size_t count = 0;
    expect_ok(f, store_pauses(store, count_pause, &count, &f->err));
    expect_i64("marks", want, count);
}

static void databases_of_two_names_are_two(struct store_fixture *f)
{
    CLEANUP(store_closep) struct store *other = NULL;
    const struct store_options options = {.mode = STORE_WRITER};
    expect_ok(f, store_open("memory:other", &options, &other, &f->err));
    suite_begin(f);
    suite_mark(f, "here");
    suite_commit(f);
    expect_marks(f, other, 0);
    store_close(TAKE(f->store));
    expect_marks(f, other, 0);
    expect_ok(f, suite_open(f, STORE_WRITER, &f->store));
    expect_marks(f, f->store, 0); /* nobody held it open */
    store_close(NULL);
}

/* --- what only the model can show: lanes that change hands --------------- */

static size_t count_list(struct delivery *list)
{
    size_t count = 0;
    for (const struct delivery *d = list; d != NULL; d = d->next)
        count++;
    free_deliveries(&list);
    return count;
}

static void count_lane(const struct lane_summary *lane, void *context)
{
    (void)lane;
    size_t *count = context;
    (*count)++;
}

/* What an owner may take of Anna's: lanes, deliveries, receipts. */
static void expect_work(struct store_fixture *f, const struct contact *anna,
                        const char *owner, size_t want)
{
    struct delivery *list = NULL;
    size_t lanes = 0;
    expect_ok(f, store_lanes(f->store, str_of(owner), count_lane, &lanes, &f->err));
    expect_i64(owner, want, lanes);
    expect_ok(f, store_take(f->store, str_of(owner), anna->row, DIRECTION_INBOUND, 0,
                            10, &list, &f->err));
    expect_i64(owner, want, count_list(list));
    list = NULL;
    expect_ok(f, store_take_receipts(f->store, str_of(owner), 0, 10, &list, &f->err));
    expect_i64(owner, want, count_list(list));
}

static void put_receipt(struct store_fixture *f, int64_t message)
{
    const struct receipt receipt = {.message = message, .status = MESSAGE_DELIVERED};
    expect_ok(f, store_receipt_put(f->store, &receipt, &f->err));
}

static void a_lane_that_moved_is_its_new_owners(struct store_fixture *f)
{
    suite_begin(f);
    struct contact anna = suite_talker(f, "anna");
    struct delivery delivery = suite_text(f, &anna, DIRECTION_INBOUND, "text");
    put_receipt(f, delivery.message_id);
    suite_commit(f);
    expect_work(f, &anna, "a", 1);

    unsigned group = store_lane_group(anna.row);
    memory_store_move_group(f->store, (group + 1) % STORE_LANE_GROUPS, STR("b"));
    expect_work(f, &anna, "a", 1);
    memory_store_move_group(f->store, group, STR("b"));
    expect_work(f, &anna, "a", 0);
    expect_work(f, &anna, "b", 1);
    memory_store_move_group(f->store, group, STR("a"));
    expect_work(f, &anna, "b", 0);
    expect_work(f, &anna, "a", 1);
    struct delivery *got = suite_load(f, DELIVERY_MESSAGE, delivery.id);
    expect_i64("moved twice", 3, got->epoch);
    delivery_free(got);
}

static void an_outcome_of_an_old_epoch_changes_nothing(struct store_fixture *f)
{
    static const enum delivery_class classes[] = {DELIVERY_MESSAGE, DELIVERY_RECEIPT};
    suite_begin(f);
    struct contact anna = suite_talker(f, "anna");
    struct delivery delivery = suite_text(f, &anna, DIRECTION_INBOUND, "text");
    put_receipt(f, delivery.message_id);
    suite_commit(f);
    struct delivery *old[] = {
        suite_load(f, DELIVERY_MESSAGE, delivery.id),
        suite_load(f, DELIVERY_RECEIPT, delivery.message_id),
    };
    memory_store_move_group(f->store, store_lane_group(anna.row), STR("b"));
    struct str before = suite_trace(f, f->store, "1");

    suite_begin(f);
    for (size_t i = 0; i < COUNT_OF(classes); i++) {
        struct delivery_record record = suite_record(old[i], OUTCOME_DONE);
        expect_status("the old owner", STATUS_CONFLICT,
                      store_record(f->store, &record, &f->err));
        expect_str("nothing changed", before.ptr, suite_trace(f, f->store, "1"));
    }
    expect_work(f, &anna, "b", 1);
    for (size_t i = 0; i < COUNT_OF(classes); i++) {
        struct delivery *taken = suite_load(f, classes[i], old[i]->id);
        struct delivery_record record = suite_record(taken, OUTCOME_DONE);
        expect_i64("the next epoch", 2, taken->epoch);
        expect_ok(f, store_record(f->store, &record, &f->err));
        delivery_free(taken);
        delivery_free(old[i]);
    }
    suite_commit(f);
    expect_work(f, &anna, "b", 0);
}

/* --- a database that fails at will --------------------------------------- */

/* The n-th call of one change fails; what was done before must be gone with the undo.
 */
static bool change_fails_cleanly(struct store_fixture *f,
                                 const struct life_change *change, struct life life,
                                 unsigned nth)
{
    struct str before = life_seen(f, &life);
    suite_begin(f);
    expect_ok(f, store_savepoint(f->store, &f->err));
    memory_store_fail(f->store, nth, MEMORY_FAILS_CALL);
    struct life changed = life;
    enum status status = change->make(f, &changed);
    bool has_failed = memory_store_has_failed(f->store);
    memory_store_fail(f->store, 0, MEMORY_FAILS_CALL);
    expect_status(change->name, has_failed ? STATUS_RETRY : STATUS_OK, status);
    expect_ok(f, store_undo(f->store, &f->err));
    expect_str(change->name, before.ptr, life_seen(f, &life));
    suite_commit(f);
    return has_failed;
}

static void a_change_that_fails_says_retry_and_leaves_nothing(struct store_fixture *f)
{
    struct life life = suite_life(f);
    for (size_t i = 0; i < life_change_count; i++) {
        unsigned nth = 1;
        while (change_fails_cleanly(f, &life_changes[i], life, nth))
            nth++;
        expect_true(life_changes[i].name, nth > 1);
    }
}

static enum status prepare_life(struct store *store, void *context, struct error *err)
{
    (void)err;
    struct store_fixture *f = context;
    f->store = store;
    f->bridge = suite_bridge(f, "acme");
    struct life life = suite_live(f);
    (void)suite_text(f, &life.anna, DIRECTION_INBOUND, "pending");
    return STATUS_OK;
}

static enum status try_trace(struct store *store, void *context, struct error *err)
{
    (void)context;
    CLEANUP(json_freep) struct json *json = NULL;
    return store_trace(store, STR("g-1"), &json, err);
}

static enum status try_status(struct store *store, void *context, struct error *err)
{
    (void)context;
    CLEANUP(json_freep) struct json *json = NULL;
    return store_status(store, &json, err);
}

static enum status try_take(struct store *store, void *context, struct error *err)
{
    (void)context;
    CLEANUP(free_deliveries) struct delivery *list = NULL;
    return store_take(store, STR("a"), 1, DIRECTION_INBOUND, 0, 10, &list, err);
}

static enum status try_take_receipts(struct store *store, void *context,
                                     struct error *err)
{
    (void)context;
    CLEANUP(free_deliveries) struct delivery *list = NULL;
    return store_take_receipts(store, STR("a"), 0, 10, &list, err);
}

static enum status try_load(struct store *store, void *context, struct error *err)
{
    (void)context;
    CLEANUP(free_deliveries) struct delivery *one = NULL;
    return store_delivery_load(store, DELIVERY_MESSAGE, 1, &one, err);
}

static enum status try_reads(struct store *store, void *context, struct error *err)
{
    struct store_fixture *f = context;
    struct message message;
    struct str genesys_id;
    size_t seen = 0;
    enum status status = store_message_get(store, 1, f->arena, &message, err);
    if (status == STATUS_OK)
        status = store_conversation_genesys(store, 1, f->arena, &genesys_id, err);
    if (status == STATUS_OK)
        status = store_lanes(store, STR("a"), count_lane, &seen, err);
    if (status == STATUS_OK)
        status = store_pauses(store, count_pause, &seen, err);
    return status;
}

static enum status try_bridges(struct store *store, void *context, struct error *err)
{
    (void)context;
    struct bridge_record bridge = {
        .name = "new", .channel = "partner", .integration_id = "1"};
    enum status status = store_bridge_sync(store, &bridge, SUITE_NOW_MS, err);
    bridge.integration_id = "2";
    if (status == STATUS_OK)
        status = store_bridge_sync(store, &bridge, SUITE_NOW_MS, err);
    return status;
}

static enum status try_settle(struct store *store, void *context, struct error *err)
{
    enum status status = STATUS_CONFLICT;
    bool is_replay = false;
    (void)context;
    for (int64_t id = 1; status == STATUS_CONFLICT; id++)
        status = store_delivery_settle(store, id, DELIVERY_DEAD, STR("gone"),
                                       SUITE_NOW_MS, err);
    if (status == STATUS_OK)
        status = store_message_replayed(store, 1, &is_replay, err);
    return status;
}

static void what_fails_says_retry_and_gives_nothing(struct store_fixture *f)
{
    static const struct {
        const char *name;
        failing_scenario *scenario;
        unsigned calls; /* at least */
    } cases[] = {
        {"trace",         try_trace,         20},
        {"status",        try_status,        2 },
        {"take",          try_take,          2 },
        {"take receipts", try_take_receipts, 2 },
        {"reads",         try_reads,         4 },
        {"bridges",       try_bridges,       5 },
        {"load",          try_load,          2 },
        {"settle",        try_settle,        3 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct store_fixture scratch = {.arena = f->arena};
        unsigned calls =
            failing_store_walk(prepare_life, cases[i].scenario, &scratch, STATUS_OK);
        expect_true(cases[i].name, calls >= cases[i].calls);
    }
}

static void a_lost_transaction_says_retry_until_rolled_back(struct store_fixture *f)
{
    suite_begin(f);
    suite_mark(f, "lost");
    expect_ok(f, store_savepoint(f->store, &f->err));
    memory_store_fail(f->store, 1, MEMORY_DROPS_TRANSACTION);
    int64_t pending;
    int64_t dead;
    expect_status("the call", STATUS_RETRY,
                  store_counts(f->store, f->bridge, &pending, &dead, &f->err));
    expect_status("the next", STATUS_RETRY,
                  store_counts(f->store, f->bridge, &pending, &dead, &f->err));
    expect_status("undo", STATUS_RETRY, store_undo(f->store, &f->err));
    expect_status("commit", STATUS_RETRY, store_commit(f->store, &f->err));
    suite_begin(f);
    suite_mark(f, "kept");
    suite_commit(f);
    expect_marks(f, f->store, 1);
}

static void a_full_disk_takes_nothing_until_it_has_room(struct store_fixture *f)
{
    suite_begin(f);
    suite_mark(f, "before");
    suite_commit(f);
    suite_begin(f);
    const struct pause mark = {.scope = PAUSE_ORGANISATION, .name = STR("lost")};
    expect_ok(f, store_pause_set(f->store, &mark, &f->err));
    memory_store_set_state(f->store, MEMORY_IS_FULL);
    expect_status("write", STATUS_RETRY, store_pause_set(f->store, &mark, &f->err));
    expect_status("commit", STATUS_RETRY, store_commit(f->store, &f->err));
    expect_marks(f, f->store, 1); /* reading goes on */
    memory_store_set_state(f->store, MEMORY_WORKS);
    suite_begin(f);
    suite_mark(f, "after");
    suite_commit(f);
    expect_marks(f, f->store, 2);
}

static void a_dead_process_keeps_what_it_had_committed(struct store_fixture *f)
{
    suite_begin(f);
    suite_mark(f, "committed");
    suite_commit(f);
    CLEANUP(store_closep) struct store *keeper = NULL;
    expect_ok(f, suite_open(f, STORE_READER, &keeper));
    suite_begin(f);
    suite_mark(f, "not committed");
    memory_store_set_state(f->store, MEMORY_IS_DEAD);
    size_t count = 0;
    expect_status("read", STATUS_RETRY,
                  store_pauses(keeper, count_pause, &count, &f->err));
    expect_status("commit", STATUS_RETRY, store_commit(f->store, &f->err));
    store_close(TAKE(f->store));
    memory_store_set_state(keeper, MEMORY_WORKS);
    expect_ok(f, suite_open(f, STORE_WRITER, &f->store));
    expect_marks(f, f->store, 1);
}

static const struct store_case cases[] = {
    STORE_CASE(databases_of_two_names_are_two, ON_MEMORY),
    STORE_CASE(a_lane_that_moved_is_its_new_owners, ON_MEMORY),
    STORE_CASE(an_outcome_of_an_old_epoch_changes_nothing, ON_MEMORY),
    STORE_CASE(a_change_that_fails_says_retry_and_leaves_nothing, ON_MEMORY),
    STORE_CASE(what_fails_says_retry_and_gives_nothing, ON_MEMORY),
    STORE_CASE(a_lost_transaction_says_retry_until_rolled_back, ON_MEMORY),
    STORE_CASE(a_full_disk_takes_nothing_until_it_has_room, ON_MEMORY),
    STORE_CASE(a_dead_process_keeps_what_it_had_committed, ON_MEMORY),
};

int main(void)
{
    const struct store_cases model = {"model", cases, COUNT_OF(cases)};
    return store_suite_run(&model);
}
