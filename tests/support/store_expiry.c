/* The contract of store.h: what time takes away, and what it must leave. */
#include "support/store_life.h"

#include "gateway/json.h"

#define LATER_MS (SUITE_NOW_MS + 100000)
#define OWNER STR("omgw-1")

/* --- taking away --------------------------------------------------------- */

static void count_taken(int64_t bridge_row, void *context)
{
    int64_t *count = context;
    count[0]++;
    count[1] = bridge_row;
}

/* Walks to the end as the housekeeper does: looks with one handle, takes with the
 * other. What was dropped is counted with its bridge. */
static void expire_counting(struct store_fixture *f, enum expiry kind,
                            int64_t before_ms, int64_t dropped[2])
{
    CLEANUP(store_closep) struct store *reader = suite_reader(f);
    struct expiry_walk walk = {.kind = kind, .before_ms = before_ms};
    struct expired expired;
    while (!walk.is_over) {
        expect_ok(f, store_expired_find(reader, &walk, &expired, &f->err));
        expect_true("no long transactions", expired.count <= STORE_EXPIRE_ROWS);
        suite_begin(f);
        expect_ok(f, store_expire(f->store, &expired, count_taken, dropped, &f->err));
        suite_commit(f);
    }
}

static void expire(struct store_fixture *f, enum expiry kind, int64_t before_ms)
{
    int64_t dropped[2] = {0};
    expire_counting(f, kind, before_ms, dropped);
}

/* --- what is there ------------------------------------------------------- */

/* Accepted at SUITE_NOW_MS, ended then or when said. */
static struct delivery told(struct store_fixture *f, const struct contact *contact,
                            const char *text, enum outcome outcome, int64_t ended_ms)
{
    struct delivery delivery = suite_text(f, contact, DIRECTION_INBOUND, text);
    struct delivery_record record = suite_record(&delivery, outcome);
    record.reason = STR("as it was");
    record.ended_ms = ended_ms;
    expect_ok(f, store_record(f->store, &record, &f->err));
    return delivery;
}

static void add_choice(struct store_fixture *f, int64_t message)
{
    const struct stored_choice choice = {.label = STR("Yes"), .payload = STR("yes")};
    expect_ok(f, store_choice_add(f->store, message, &choice, &f->err));
}

static bool has_choice(struct store_fixture *f, int64_t message)
{
    struct stored_choice choice;
    return store_choice_find(f->store, message, STR("yes"), f->arena, &choice,
                             &f->err) == STATUS_OK;
}

static bool has_message(struct store_fixture *f, int64_t message)
{
    struct message got;
    return store_message_get(f->store, message, f->arena, &got, &f->err) == STATUS_OK;
}

static struct str text_of(struct store_fixture *f, int64_t message)
{
    struct message got;
    expect_ok(f, store_message_get(f->store, message, f->arena, &got, &f->err));
    return got.text;
}

/* Of the messages of a conversation in the order in which a trace shows them. */
static struct str numbers_of(struct store_fixture *f, int64_t conversation)
{
    CLEANUP(json_freep) struct json *json = NULL;
    CLEANUP(buf_release) struct buf numbers;
    struct str number = arena_printf(f->arena, "%lld", (long long)conversation);
    buf_init(&numbers, 1024);
    expect_ok(f, store_trace(f->store, number, &json, &f->err));
    for (const struct json *item = json_first(json_get(json, "messages")); item != NULL;
         item = json_next(item)) {
        int64_t row = 0;
        (void)json_i64(json_get(item, "number"), &row);
        buf_printf(&numbers, "%s%lld", numbers.len > 0 ? " " : "", (long long)row);
    }
    return arena_copy(f->arena, buf_str(&numbers));
}

/* --- bodies -------------------------------------------------------------- */

