/* The contract of store.h: messages and their choices. */
#include "support/store_suite.h"

#include "gateway/limits.h"

/* --- messages ------------------------------------------------------------ */

static void expect_same_message(const struct message *want, const struct message *got)
{
    expect_i64("row", want->row, got->row);
    expect_str("public id", want->public_id, str_of(got->public_id));
    expect_i64("bridge", want->bridge_row, got->bridge_row);
    expect_i64("contact", want->contact_row, got->contact_row);
    expect_i64("conversation", want->conversation, got->conversation);
    expect_i64("direction", want->direction, got->direction);
    expect_i64("kind", want->kind, got->kind);
    expect_i64("status", want->status, got->status);
    expect_i64("time", want->time_ms, got->time_ms);
    expect_i64("accepted", want->accepted_ms, got->accepted_ms);
    expect_i64("target", want->target_row, got->target_row);
    expect_true("source id", str_equal(want->source_id, got->source_id));
    expect_true("text", str_equal(want->text, got->text));
    expect_true("extra", str_equal(want->extra, got->extra));
    expect_true("trace", str_equal(want->trace, got->trace));
}

static void a_message_comes_back_as_it_was(struct store_fixture *f)
{
    static char raw[LIMIT_UNREADABLE_BYTES]; /* any bytes, whatever they mean */
    for (size_t i = 0; i < sizeof(raw); i++)
        raw[i] = (char)(i * 7 + i / 256);
    const struct message cases[] = {
        {.kind = EVENT_MESSAGE,
         .public_id = "0190b0000000700080000000000000aa",
         .direction = DIRECTION_OUTBOUND,
         .status = MESSAGE_SENT,
         .time_ms = 1,
         .accepted_ms = INT64_C(253402300799999),
         .source_id = STR("wamid.\xe2\x82\xac=="),
         .text = STR("gr\xc3\xbc\xc3\x9f dich \xf0\x9f\x91\x8b\xf0\x9f\x8f\xbd"),
         .extra = STR("{\"is_bot\":true}"),
         .trace = STR("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")},
        {.kind = EVENT_LEFT                                                 },
        {.kind = EVENT_REACTION,                                .text = STR_NONE,                                                              .target_row = 1},
        {.kind = EVENT_MESSAGE, .text = {"", 0},   .source_id = STR("x")},
        {.kind = EVENT_UNREADABLE,                      .text = {raw, sizeof(raw)}},
    };
    struct message kept[COUNT_OF(cases)];
    suite_begin(f);
    struct contact contact = suite_talker(f, "\xd0\x9c\xd0\xb0\xd1\x88\xd0\xb0");
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        kept[i] = suite_message(f, &contact, &cases[i]);
    suite_commit(f);

    CLEANUP(store_closep) struct store *reader = suite_reader(f);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct message got;
        expect_true("numbers rise", i == 0 || kept[i].row > kept[i - 1].row);
        expect_ok(f, store_message_get(reader, kept[i].row, f->arena, &got, &f->err));
        expect_same_message(&kept[i], &got);
        expect_str("contact", "\xd0\x9c\xd0\xb0\xd1\x88\xd0\xb0", got.contact_id);
        expect_i64("no peer has named it", 0, got.peer_id.len);
    }
}

static void a_message_keeps_its_latest_status(struct store_fixture *f)
{
    static const enum message_status steps[] = {MESSAGE_SENT, MESSAGE_DELIVERED,
                                                MESSAGE_READ, MESSAGE_FAILED};
    suite_begin(f);
    struct contact contact = suite_talker(f, "customer");
    struct message message =
        suite_message(f, &contact, &(struct message){.text = STR("hello")});
    suite_commit(f);
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct message got;
        suite_begin(f);
        expect_ok(f, store_message_status(f->store, message.row, steps[i],
                                          SUITE_NOW_MS + 1, &f->err));
        suite_commit(f);
        expect_ok(f, store_message_get(f->store, message.row, f->arena, &got, &f->err));
        message.status = steps[i];
        expect_same_message(&message, &got);
    }
}

