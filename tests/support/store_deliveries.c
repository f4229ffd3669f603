/* The contract of store.h: deliveries, what attempts leave behind, taking work. */
#include "support/store_suite.h"

#define OWNER STR("omgw-1")

/* --- helpers ------------------------------------------------------------- */

/* The texts of a lane's pending deliveries, in order. */
static void expect_lane(struct store_fixture *f, const char *name,
                        const struct contact *contact, enum direction direction,
                        const char *want)
{
    CLEANUP(free_deliveries) struct delivery *list = NULL;
    CLEANUP(buf_release) struct buf texts;
    buf_init(&texts, 1024);
    expect_ok(f, store_take(f->store, OWNER, contact->row, direction, 0, 100, &list,
                            &f->err));
    for (const struct delivery *d = list; d != NULL; d = d->next) {
        if (d != list)
            buf_add_char(&texts, ' ');
        buf_add(&texts, d->event.text);
    }
    expect_str(name, want, buf_str(&texts));
}

static void expect_counts(struct store_fixture *f, int64_t bridge, int64_t want_pending,
                          int64_t want_dead)
{
    CLEANUP(store_closep) struct store *reader = suite_reader(f);
    int64_t pending = -1;
    int64_t dead = -1;
    expect_ok(f, store_counts(reader, bridge, &pending, &dead, &f->err));
    expect_i64("pending", want_pending, pending);
    expect_i64("dead", want_dead, dead);
}

/* --- taking -------------------------------------------------------------- */

static void a_lane_gives_its_deliveries_in_order(struct store_fixture *f)
{
    static const struct {
        const char *name;
        size_t after; /* 1: the first; 0: none */
        unsigned limit;
        const char *want;
    } cases[] = {
        {"all of them",            0, 100, "abcd"},
        {"no more than the limit", 0, 2,   "ab"  },
        {"what follows",           2, 100, "cd"  },
        {"one that follows",       1, 1,   "b"   },
        {"nothing follows",        4, 100, ""    },
        {"nothing asked",          0, 0,   ""    },
    };
    static const char *const texts[] = {"a", "b", "c", "d"};
    int64_t ids[COUNT_OF(texts) + 1] = {0};
    suite_begin(f);
    struct contact anna = suite_talker(f, "anna");
    struct contact berta = suite_talker(f, "berta");
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        (void)suite_text(f, &berta, DIRECTION_INBOUND, "other contact");
        (void)suite_text(f, &anna, DIRECTION_OUTBOUND, "other direction");
        ids[i + 1] = suite_text(f, &anna, DIRECTION_INBOUND, texts[i]).id;
        expect_true("ids rise", ids[i + 1] > ids[i]);
    }
    suite_commit(f);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(free_deliveries) struct delivery *list = NULL;
        char got[8] = "";
        size_t used = 0;
        expect_ok(f, store_take(f->store, OWNER, anna.row, DIRECTION_INBOUND,
                                ids[cases[i].after], cases[i].limit, &list, &f->err));
        for (const struct delivery *d = list; d != NULL; d = d->next)
            got[used++] = d->event.text.ptr[0];
        expect_str(cases[i].name, cases[i].want, str_of(got));
    }
}

struct lanes_seen {
    struct lane_summary lanes[8];
    size_t count;
};

static void keep_lane(const struct lane_summary *lane, void *context)
{
    struct lanes_seen *seen = context;
    assert_true(seen->count < COUNT_OF(seen->lanes));
    seen->lanes[seen->count++] = *lane;
}

static const struct lane_summary *
find_lane(const struct lanes_seen *seen, int64_t contact_row, enum direction direction)
{
    for (size_t i = 0; i < seen->count; i++)
        if (seen->lanes[i].contact_row == contact_row &&
            seen->lanes[i].direction == direction)
            return &seen->lanes[i];
    return NULL;
}

static void expect_summary(const struct lanes_seen *seen, const char *name,
                           const struct delivery *first, int64_t count)
{
    const struct lane_summary *lane =
        find_lane(seen, first->contact_row, first->direction);
    expect_true(name, lane != NULL);
    if (lane == NULL)
        return;
    expect_i64(name, first->bridge_row, lane->bridge_row);
    expect_i64(name, first->id, lane->first_id);
    expect_i64(name, count, lane->count);
}