static void a_text_goes_when_all_deliveries_are_long_over(struct store_fixture *f)
{
    static const struct {
        const char *name;
        enum outcome outcome;
        int64_t ended_ms;
        const char *want;
    } cases[] = {
        {"done",          OUTCOME_DONE,               SUITE_NOW_MS, ""     },
        {"done since",    OUTCOME_DONE,               LATER_MS,     "hello"},
        {"waits",         OUTCOME_RETRY,              SUITE_NOW_MS, "hello"},
        {"is being sent", OUTCOME_SENDING,            0,            "hello"},
        {"a dead letter", OUTCOME_REFUSED_MESSAGE,    SUITE_NOW_MS, "hello"},
        {"one known",     OUTCOME_ACCEPTED_DUPLICATE, SUITE_NOW_MS, ""     },
    };
    suite_begin(f);
    struct contact anna = suite_talker(f, "anna");
    struct delivery made[COUNT_OF(cases)];
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        made[i] = told(f, &anna, "hello", cases[i].outcome, cases[i].ended_ms);
        add_choice(f, made[i].message_id);
    }
    struct delivery never = suite_text(f, &anna, DIRECTION_INBOUND, "hello");
    suite_commit(f);

    expire(f, EXPIRE_BODIES, LATER_MS);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        expect_str(cases[i].name, cases[i].want, text_of(f, made[i].message_id));
        expect_true(cases[i].name,
                    has_choice(f, made[i].message_id) == (cases[i].want[0] != '\0'));
    }
    expect_str("not tried yet", "hello", text_of(f, never.message_id));
}

static void a_text_waits_for_the_last_of_its_deliveries(struct store_fixture *f)
{
    suite_begin(f);
    struct contact anna = suite_talker(f, "anna");
    struct delivery first =
        told(f, &anna, "hello", OUTCOME_REFUSED_MESSAGE, SUITE_NOW_MS);
    expect_ok(f, store_delivery_settle(f->store, first.id, DELIVERY_DROPPED,
                                       STR("replayed"), SUITE_NOW_MS, &f->err));
    struct message message = {.row = first.message_id,
                              .bridge_row = first.bridge_row,
                              .contact_row = first.contact_row,
                              .accepted_ms = LATER_MS - 1};
    struct delivery again =
        suite_delivery(f, &message, &(struct delivery){.is_replay = true});
    suite_commit(f);
    expire(f, EXPIRE_BODIES, LATER_MS);
    expect_str("it waits", "hello", text_of(f, first.message_id));

    suite_begin(f);
    struct delivery_record done = suite_record(&again, OUTCOME_DONE);
    done.ended_ms = LATER_MS;
    expect_ok(f, store_record(f->store, &done, &f->err));
    suite_commit(f);
    expire(f, EXPIRE_BODIES, LATER_MS);
    expect_str("just done", "hello", text_of(f, first.message_id));
    expire(f, EXPIRE_BODIES, LATER_MS + 1);
    expect_str("long done", "", text_of(f, first.message_id));
}

/* --- dead letters and attempts ------------------------------------------- */

static void add_lane(const struct lane_summary *lane, void *context)
{
    int64_t *count = context;
    *count += lane->count;
}