static void a_status_advances_only_from_the_one_before(struct store_fixture *f)
{
    static const struct {
        const char *name;
        enum message_status from;
        enum message_status to;
        bool changes;
        enum message_status then;
    } steps[] = {
        {"another one",  MESSAGE_SENT,     MESSAGE_READ, false, MESSAGE_ACCEPTED},
        {"the one",      MESSAGE_ACCEPTED, MESSAGE_SENT, true,  MESSAGE_SENT    },
        {"not any more", MESSAGE_ACCEPTED, MESSAGE_SENT, false, MESSAGE_SENT    },
        {"on from it",   MESSAGE_SENT,     MESSAGE_READ, true,  MESSAGE_READ    },
    };
    suite_begin(f);
    struct contact contact = suite_talker(f, "customer");
    struct message message = suite_message(f, &contact, &(struct message){0});
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct message got;
        bool changed = !steps[i].changes;
        expect_ok(f,
                  store_message_advance(f->store, message.row, steps[i].from,
                                        steps[i].to, SUITE_NOW_MS, &changed, &f->err));
        expect_i64(steps[i].name, steps[i].changes, changed);
        expect_ok(f, store_message_get(f->store, message.row, f->arena, &got, &f->err));
        expect_i64(steps[i].name, steps[i].then, got.status);
    }
    bool changed = true;
    expect_ok(f, store_message_advance(f->store, message.row + 1, MESSAGE_ACCEPTED,
                                       MESSAGE_SENT, SUITE_NOW_MS, &changed, &f->err));
    expect_false("no such message", changed);
    suite_commit(f);
}

static void an_unknown_message_is_not_found(struct store_fixture *f)
{
    struct message got;
    expect_status("get", STATUS_NOT_FOUND,
                  store_message_get(f->store, 1, f->arena, &got, &f->err));
    suite_begin(f);
    expect_status(
        "status", STATUS_NOT_FOUND,
        store_message_status(f->store, 1, MESSAGE_SENT, SUITE_NOW_MS, &f->err));
    store_rollback(f->store);
}

/* --- choices ------------------------------------------------------------- */

static void a_choice_is_found_by_its_payload(struct store_fixture *f)
{
    static const struct stored_choice choices[] = {
        {0, CHOICE_QUICK_REPLY, STR("Yes"),     STR("yes")            },
        {1, CHOICE_BUTTON,
         STR("\xc3\x9c"
             "ber uns"),
         STR("about")                                                 },
        {2, CHOICE_BUTTON,      STR("Again"),   STR("about")          },
        {3, CHOICE_LINK,        STR(""),        STR("https://a.test/")},
        {4, CHOICE_BUTTON,      STR("Nothing"), STR("")               },
    };
    static const struct {
        const char *name;
        struct str payload;
        int64_t ordinal; /* -1: none */
    } cases[] = {
        {"a quick reply",          STR("yes"),             0 },
        {"the first of two alike", STR("about"),           1 },
        {"a link without a label", STR("https://a.test/"), 3 },
        {"an empty payload",       STR(""),                4 },
        {"another case",           STR("YES"),             -1},
        {"a prefix",               STR("ye"),              -1},
    };
    suite_begin(f);
    struct contact contact = suite_talker(f, "customer");
    struct message asked = suite_message(f, &contact, &(struct message){0});
    struct message other = suite_message(f, &contact, &(struct message){0});
    for (size_t i = 0; i < COUNT_OF(choices); i++)
        expect_ok(f, store_choice_add(f->store, asked.row, &choices[i], &f->err));
    suite_commit(f);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct stored_choice got;
        expect_status("of another message", STATUS_NOT_FOUND,
                      store_choice_find(f->store, other.row, cases[i].payload, f->arena,
                                        &got, &f->err));
        enum status status = store_choice_find(f->store, asked.row, cases[i].payload,
                                               f->arena, &got, &f->err);
        bool is_known = cases[i].ordinal >= 0;
        expect_status(cases[i].name, is_known ? STATUS_OK : STATUS_NOT_FOUND, status);
        if (!is_known)
            continue;
        const struct stored_choice *want = &choices[cases[i].ordinal];
        expect_i64(cases[i].name, want->ordinal, got.ordinal);
        expect_i64(cases[i].name, want->kind, got.kind);
        expect_true(cases[i].name, str_equal(want->label, got.label));
        expect_true(cases[i].name, str_equal(want->payload, got.payload));
    }
}