static void lanes_tell_head_and_count(struct store_fixture *f)
{
    struct lanes_seen seen = {.count = 0};
    expect_ok(f, store_lanes(f->store, OWNER, keep_lane, &seen, &f->err));
    expect_i64("none yet", 0, seen.count);

    suite_begin(f);
    struct contact anna = suite_talker(f, "anna");
    struct contact berta = suite_talker(f, "berta");
    struct contact carla = suite_talker(f, "carla");
    struct delivery gone = suite_text(f, &anna, DIRECTION_INBOUND, "gone");
    struct delivery in = suite_text(f, &anna, DIRECTION_INBOUND, "a");
    struct delivery other = suite_text(f, &berta, DIRECTION_INBOUND, "b");
    (void)suite_text(f, &anna, DIRECTION_INBOUND, "c");
    struct delivery out = suite_text(f, &anna, DIRECTION_OUTBOUND, "d");
    struct delivery all = suite_text(f, &carla, DIRECTION_OUTBOUND, "e");
    struct delivery_record done = suite_record(&gone, OUTCOME_DONE);
    expect_ok(f, store_record(f->store, &done, &f->err));
    done = suite_record(&all, OUTCOME_REFUSED_CONTACT);
    expect_ok(f, store_record(f->store, &done, &f->err));
    suite_commit(f);

    expect_ok(f, store_lanes(f->store, OWNER, keep_lane, &seen, &f->err));
    expect_i64("lanes", 3, seen.count);
    expect_summary(&seen, "anna, inbound", &in, 2);
    expect_summary(&seen, "anna, outbound", &out, 1);
    expect_summary(&seen, "berta", &other, 1);
}

static void a_delivery_has_the_trace_of_its_message(struct store_fixture *f)
{
    static const char *const traces[] = {"", "a trace"};
    suite_begin(f);
    struct contact anna = suite_talker(f, "anna");
    for (size_t i = 0; i < COUNT_OF(traces); i++) {
        struct message message =
            suite_message(f, &anna, &(struct message){.trace = str_of(traces[i])});
        struct delivery delivery =
            suite_delivery(f, &message, &(struct delivery){.attempts = 0});
        struct delivery *got = suite_load(f, DELIVERY_MESSAGE, delivery.id);
        expect_str("trace", traces[i], got->trace);
        delivery_free(got);
    }
    suite_commit(f);
}

/* --- what an attempt leaves ---------------------------------------------- */

static void an_outcome_decides_whether_a_delivery_stays_pending(struct store_fixture *f)
{
    static const struct {
        enum outcome outcome;
        bool is_pending;
        bool is_dead;
    } cases[] = {
        {OUTCOME_DONE,               false, false},
        {OUTCOME_ACCEPTED_DUPLICATE, false, false},
        {OUTCOME_RETRY,              true,  false},
        {OUTCOME_SLOW_DOWN,          true,  false},
        {OUTCOME_UNKNOWN,            true,  false},
        {OUTCOME_REFUSED_MESSAGE,    false, true },
        {OUTCOME_REFUSED_CONTACT,    false, true },
        {OUTCOME_WINDOW_CLOSED,      false, true },
        {OUTCOME_BROKEN,             true,  false},
        {OUTCOME_PROGRESS,           true,  false},
        {OUTCOME_GIVEN_UP,           false, true },
    };
    int64_t pending = 0;
    int64_t dead = 0;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *name = outcome_name(cases[i].outcome);
        suite_begin(f);
        struct contact contact = suite_talker(f, name);
        struct delivery delivery = suite_text(f, &contact, DIRECTION_OUTBOUND, "text");
        struct delivery_record record = suite_record(&delivery, cases[i].outcome);
        expect_ok(f, store_record(f->store, &record, &f->err));
        suite_commit(f);
        expect_lane(f, name, &contact, DIRECTION_OUTBOUND,
                    cases[i].is_pending ? "text" : "");
        pending += cases[i].is_pending;
        dead += cases[i].is_dead;
        expect_counts(f, f->bridge, pending, dead);
    }
}