static void an_old_dead_letter_is_dropped_and_its_text_follows(struct store_fixture *f)
{
    int64_t dropped[2] = {0};
    suite_begin(f);
    struct contact anna = suite_talker(f, "anna");
    struct delivery old = told(f, &anna, "old", OUTCOME_REFUSED_MESSAGE, SUITE_NOW_MS);
    struct delivery young = told(f, &anna, "young", OUTCOME_GIVEN_UP, LATER_MS);
    struct message raw = suite_message(
        f, &anna, &(struct message){.kind = EVENT_UNREADABLE, .text = STR("{")});
    struct delivery unread = {.message_id = raw.row,
                              .contact_row = anna.row,
                              .bridge_row = anna.bridge_row,
                              .accepted_ms = SUITE_NOW_MS};
    expect_ok(f, store_delivery_add(f->store, &unread, DELIVERY_DEAD, STR("unreadable"),
                                    &f->err));
    suite_commit(f);

    expire_counting(f, EXPIRE_DEAD_LETTERS, LATER_MS, dropped);
    expect_i64("dropped", 2, dropped[0]);
    expect_i64("of its bridge", f->bridge, dropped[1]);
    int64_t pending = 0;
    int64_t dead = 0;
    expect_ok(f, store_counts(f->store, f->bridge, &pending, &dead, &f->err));
    expect_i64("still standing", 1, dead);
    struct str trace = suite_trace(f, f->store, "1");
    expect_true("says why, and why before",
                strstr(trace.ptr, "past its retention: as it was") != NULL &&
                    strstr(trace.ptr, "past its retention: unreadable") != NULL);

    expire(f, EXPIRE_BODIES, LATER_MS);
    expect_str("its text", "", text_of(f, old.message_id));
    expect_str("the raw one", "", text_of(f, raw.row));
    expect_str("of the other", "young", text_of(f, young.message_id));
    int64_t lanes = 0;
    expect_ok(f, store_lanes(f->store, OWNER, add_lane, &lanes, &f->err));
    expect_i64("nothing waits", 0, lanes);
}

static void attempts_go_by_their_end(struct store_fixture *f)
{
    struct life life = suite_life(f);
    expire(f, EXPIRE_ATTEMPTS, SUITE_NOW_MS + 20);
    struct str trace = suite_trace(f, f->store, "1");
    expect_true("not yet", strstr(trace.ptr, "\"attempts\":[{") != NULL);
    expire(f, EXPIRE_ATTEMPTS, SUITE_NOW_MS + 21);
    trace = suite_trace(f, f->store, "1");
    expect_true("gone", strstr(trace.ptr, "\"attempts\":[{") == NULL);
    expect_true("the delivery knows its count",
                strstr(trace.ptr, "\"attempts\":2") != NULL);
    expect_str("its text stays", "secret", text_of(f, life.in.message_id));
}

/* --- messages ------------------------------------------------------------ */

static void a_message_goes_with_all_that_is_its_own(struct store_fixture *f)
{
    struct life life = suite_life(f);
    suite_begin(f);
    add_choice(f, life.in.message_id);
    expect_ok(f, store_delivery_settle(f->store, life.out.id, DELIVERY_DROPPED,
                                       STR("dropped"), SUITE_NOW_MS, &f->err));
    const struct delivery_record sent = {.class = DELIVERY_RECEIPT,
                                         .id = life.out.message_id,
                                         .contact_row = life.anna.row,
                                         .epoch = 1,
                                         .outcome = OUTCOME_DONE,
                                         .state = DELIVERY_DONE,
                                         .receipt_status = MESSAGE_FAILED,
                                         .attempts = 2,
                                         .ended_ms = SUITE_NOW_MS};
    expect_ok(f, store_record(f->store, &sent, &f->err));
    struct delivery last = told(f, &life.anna, "last", OUTCOME_DONE, SUITE_NOW_MS);
    suite_commit(f);

    expire(f, EXPIRE_MESSAGES, SUITE_NOW_MS);
    expect_true("not yet", has_message(f, life.in.message_id));
    expire(f, EXPIRE_MESSAGES, SUITE_NOW_MS + 1);
    expect_true("in", !has_message(f, life.in.message_id));
    expect_true("out", !has_message(f, life.out.message_id));
    expect_true("the newest stays", has_message(f, last.message_id));
    expect_true("no choice is left", !has_choice(f, life.in.message_id));
    struct delivery *delivery = NULL;
    expect_status("no delivery", STATUS_NOT_FOUND,
                  store_delivery_load(f->store, DELIVERY_MESSAGE, life.in.id, &delivery,
                                      &f->err));
    expect_status("no receipt", STATUS_NOT_FOUND,
                  store_delivery_load(f->store, DELIVERY_RECEIPT, life.out.message_id,
                                      &delivery, &f->err));

    /* Who it was with, and in which conversation, is known still. */
    struct contact anna;
    expect_ok(f, store_contact_find(f->store, f->bridge, STR("anna"), &anna, &f->err));
    expect_i64("her conversation", life.anna.conversation, anna.conversation);
    expect_str("its messages", "3", numbers_of(f, anna.conversation));
    struct str trace = suite_trace(f, f->store, "g-1");
    expect_true("its links", strstr(trace.ptr, "g-2") != NULL);
    struct json *json = NULL;
    expect_status("the trace of what is gone", STATUS_NOT_FOUND,
                  store_trace(f->store, STR("m-1"), &json, &f->err));
    expect_true("says so", strstr(f->err.text, "retention") != NULL);

    suite_begin(f);
    struct delivery next = suite_text(f, &anna, DIRECTION_INBOUND, "next");
    suite_commit(f);
    expect_true("numbers go on", next.message_id > last.message_id);
    expect_true("of deliveries too", next.id > last.id);
    expect_str("in order", "3 4", numbers_of(f, anna.conversation));
}