static void a_choice_is_got_by_its_ordinal(struct store_fixture *f)
{
    static const struct stored_choice choices[] = {
        {0, CHOICE_QUICK_REPLY, STR("Yes"),  STR("yes")            },
        {1, CHOICE_LINK,        STR("Page"), STR("https://a.test/")},
    };
    suite_begin(f);
    struct contact contact = suite_talker(f, "customer");
    struct message asked = suite_message(f, &contact, &(struct message){0});
    for (size_t i = 0; i < COUNT_OF(choices); i++)
        expect_ok(f, store_choice_add(f->store, asked.row, &choices[i], &f->err));
    suite_commit(f);
    for (unsigned i = 0; i < COUNT_OF(choices); i++) {
        struct stored_choice got;
        expect_ok(f, store_choice_get(f->store, asked.row, i, f->arena, &got, &f->err));
        expect_i64("ordinal", i, got.ordinal);
        expect_i64("kind", choices[i].kind, got.kind);
        expect_true("label", str_equal(choices[i].label, got.label));
        expect_true("payload", str_equal(choices[i].payload, got.payload));
    }
    struct stored_choice none;
    expect_status("past the last", STATUS_NOT_FOUND,
                  store_choice_get(f->store, asked.row, 2, f->arena, &none, &f->err));
    expect_status(
        "of another message", STATUS_NOT_FOUND,
        store_choice_get(f->store, asked.row + 1, 0, f->arena, &none, &f->err));
}

/* A message, and its delivery recorded as done; with its options as numbers or not. */
static int64_t sent_message(struct store_fixture *f, const struct contact *contact,
                            enum event_kind kind, bool shows_numbers)
{
    struct message message = suite_message(
        f, contact, &(struct message){.direction = DIRECTION_OUTBOUND, .kind = kind});
    struct delivery delivery = suite_delivery(f, &message, &(struct delivery){0});
    struct delivery_record record = suite_record(&delivery, OUTCOME_DONE);
    record.shows_numbers = shows_numbers;
    expect_ok(f, store_record(f->store, &record, &f->err));
    return message.row;
}

static void expect_numbered(struct store_fixture *f, const char *name,
                            int64_t conversation, int64_t want)
{
    int64_t got = 0;
    expect_status(name, want == 0 ? STATUS_NOT_FOUND : STATUS_OK,
                  store_numbered_message(f->store, conversation, &got, &f->err));
    expect_i64(name, want, got);
}

static void the_latest_message_that_showed_numbers_is_known(struct store_fixture *f)
{
    suite_begin(f);
    struct contact contact = suite_talker(f, "customer");
    int64_t talk = contact.conversation;
    expect_numbered(f, "nothing was said", talk, 0);
    (void)sent_message(f, &contact, EVENT_MESSAGE, false);
    expect_numbered(f, "no options", talk, 0);
    int64_t numbered = sent_message(f, &contact, EVENT_MESSAGE, true);
    expect_numbered(f, "the latest", talk, numbered);
    (void)suite_message(f, &contact, &(struct message){0});
    expect_numbered(f, "the customer wrote since", talk, numbered);
    (void)sent_message(f, &contact, EVENT_EDIT, false);
    expect_numbered(f, "an edit says nothing new", talk, numbered);
    for (unsigned i = 2; i < STORE_NUMBERED_LOOK_BACK - 1; i++)
        (void)suite_message(f, &contact, &(struct message){0});
    expect_numbered(f, "as far as is looked", talk, numbered);
    (void)suite_message(f, &contact, &(struct message){0});
    expect_numbered(f, "long ago", talk, 0);
    numbered = sent_message(f, &contact, EVENT_MESSAGE, true);
    expect_numbered(f, "again", talk, numbered);
    (void)sent_message(f, &contact, EVENT_MESSAGE, false);
    expect_numbered(f, "overtaken by one without", talk, 0);
    expect_numbered(f, "of another conversation", talk + 1, 0);
    suite_commit(f);
}