static void
a_delivery_comes_back_with_what_its_last_attempt_left(struct store_fixture *f)
{
    suite_begin(f);
    struct contact anna = suite_talker(f, "anna");
    struct delivery added = suite_text(f, &anna, DIRECTION_OUTBOUND, "text");
    expect_i64("the first owner's epoch", 1, added.epoch);
    struct delivery_record record = suite_record(&added, OUTCOME_RETRY);
    record.attempts = 3;
    record.parts_done = 2;
    record.possible_duplicates = 1;
    record.may_have_arrived = true;
    record.age_ms = 4567;
    record.http_status = 503;
    record.reason = STR("the peer is busy");
    expect_ok(f, store_record(f->store, &record, &f->err));
    suite_commit(f);

    struct delivery *got = suite_load(f, DELIVERY_MESSAGE, added.id);
    expect_i64("attempts", 3, got->attempts);
    expect_i64("parts done", 2, got->parts_done);
    expect_i64("possible duplicates", 1, got->possible_duplicates);
    expect_i64("age", 4567, got->age_ms);
    expect_i64("epoch", 1, got->epoch);
    expect_true("it may have arrived", got->may_have_arrived);
    delivery_free(got);

    suite_begin(f);
    record.may_have_arrived = false;
    expect_ok(f, store_record(f->store, &record, &f->err));
    suite_commit(f);
    got = suite_load(f, DELIVERY_MESSAGE, added.id);
    expect_true("the last attempt tells", !got->may_have_arrived);
    delivery_free(got);
}

static void
that_it_was_being_sent_is_known_until_the_next_outcome(struct store_fixture *f)
{
    static const struct {
        enum outcome outcome;
        bool want;
    } steps[] = {
        {OUTCOME_RETRY,    false},
        {OUTCOME_SENDING,  true },
        {OUTCOME_PROGRESS, false},
        {OUTCOME_SENDING,  true },
        {OUTCOME_UNKNOWN,  false},
    };
    suite_begin(f);
    struct contact anna = suite_talker(f, "anna");
    struct delivery delivery = suite_text(f, &anna, DIRECTION_OUTBOUND, "text");
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct delivery_record record = suite_record(&delivery, steps[i].outcome);
        if (steps[i].outcome == OUTCOME_SENDING)
            record.ended_ms = 0;
        expect_ok(f, store_record(f->store, &record, &f->err));
        struct delivery *got = suite_load(f, DELIVERY_MESSAGE, delivery.id);
        expect_i64(outcome_name(steps[i].outcome), steps[i].want, got->was_sending);
        delivery_free(got);
        expect_lane(f, "stays pending", &anna, DIRECTION_OUTBOUND, "text");
    }
    suite_commit(f);
}

static void the_peers_id_is_that_of_the_first_part(struct store_fixture *f)
{
    static const struct {
        const char *name;
        enum outcome outcome;
        unsigned part;
        struct str provider_id;
        const char *want; /* the message's peer id afterwards */
    } steps[] = {
        {"a failure names none", OUTCOME_RETRY,    0, STR_NONE,   ""   },
        {"the first part",       OUTCOME_PROGRESS, 0, STR("p-0"), "p-0"},
        {"a part without an id", OUTCOME_PROGRESS, 1, STR_NONE,   "p-0"},
        {"the third part",       OUTCOME_PROGRESS, 2, STR("p-2"), "p-0"},
        {"a failure keeps it",   OUTCOME_RETRY,    3, STR_NONE,   "p-0"},
        {"the end",              OUTCOME_DONE,     3, STR("p-3"), "p-0"},
    };
    suite_begin(f);
    struct contact anna = suite_talker(f, "anna");
    struct delivery delivery = suite_text(f, &anna, DIRECTION_OUTBOUND, "text");
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct message message;
        struct delivery_record record = suite_record(&delivery, steps[i].outcome);
        record.part = steps[i].part;
        record.provider_id = steps[i].provider_id;
        expect_ok(f, store_record(f->store, &record, &f->err));
        expect_ok(f, store_message_get(f->store, delivery.message_id, f->arena,
                                       &message, &f->err));
        expect_str(steps[i].name, steps[i].want, message.peer_id);
    }
    suite_commit(f);
}

static void a_mark_of_sending_lasts_until_the_outcome(struct store_fixture *f)
{
    static const struct {
        enum outcome outcome;
        bool was_sending;
    } steps[] = {
        {OUTCOME_SENDING,  true },
        {OUTCOME_RETRY,    false},
        {OUTCOME_SENDING,  true },
        {OUTCOME_PROGRESS, false},
    };
    suite_begin(f);
    struct contact anna = suite_talker(f, "anna");
    struct delivery delivery = suite_text(f, &anna, DIRECTION_INBOUND, "text");
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct delivery_record record = suite_record(&delivery, steps[i].outcome);
        record.started_ms = 1000;
        record.ended_ms = steps[i].was_sending ? 0 : 1001;
        expect_ok(f, store_record(f->store, &record, &f->err));
        struct delivery *got = suite_load(f, DELIVERY_MESSAGE, delivery.id);
        expect_i64(outcome_name(steps[i].outcome), steps[i].was_sending,
                   got->was_sending);
        delivery_free(got);
    }
    suite_commit(f);
}