static void put_receipt(struct store_fixture *f, int64_t message)
{
    const struct receipt receipt = {.message = message,
                                    .direction = DIRECTION_OUTBOUND,
                                    .status = MESSAGE_SENT,
                                    .created_ms = SUITE_NOW_MS};
    expect_ok(f, store_receipt_put(f->store, &receipt, &f->err));
}

static void
what_is_under_way_holds_its_message_and_the_later_ones(struct store_fixture *f)
{
    suite_begin(f);
    struct contact anna = suite_talker(f, "anna");
    struct contact berta = suite_talker(f, "berta");
    struct contact carla = suite_talker(f, "carla");
    (void)told(f, &anna, "a", OUTCOME_DONE, SUITE_NOW_MS);
    struct delivery waits = told(f, &anna, "b", OUTCOME_RETRY, SUITE_NOW_MS);
    (void)told(f, &anna, "c", OUTCOME_DONE, SUITE_NOW_MS);
    (void)told(f, &berta, "d", OUTCOME_DONE, SUITE_NOW_MS);
    struct delivery dead = told(f, &berta, "e", OUTCOME_GIVEN_UP, SUITE_NOW_MS);
    (void)told(f, &berta, "f", OUTCOME_DONE, SUITE_NOW_MS);
    struct delivery untold = told(f, &carla, "g", OUTCOME_DONE, SUITE_NOW_MS);
    (void)told(f, &carla, "h", OUTCOME_DONE, SUITE_NOW_MS);
    put_receipt(f, untold.message_id);
    (void)told(f, &carla, "the newest", OUTCOME_DONE, SUITE_NOW_MS);
    suite_commit(f);

    expire(f, EXPIRE_MESSAGES, LATER_MS);
    expect_str("one waits", "2 3", numbers_of(f, anna.conversation));
    expect_str("one stands dead", "5 6", numbers_of(f, berta.conversation));
    expect_str("one is untold", "7 8 9", numbers_of(f, carla.conversation));

    suite_begin(f);
    struct delivery_record done = suite_record(&waits, OUTCOME_DONE);
    expect_ok(f, store_record(f->store, &done, &f->err));
    expect_ok(f, store_delivery_settle(f->store, dead.id, DELIVERY_DROPPED,
                                       STR("dropped"), SUITE_NOW_MS, &f->err));
    const struct delivery_record sent = {.class = DELIVERY_RECEIPT,
                                         .id = untold.message_id,
                                         .contact_row = carla.row,
                                         .epoch = 1,
                                         .outcome = OUTCOME_DONE,
                                         .state = DELIVERY_DONE,
                                         .receipt_status = MESSAGE_SENT,
                                         .attempts = 1};
    expect_ok(f, store_record(f->store, &sent, &f->err));
    suite_commit(f);
    expire(f, EXPIRE_MESSAGES, LATER_MS);
    expect_str("anna", "", numbers_of(f, anna.conversation));
    expect_str("berta", "", numbers_of(f, berta.conversation));
    expect_str("carla", "9", numbers_of(f, carla.conversation));
}