static void expect_heard(struct store_fixture *f, const char *name, int64_t contact,
                         int64_t since_ms, bool want)
{
    bool is_heard = !want;
    expect_ok(f, store_contact_heard(f->store, contact, since_ms, &is_heard, &f->err));
    expect_i64(name, want, is_heard);
}

static void a_contact_is_heard_since_it_last_spoke(struct store_fixture *f)
{
    const int64_t said_ms = SUITE_NOW_MS;
    suite_begin(f);
    struct contact ana = suite_talker(f, "ana");
    struct contact bob = suite_talker(f, "bob");
    expect_heard(f, "nothing was said", ana.row, 0, false);
    (void)suite_message(f, &ana, &(struct message){.direction = DIRECTION_OUTBOUND});
    expect_heard(f, "only the agent spoke", ana.row, 0, false);
    (void)suite_message(f, &ana, &(struct message){.kind = EVENT_REACTION});
    expect_heard(f, "a reaction says nothing", ana.row, 0, false);
    (void)suite_message(f, &ana, &(struct message){.accepted_ms = said_ms});
    for (unsigned i = 0; i < 5; i++)
        (void)suite_message(f, &ana,
                            &(struct message){.direction = DIRECTION_OUTBOUND,
                                              .accepted_ms = said_ms + 10});
    expect_heard(f, "in time", ana.row, said_ms, true);
    expect_heard(f, "a moment late", ana.row, said_ms + 1, false);
    expect_heard(f, "another contact", bob.row, 0, false);
    /* A new conversation begins before the session ends. */
    expect_ok(f, store_conversation_open(f->store, &ana, said_ms + 20, &f->err));
    (void)suite_message(f, &ana,
                        &(struct message){.direction = DIRECTION_OUTBOUND,
                                          .accepted_ms = said_ms + 20});
    expect_heard(f, "in the conversation before", ana.row, said_ms, true);
    (void)suite_message(
        f, &bob, &(struct message){.kind = EVENT_ANSWER, .accepted_ms = said_ms + 30});
    expect_heard(f, "an answer", bob.row, said_ms + 30, true);
    suite_commit(f);
}

/* A message that way and its delivery, done by an attempt that began then. */
static int64_t sent_line(struct store_fixture *f, const struct contact *contact,
                         enum direction direction, enum message_status status,
                         int64_t started_ms)
{
    struct message message = suite_message(
        f, contact, &(struct message){.direction = direction, .status = status});
    struct delivery delivery = suite_delivery(f, &message, &(struct delivery){0});
    struct delivery_record record = suite_record(&delivery, OUTCOME_DONE);
    record.started_ms = started_ms;
    expect_ok(f, store_record(f->store, &record, &f->err));
    return message.row;
}

static void expect_sent(struct store_fixture *f, const char *name,
                        const struct contact *contact, int64_t until_ms,
                        enum message_status status, const char *want)
{
    const struct sent_query query = {
        .contact_row = contact->row,
        .bridge_row = contact->bridge_row,
        .direction = DIRECTION_OUTBOUND,
        .until_ms = until_ms,
        .status = status,
    };
    struct sent sent;
    CLEANUP(buf_release) struct buf got;
    buf_init(&got, 4096);
    expect_ok(f, store_sent(f->store, &query, &sent, &f->err));
    for (size_t i = 0; i < sent.count; i++)
        buf_printf(&got, "%lld ", (long long)sent.rows[i]);
    buf_printf(&got, "%s", sent.more_waits ? "more" : "");
    expect_str(name, want, buf_str(&got));
}

