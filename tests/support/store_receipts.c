/* The contract of store.h: the receipt of a message, and receipts that come early. */
#include "support/store_suite.h"

#define OWNER STR("omgw-1")

/* --- the slot ------------------------------------------------------------ */

static enum status put(struct store_fixture *f, const struct message *message,
                       enum message_status status)
{
    const struct receipt receipt = {
        .message = message->row,
        .direction = DIRECTION_INBOUND,
        .status = status,
        .reason_code = REASON_RECIPIENT_OPTED_OUT,
        .reason = STR("opted out"),
        .created_ms = SUITE_NOW_MS + 1,
    };
    return store_receipt_put(f->store, &receipt, &f->err);
}

/* The attempt to tell it came to `outcome`. */
static void tell(struct store_fixture *f, const struct message *message,
                 enum outcome outcome)
{
    struct delivery *told = suite_load(f, DELIVERY_RECEIPT, message->row);
    struct delivery_record record = suite_record(told, outcome);
    delivery_free(told);
    expect_ok(f, store_record(f->store, &record, &f->err));
}

/* The unsent receipts of all messages after a row, as "row:status". */
static void expect_unsent(struct store_fixture *f, const char *name, int64_t after,
                          unsigned limit, const char *want)
{
    CLEANUP(free_deliveries) struct delivery *list = NULL;
    CLEANUP(buf_release) struct buf got;
    buf_init(&got, 1024);
    expect_ok(f, store_take_receipts(f->store, OWNER, after, limit, &list, &f->err));
    for (const struct delivery *d = list; d != NULL; d = d->next)
        buf_printf(&got, "%s%lld:%s", d == list ? "" : " ", (long long)d->id,
                   message_status_name(d->event.receipt_status));
    expect_str(name, want, buf_str(&got));
}

static struct message agents_message(struct store_fixture *f,
                                     const struct contact *contact)
{
    return suite_message(f, contact,
                         &(struct message){.direction = DIRECTION_OUTBOUND,
                                           .source_id = STR("g-message"),
                                           .trace = STR("a trace"),
                                           .text = STR("hello")});
}

static void a_receipt_says_what_became_of_whose_message(struct store_fixture *f)
{
    suite_begin(f);
    struct contact anna = suite_talker(f, "anna");
    expect_ok(f, store_conversation_link(f->store, anna.conversation, STR("g-1"),
                                         SUITE_NOW_MS, &f->err));
    struct message message = agents_message(f, &anna);
    expect_ok(f, put(f, &message, MESSAGE_FAILED));
    suite_commit(f);

    struct delivery *got = suite_load(f, DELIVERY_RECEIPT, message.row);
    expect_i64("class", DELIVERY_RECEIPT, got->class);
    expect_i64("direction", DIRECTION_INBOUND, got->direction);
    expect_i64("id", message.row, got->id);
    expect_i64("message", message.row, got->message_id);
    expect_i64("contact", anna.row, got->contact_row);
    expect_i64("bridge", f->bridge, got->bridge_row);
    expect_i64("epoch", 1, got->epoch);
    expect_str("public id", message.public_id, str_of(got->public_id));
    expect_str("the id its sender gave it", "g-message", got->target_peer_id);
    expect_str("Genesys conversation", "g-1", got->target_genesys_conversation);
    expect_str("the message's trace", "a trace", got->trace);
    expect_i64("time", SUITE_NOW_MS + 1, got->time_ms);
    expect_i64("kind", EVENT_RECEIPT, got->event.kind);
    expect_str("contact id", "anna", got->event.contact_id);
    expect_i64("status", MESSAGE_FAILED, got->event.receipt_status);
    expect_str("code", "RecipientOptedOut", got->event.reason_code);
    expect_str("reason", "opted out", got->event.reason_text);
    expect_i64("attempts", 0, got->attempts);
    delivery_free(got);
}