static void the_newest_delivery_keeps_its_number_and_message(struct store_fixture *f)
{
    suite_begin(f);
    struct contact anna = suite_talker(f, "anna");
    struct delivery first = told(f, &anna, "a", OUTCOME_DONE, SUITE_NOW_MS);
    (void)told(f, &anna, "b", OUTCOME_DONE, SUITE_NOW_MS);
    struct message message = {.row = first.message_id,
                              .bridge_row = first.bridge_row,
                              .contact_row = first.contact_row,
                              .accepted_ms = SUITE_NOW_MS};
    struct delivery replay =
        suite_delivery(f, &message, &(struct delivery){.is_replay = true});
    struct delivery_record done = suite_record(&replay, OUTCOME_DONE);
    expect_ok(f, store_record(f->store, &done, &f->err));
    suite_commit(f);
    expire(f, EXPIRE_MESSAGES, LATER_MS);
    expect_str("both", "1 2", numbers_of(f, anna.conversation));
    suite_begin(f);
    struct delivery next = suite_text(f, &anna, DIRECTION_INBOUND, "c");
    suite_commit(f);
    expect_i64("the next number", replay.id + 1, next.id);
    expire(f, EXPIRE_MESSAGES, LATER_MS);
    expect_str("then both go", "3", numbers_of(f, anna.conversation));
}

/* --- between looking and taking ------------------------------------------ */

static void what_came_back_to_life_meanwhile_stays(struct store_fixture *f)
{
    struct expired found[EXPIRY_KINDS];
    suite_begin(f);
    struct contact anna = suite_talker(f, "anna");
    struct delivery first = told(f, &anna, "a", OUTCOME_DONE, SUITE_NOW_MS);
    struct delivery letter = told(f, &anna, "b", OUTCOME_GIVEN_UP, SUITE_NOW_MS);
    (void)told(f, &anna, "c", OUTCOME_DONE, SUITE_NOW_MS);
    suite_commit(f);
    for (int kind = 0; kind < EXPIRY_KINDS; kind++) {
        struct expiry_walk walk = {.kind = (enum expiry)kind, .before_ms = LATER_MS};
        expect_ok(f, store_expired_find(f->store, &walk, &found[kind], &f->err));
    }
    suite_begin(f);
    for (size_t i = 0; i < 2; i++) { /* both wait again */
        struct delivery_record again =
            suite_record(i == 0 ? &first : &letter, OUTCOME_RETRY);
        expect_ok(f, store_record(f->store, &again, &f->err));
    }
    suite_commit(f);
    suite_begin(f);
    for (int kind = 0; kind < EXPIRY_KINDS; kind++) {
        int64_t taken[2] = {0};
        expect_ok(f, store_expire(f->store, &found[kind], count_taken, taken, &f->err));
        if (kind == EXPIRE_DEAD_LETTERS)
            expect_i64("letters dropped", 0, taken[0]);
    }
    suite_commit(f);
    expect_str("the text", "a", text_of(f, first.message_id));
    expect_str("of the letter", "b", text_of(f, letter.message_id));
    CLEANUP(free_deliveries) struct delivery *list = NULL;
    expect_ok(f, store_take(f->store, OWNER, anna.row, DIRECTION_INBOUND, 0, 10, &list,
                            &f->err));
    expect_i64("both wait", first.id, list->id);
    expect_i64("in order", letter.id, list->next->id);
}

static void a_lost_transaction_brings_everything_back(struct store_fixture *f)
{
    struct life life = suite_life(f);
    suite_begin(f);
    (void)suite_text(f, &life.anna, DIRECTION_INBOUND, "the newest");
    suite_commit(f);
    struct str before = suite_trace(f, f->store, "1");
    struct expiry_walk walk = {.kind = EXPIRE_MESSAGES, .before_ms = LATER_MS};
    struct expired expired;
    int64_t dropped[2] = {0};
    expect_ok(f, store_expired_find(f->store, &walk, &expired, &f->err));
    suite_begin(f);
    expect_ok(f, store_expire(f->store, &expired, count_taken, dropped, &f->err));
    expect_true("taken", !has_message(f, life.in.message_id));
    store_rollback(f->store);
    expect_str("as it was", before.ptr, suite_trace(f, f->store, "1"));
}