static void what_was_sent_by_a_time_is_known_latest_first(struct store_fixture *f)
{
    const int64_t at_ms = SUITE_NOW_MS;
    suite_begin(f);
    struct contact ana = suite_talker(f, "ana");
    struct contact bob = suite_talker(f, "bob");
    expect_sent(f, "nothing", &ana, at_ms, MESSAGE_READ, "");
    expect_i64("row", 1, sent_line(f, &ana, DIRECTION_OUTBOUND, MESSAGE_SENT, at_ms));
    (void)sent_line(f, &ana, DIRECTION_INBOUND, MESSAGE_SENT, at_ms);
    (void)sent_line(f, &bob, DIRECTION_OUTBOUND, MESSAGE_SENT, at_ms);
    (void)sent_line(f, &ana, DIRECTION_OUTBOUND, MESSAGE_DELIVERED, at_ms + 1);
    /* It was in another conversation. */
    expect_ok(f, store_conversation_open(f->store, &ana, at_ms, &f->err));
    (void)sent_line(f, &ana, DIRECTION_OUTBOUND, MESSAGE_SENT, at_ms + 2);
    (void)sent_line(f, &ana, DIRECTION_OUTBOUND, MESSAGE_READ, at_ms + 2);
    (void)sent_line(f, &ana, DIRECTION_OUTBOUND, MESSAGE_FAILED, at_ms + 2);
    expect_sent(f, "before", &ana, at_ms - 1, MESSAGE_READ, "");
    expect_sent(f, "at it", &ana, at_ms, MESSAGE_READ, "1 ");
    expect_sent(f, "after it", &ana, at_ms + 1, MESSAGE_READ, "4 1 ");
    expect_sent(f, "all", &ana, at_ms + 9, MESSAGE_READ, "5 4 1 ");
    expect_sent(f, "who may be delivered", &ana, at_ms + 9, MESSAGE_DELIVERED,
                "7 5 1 ");
    (void)suite_text(f, &ana, DIRECTION_INBOUND, "hers waits");
    expect_sent(f, "hers", &ana, at_ms, MESSAGE_READ, "1 ");
    (void)suite_text(f, &ana, DIRECTION_OUTBOUND, "ours waits");
    expect_sent(f, "ours", &ana, at_ms, MESSAGE_READ, "1 more");
    expect_sent(f, "of another", &bob, at_ms, MESSAGE_READ, "3 ");
    suite_commit(f);
}

static void what_was_sent_long_ago_is_not_looked_for(struct store_fixture *f)
{
    suite_begin(f);
    struct contact ana = suite_talker(f, "ana");
    (void)sent_line(f, &ana, DIRECTION_OUTBOUND, MESSAGE_SENT, SUITE_NOW_MS);
    (void)sent_line(f, &ana, DIRECTION_OUTBOUND, MESSAGE_SENT, SUITE_NOW_MS);
    for (unsigned i = 0; i + 2 < STORE_SENT_LOOK_BACK; i++)
        (void)suite_message(f, &ana, &(struct message){0});
    expect_sent(f, "just among the last", &ana, SUITE_NOW_MS, MESSAGE_READ, "2 1 ");
    (void)suite_message(f, &ana, &(struct message){0});
    expect_sent(f, "not any more", &ana, SUITE_NOW_MS, MESSAGE_READ, "2 ");
    suite_commit(f);
}

static const struct store_case cases[] = {
    STORE_CASE(a_message_comes_back_as_it_was, ON_BOTH),
    STORE_CASE(a_message_keeps_its_latest_status, ON_BOTH),
    STORE_CASE(a_status_advances_only_from_the_one_before, ON_BOTH),
    STORE_CASE(an_unknown_message_is_not_found, ON_BOTH),
    STORE_CASE(a_choice_is_found_by_its_payload, ON_BOTH),
    STORE_CASE(a_choice_is_got_by_its_ordinal, ON_BOTH),
    STORE_CASE(a_contact_is_heard_since_it_last_spoke, ON_BOTH),
    STORE_CASE(the_latest_message_that_showed_numbers_is_known, ON_BOTH),
    STORE_CASE(what_was_sent_by_a_time_is_known_latest_first, ON_BOTH),
    STORE_CASE(what_was_sent_long_ago_is_not_looked_for, ON_BOTH),
};
const struct store_cases store_message_cases = {"messages", cases, COUNT_OF(cases)};