static void a_later_status_replaces_an_unsent_one(struct store_fixture *f)
{
    static const struct {
        const char *name;
        enum message_status first;
        bool is_told; /* before the second comes */
        enum outcome outcome;
        enum message_status second;
        enum status want;
        const char *unsent; /* status that waits afterwards */
    } cases[] = {
        {"the same while it waits",        MESSAGE_DELIVERED, false, OUTCOME_DONE,
         MESSAGE_DELIVERED,                                                                               STATUS_DUPLICATE, "delivered"},
        {"a later while it waits",         MESSAGE_DELIVERED, false, OUTCOME_DONE,     MESSAGE_READ,
         STATUS_OK,                                                                                                         "read"     },
        {"a later after a failed try",     MESSAGE_DELIVERED, true,  OUTCOME_RETRY,
         MESSAGE_READ,                                                                                    STATUS_OK,        "read"     },
        {"the same after a failed try",    MESSAGE_DELIVERED, true,  OUTCOME_RETRY,
         MESSAGE_DELIVERED,                                                                               STATUS_DUPLICATE, "delivered"},
        {"never back while it waits",      MESSAGE_READ,      false, OUTCOME_DONE,
         MESSAGE_DELIVERED,                                                                               STATUS_DUPLICATE, "read"     },
        {"the same once sent",             MESSAGE_DELIVERED, true,  OUTCOME_DONE,     MESSAGE_DELIVERED,
         STATUS_DUPLICATE,                                                                                                  ""         },
        {"a later once sent",              MESSAGE_DELIVERED, true,  OUTCOME_DONE,     MESSAGE_READ,
         STATUS_OK,                                                                                                         "read"     },
        {"never back once sent",           MESSAGE_READ,      true,  OUTCOME_DONE,     MESSAGE_DELIVERED,
         STATUS_DUPLICATE,                                                                                                  ""         },
        {"a replay arrives after all",     MESSAGE_FAILED,    true,  OUTCOME_DONE,
         MESSAGE_DELIVERED,                                                                               STATUS_OK,        "delivered"},
        {"the same after it was given up", MESSAGE_FAILED,    true,  OUTCOME_GIVEN_UP,
         MESSAGE_FAILED,                                                                                  STATUS_OK,        "failed"   },
    };
    int64_t last = 0;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char want[64] = "";
        suite_begin(f);
        struct contact contact = suite_talker(f, cases[i].name);
        struct message message = agents_message(f, &contact);
        expect_ok(f, put(f, &message, cases[i].first));
        if (cases[i].is_told)
            tell(f, &message, cases[i].outcome);
        expect_status(cases[i].name, cases[i].want, put(f, &message, cases[i].second));
        suite_commit(f);
        if (cases[i].unsent[0] != '\0')
            (void)snprintf(want, sizeof(want), "%lld:%s", (long long)message.row,
                           cases[i].unsent);
        expect_unsent(f, cases[i].name, last, 10, want);
        last = message.row;
    }
}

static void telling_an_older_status_leaves_the_newer_waiting(struct store_fixture *f)
{
    suite_begin(f);
    struct contact anna = suite_talker(f, "anna");
    struct message message = agents_message(f, &anna);
    expect_ok(f, put(f, &message, MESSAGE_DELIVERED));
    struct delivery *under_way = suite_load(f, DELIVERY_RECEIPT, message.row);
    expect_ok(f, put(f, &message, MESSAGE_READ));
    struct delivery_record record = suite_record(under_way, OUTCOME_DONE);
    delivery_free(under_way);
    expect_ok(f, store_record(f->store, &record, &f->err));
    suite_commit(f);

    struct delivery *got = suite_load(f, DELIVERY_RECEIPT, message.row);
    expect_i64("status", MESSAGE_READ, got->event.receipt_status);
    expect_i64("attempts", 0, got->attempts);
    delivery_free(got);
    suite_begin(f);
    tell(f, &message, OUTCOME_DONE);
    suite_commit(f);
    expect_unsent(f, "told", 0, 10, "");
}