/* --- walking ------------------------------------------------------------- */

/* Its clock was ahead for a while: old rows come behind young ones. */
static void a_walk_finds_what_lies_behind_young_rows(struct store_fixture *f)
{
    enum { EACH = 3 * STORE_EXPIRE_ROWS };
    suite_begin(f);
    struct contact anna = suite_talker(f, "anna");
    int64_t first = 0;
    for (int i = 0; i < 4 * EACH; i++) {
        bool is_young = (i >= EACH && i < 2 * EACH) || i >= 3 * EACH;
        struct message message = suite_message(
            f, &anna,
            &(struct message){.text = STR("text"),
                              .accepted_ms = is_young ? LATER_MS : SUITE_NOW_MS});
        struct delivery delivery = suite_delivery(f, &message, &(struct delivery){0});
        struct delivery_record done = suite_record(&delivery, OUTCOME_DONE);
        done.attempts = 2; /* with a row of attempts */
        done.ended_ms = message.accepted_ms;
        expect_ok(f, store_record(f->store, &done, &f->err));
        first = first == 0 ? message.row : first;
    }
    suite_commit(f);
    expire(f, EXPIRE_BODIES, LATER_MS);
    expire(f, EXPIRE_ATTEMPTS, LATER_MS);
    for (int i = 0; i < 4 * EACH; i += EACH / 4) {
        bool is_young = (i >= EACH && i < 2 * EACH) || i >= 3 * EACH;
        expect_str("text", is_young ? "text" : "", text_of(f, first + i));
    }
    expire(f, EXPIRE_MESSAGES, LATER_MS);
    expect_true("the first are gone", !has_message(f, first + EACH - 1));
    expect_true("the young stay", has_message(f, first + EACH));
    /* Of one conversation its end is kept whole. */
    expect_true("and what is behind them", has_message(f, first + 2 * EACH));
}

static void a_walk_over_nothing_ends(struct store_fixture *f)
{
    for (int kind = 0; kind < EXPIRY_KINDS; kind++) {
        struct expiry_walk walk = {.kind = (enum expiry)kind, .before_ms = LATER_MS};
        struct expired expired;
        expect_ok(f, store_expired_find(f->store, &walk, &expired, &f->err));
        expect_true("over", walk.is_over);
        expect_i64("rows", 0, (int64_t)expired.count);
        expect_ok(f, store_expired_find(f->store, &walk, &expired, &f->err));
        expect_i64("still none", 0, (int64_t)expired.count);
    }
}

static const struct store_case cases[] = {
    STORE_CASE(a_text_goes_when_all_deliveries_are_long_over, ON_BOTH),
    STORE_CASE(a_text_waits_for_the_last_of_its_deliveries, ON_BOTH),
    STORE_CASE(an_old_dead_letter_is_dropped_and_its_text_follows, ON_BOTH),
    STORE_CASE(attempts_go_by_their_end, ON_BOTH),
    STORE_CASE(a_message_goes_with_all_that_is_its_own, ON_BOTH),
    STORE_CASE(what_is_under_way_holds_its_message_and_the_later_ones, ON_BOTH),
    STORE_CASE(the_newest_delivery_keeps_its_number_and_message, ON_BOTH),
    STORE_CASE(what_came_back_to_life_meanwhile_stays, ON_BOTH),
    STORE_CASE(a_lost_transaction_brings_everything_back, ON_BOTH),
    STORE_CASE(a_walk_finds_what_lies_behind_young_rows, ON_BOTH),
    STORE_CASE(a_walk_over_nothing_ends, ON_BOTH),
};
const struct store_cases store_expiry_cases = {"expiry", cases, COUNT_OF(cases)};