static void a_dead_letter_is_born_dead(struct store_fixture *f)
{
    suite_begin(f);
    struct contact anna = suite_talker(f, "anna");
    struct message message = suite_message(
        f, &anna, &(struct message){.kind = EVENT_UNREADABLE, .text = STR("{\0]")});
    struct delivery delivery = {
        .message_id = message.row,
        .contact_row = anna.row,
        .bridge_row = f->bridge,
    };
    expect_ok(f, store_delivery_add(f->store, &delivery, DELIVERY_DEAD,
                                    STR("unreadable"), &f->err));
    suite_commit(f);
    expect_lane(f, "never taken", &anna, DIRECTION_INBOUND, "");
    expect_counts(f, f->bridge, 0, 1);
    struct delivery *got = suite_load(f, DELIVERY_MESSAGE, delivery.id);
    expect_i64("kind", EVENT_UNREADABLE, got->event.kind);
    expect_true("raw", str_equal(STR("{\0]"), got->event.raw));
    expect_i64("no text", 0, got->event.text.len);
    delivery_free(got);
}

static void counts_are_of_one_bridge(struct store_fixture *f)
{
    suite_begin(f);
    struct contact anna = suite_talker(f, "anna");
    int64_t acme = f->bridge;
    f->bridge = suite_bridge(f, "other");
    struct contact berta = suite_talker(f, "berta");
    for (size_t i = 0; i < 3; i++) {
        (void)suite_text(f, &anna, DIRECTION_INBOUND, "a");
        struct delivery delivery = suite_text(f, &berta, DIRECTION_INBOUND, "b");
        struct delivery_record record =
            suite_record(&delivery, i == 0 ? OUTCOME_RETRY : OUTCOME_GIVEN_UP);
        expect_ok(f, store_record(f->store, &record, &f->err));
    }
    suite_commit(f);
    expect_counts(f, acme, 3, 0);
    expect_counts(f, f->bridge, 1, 2);
    expect_counts(f, f->bridge + 1, 0, 0);
}

static void what_is_not_there_is_not_found(struct store_fixture *f)
{
    struct delivery *none = NULL;
    struct receipt receipt;
    const struct event_key key = {.id = STR("m-1")};
    const struct delivery missing = {.id = 1, .contact_row = 1, .epoch = 1};
    struct delivery_record record = suite_record(&missing, OUTCOME_DONE);
    expect_status("delivery", STATUS_NOT_FOUND,
                  store_delivery_load(f->store, DELIVERY_MESSAGE, 1, &none, &f->err));
    expect_status("receipt", STATUS_NOT_FOUND,
                  store_delivery_load(f->store, DELIVERY_RECEIPT, 1, &none, &f->err));
    suite_begin(f);
    expect_status("early receipt", STATUS_NOT_FOUND,
                  store_early_receipt_take(f->store, f->bridge, &key, f->arena,
                                           &receipt, &f->err));
    expect_status("outcome of a delivery", STATUS_NOT_FOUND,
                  store_record(f->store, &record, &f->err));
    record.class = DELIVERY_RECEIPT;
    expect_status("outcome of a receipt", STATUS_NOT_FOUND,
                  store_record(f->store, &record, &f->err));
    store_rollback(f->store);
}

static const struct store_case cases[] = {
    STORE_CASE(a_lane_gives_its_deliveries_in_order, ON_BOTH),
    STORE_CASE(lanes_tell_head_and_count, ON_BOTH),
    STORE_CASE(a_delivery_has_the_trace_of_its_message, ON_BOTH),
    STORE_CASE(an_outcome_decides_whether_a_delivery_stays_pending, ON_BOTH),
    STORE_CASE(a_delivery_comes_back_with_what_its_last_attempt_left, ON_BOTH),
    STORE_CASE(that_it_was_being_sent_is_known_until_the_next_outcome, ON_BOTH),
    STORE_CASE(the_peers_id_is_that_of_the_first_part, ON_BOTH),
    STORE_CASE(a_mark_of_sending_lasts_until_the_outcome, ON_BOTH),
    STORE_CASE(a_dead_letter_is_born_dead, ON_BOTH),
    STORE_CASE(counts_are_of_one_bridge, ON_BOTH),
    STORE_CASE(what_is_not_there_is_not_found, ON_BOTH),
};
const struct store_cases store_delivery_cases = {"deliveries", cases, COUNT_OF(cases)};