static void a_receipt_that_failed_keeps_count_and_age(struct store_fixture *f)
{
    suite_begin(f);
    struct contact anna = suite_talker(f, "anna");
    struct message message = agents_message(f, &anna);
    expect_ok(f, put(f, &message, MESSAGE_DELIVERED));
    struct delivery *told = suite_load(f, DELIVERY_RECEIPT, message.row);
    struct delivery_record record = suite_record(told, OUTCOME_RETRY);
    delivery_free(told);
    record.attempts = 4;
    record.age_ms = 4567;
    expect_ok(f, store_record(f->store, &record, &f->err));
    told = suite_load(f, DELIVERY_RECEIPT, message.row);
    expect_i64("attempts", 4, told->attempts);
    expect_i64("age", 4567, told->age_ms);
    delivery_free(told);

    expect_ok(f, put(f, &message, MESSAGE_READ));
    told = suite_load(f, DELIVERY_RECEIPT, message.row);
    expect_i64("a later status begins anew", 0, told->attempts);
    expect_i64("with no age", 0, told->age_ms);
    delivery_free(told);
    suite_commit(f);
}

static void
unsent_receipts_are_taken_in_the_order_of_their_messages(struct store_fixture *f)
{
    struct message messages[4];
    suite_begin(f);
    struct contact anna = suite_talker(f, "anna");
    struct contact berta = suite_talker(f, "berta");
    for (size_t i = 0; i < COUNT_OF(messages); i++)
        messages[i] = agents_message(f, i % 2 == 0 ? &anna : &berta);
    for (size_t i = COUNT_OF(messages); i-- > 0;)
        expect_ok(f, put(f, &messages[i], MESSAGE_DELIVERED));
    tell(f, &messages[1], OUTCOME_DONE);
    tell(f, &messages[2], OUTCOME_UNKNOWN);
    suite_commit(f);
    expect_i64("rows", 1, messages[0].row);
    expect_unsent(f, "all", 0, 10, "1:delivered 3:delivered 4:delivered");
    expect_unsent(f, "the limit", 0, 2, "1:delivered 3:delivered");
    expect_unsent(f, "what follows", 1, 10, "3:delivered 4:delivered");
    expect_unsent(f, "nothing follows", 4, 10, "");
}

/* --- early ones ---------------------------------------------------------- */

static const struct event_key early_key = {
    .side = ID_SIDE_CHANNEL, .kind = ID_KIND_MESSAGE, .id = STR("wamid.1")};

static void add_early(struct store_fixture *f, const struct event_key *key,
                      enum message_status status, int64_t created_ms)
{
    const struct receipt receipt = {
        .direction = DIRECTION_INBOUND,
        .status = status,
        .reason_code = REASON_RATE_LIMITED,
        .reason = STR("too many"),
        .created_ms = created_ms,
    };
    expect_ok(f, store_early_receipt_add(f->store, f->bridge, key, &receipt, &f->err));
}

static enum status take_early(struct store_fixture *f, int64_t bridge,
                              const struct event_key *key, struct receipt *out)
{
    return store_early_receipt_take(f->store, bridge, key, f->arena, out, &f->err);
}

static void an_early_receipt_waits_to_be_taken_once(struct store_fixture *f)
{
    const struct event_key others[] = {
        {.side = ID_SIDE_GENESYS, .kind = ID_KIND_MESSAGE, .id = STR("wamid.1")},
        {.side = ID_SIDE_CHANNEL, .kind = ID_KIND_WEBHOOK, .id = STR("wamid.1")},
        {.side = ID_SIDE_CHANNEL, .kind = ID_KIND_MESSAGE, .id = STR("wamid.2")},
    };
    struct receipt got;
    suite_begin(f);
    int64_t other = suite_bridge(f, "other");
    add_early(f, &early_key, MESSAGE_FAILED, SUITE_NOW_MS + 5);
    suite_commit(f);

    suite_begin(f);
    for (size_t i = 0; i < COUNT_OF(others); i++)
        expect_status("another key", STATUS_NOT_FOUND,
                      take_early(f, f->bridge, &others[i], &got));
    expect_status("another bridge", STATUS_NOT_FOUND,
                  take_early(f, other, &early_key, &got));
    expect_ok(f, take_early(f, f->bridge, &early_key, &got));
    expect_i64("direction", DIRECTION_INBOUND, got.direction);
    expect_i64("status", MESSAGE_FAILED, got.status);
    expect_i64("code", REASON_RATE_LIMITED, got.reason_code);
    expect_str("reason", "too many", got.reason);
    expect_i64("created", SUITE_NOW_MS + 5, got.created_ms);
    expect_status("a second time", STATUS_NOT_FOUND,
                  take_early(f, f->bridge, &early_key, &got));
    suite_commit(f);
}

static void the_latest_of_early_receipts_waits(struct store_fixture *f)
{
    static const struct {
        const char *name;
        enum message_status first;
        enum message_status second;
        enum message_status want;
    } cases[] = {
        {"a later one replaces",    MESSAGE_DELIVERED, MESSAGE_READ,      MESSAGE_READ},
        {"an earlier one does not", MESSAGE_READ,      MESSAGE_DELIVERED, MESSAGE_READ},
        {"of the same the later",   MESSAGE_READ,      MESSAGE_READ,      MESSAGE_READ},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct receipt got;
        suite_begin(f);
        add_early(f, &early_key, cases[i].first, SUITE_NOW_MS);
        add_early(f, &early_key, cases[i].second, SUITE_NOW_MS + 1);
        expect_ok(f, take_early(f, f->bridge, &early_key, &got));
        suite_commit(f);
        expect_i64(cases[i].name, cases[i].want, got.status);
        expect_i64(cases[i].name, SUITE_NOW_MS + (cases[i].want == cases[i].second),
                   got.created_ms);
    }
}

static void early_receipts_expire(struct store_fixture *f)
{
    const struct event_key young = {.id = STR("young")};
    struct receipt got;
    bool left = false;
    suite_begin(f);
    add_early(f, &early_key, MESSAGE_READ, SUITE_NOW_MS - 1);
    add_early(f, &young, MESSAGE_READ, SUITE_NOW_MS);
    expect_ok(f, store_early_receipts_expire(f->store, SUITE_NOW_MS, &left, &f->err));
    expect_true("the young one waits still", left);
    suite_commit(f);
    suite_begin(f);
    expect_status("older", STATUS_NOT_FOUND,
                  take_early(f, f->bridge, &early_key, &got));
    expect_ok(f, take_early(f, f->bridge, &young, &got));
    expect_ok(f, store_early_receipts_expire(f->store, SUITE_NOW_MS, &left, &f->err));
    expect_false("all are taken", left);
    suite_commit(f);
}

static const struct store_case cases[] = {
    STORE_CASE(a_receipt_says_what_became_of_whose_message, ON_BOTH),
    STORE_CASE(a_later_status_replaces_an_unsent_one, ON_BOTH),
    STORE_CASE(telling_an_older_status_leaves_the_newer_waiting, ON_BOTH),
    STORE_CASE(a_receipt_that_failed_keeps_count_and_age, ON_BOTH),
    STORE_CASE(unsent_receipts_are_taken_in_the_order_of_their_messages, ON_BOTH),
    STORE_CASE(an_early_receipt_waits_to_be_taken_once, ON_BOTH),
    STORE_CASE(the_latest_of_early_receipts_waits, ON_BOTH),
    STORE_CASE(early_receipts_expire, ON_BOTH),
};
const struct store_cases store_receipt_cases = {"receipts", cases, COUNT_OF(cases)};
