/* The contract of store.h: what a sender is given of a stored delivery. */
#include "support/store_suite.h"

static void a_delivery_says_who_and_where(struct store_fixture *f)
{
    suite_begin(f);
    struct contact anna = suite_talker(f, "anna");
    int64_t first = anna.conversation;
    expect_ok(f, store_conversation_open(f->store, &anna, SUITE_NOW_MS, &f->err));
    expect_ok(f, store_conversation_link(f->store, anna.conversation, STR("g-1"),
                                         SUITE_NOW_MS, &f->err));
    expect_ok(f,
              store_contact_profile(f->store, &anna,
                                    &(struct event){.name = STR("Anna")}, 1, &f->err));
    struct message message =
        suite_message(f, &anna,
                      &(struct message){.public_id = "0190b0000000700080000000000000aa",
                                        .time_ms = 123,
                                        .accepted_ms = 456,
                                        .source_id = STR("m-1"),
                                        .text = STR("hello")});
    struct delivery added =
        suite_delivery(f, &message,
                       &(struct delivery){.previous_conversation = first,
                                          .opens_conversation = true,
                                          .wants_conversation_id = true,
                                          .is_replay = true});
    suite_commit(f);

    struct delivery *got = suite_load(f, DELIVERY_MESSAGE, added.id);
    expect_i64("class", DELIVERY_MESSAGE, got->class);
    expect_i64("direction", DIRECTION_INBOUND, got->direction);
    expect_i64("id", added.id, got->id);
    expect_i64("message", message.row, got->message_id);
    expect_i64("contact", anna.row, got->contact_row);
    expect_i64("bridge", f->bridge, got->bridge_row);
    expect_i64("conversation", anna.conversation, got->conversation);
    expect_i64("previous conversation", first, got->previous_conversation);
    expect_true("opens a conversation", got->opens_conversation);
    expect_true("wants its id", got->wants_conversation_id);
    expect_true("is a replay", got->is_replay);
    expect_str("public id", message.public_id, str_of(got->public_id));
    expect_i64("accepted", 456, got->accepted_ms);
    expect_i64("time", 123, got->time_ms);
    expect_i64("attempts", 0, got->attempts);
    expect_i64("no target", 0, got->target_peer_id.len);
    expect_str("Genesys conversation", "g-1", got->target_genesys_conversation);
    expect_i64("kind", EVENT_MESSAGE, got->event.kind);
    expect_str("to", "anna", got->event.contact_id);
    expect_str("name", "Anna", got->event.name);
    expect_str("source id", "m-1", got->event.source_id);
    expect_str("text", "hello", got->event.text);
    delivery_free(got);
}

static struct choice rich_choices[] = {
    {CHOICE_QUICK_REPLY, STR("Yes"),  STR("yes"),             STR("https://a.test/y.png")},
    {CHOICE_LINK,        STR("More"), STR("https://a.test/"), STR("")                    },
};
static struct card rich_cards[] = {
    {STR("Card"), STR("about it"), STR("https://a.test/c.png"), rich_choices, 2},
    {STR("Bare"), STR(""),         STR(""),                     NULL,         0},
};
static struct attachment rich_attachments[] = {
    {STR("https://a.test/1"), STR("image/png"), STR("1.png"), STR("ab"), STR("cap"), 9,
     STR("f-1")                                                                                },
    {STR("https://a.test/2"), STR(""),          STR(""),      STR(""),   STR(""),    0, STR("")},
};
static struct attribute rich_attributes[] = {
    {STR("tier"),     STR("gold")      },
    {STR("\xc3\xbc"), STR("\"quoted\"")},
};
static const struct event rich_events[] = {
    {.kind = EVENT_MESSAGE,
     .text = STR("all of it"),
     .attributes = rich_attributes,
     .attribute_count = 2,
     .content = {.attachments = rich_attachments,
                 .attachment_count = 2,
                 .quick_replies = rich_choices,
                 .quick_reply_count = 2,
                 .cards = rich_cards,
                 .card_count = 2,
                 .fallback = STR("a list\nof lines")},
     .is_bot = true},
    {.kind = EVENT_EDIT,
     .text = STR("better"),
     .has_target = true,
     .target = {.side = ID_SIDE_CHANNEL, .kind = ID_KIND_MESSAGE, .id = STR("m-1")}},
    {.kind = EVENT_ANSWER,
     .text = STR("Yes"),
     .has_target = true,
     .target = {.side = ID_SIDE_GATEWAY, .kind = ID_KIND_MESSAGE, .id = STR("0190")},
     .answer_payload = STR("yes"),
     .answer_kind = CHOICE_BUTTON},
    {.kind = EVENT_REACTION,                                                              .text = STR("\xe2\x9d\xa4")},
    {.kind = EVENT_LEFT,                                                            .reason_code = STR("blocked"),                                                             .reason_text = STR("by user")},
    {.kind = EVENT_IDENTITY, .new_id = STR("anna-2")                                                  },
};

/* Two events are the same when they are encoded the same: test_event holds that to it.
 */
static struct str encoded(struct store_fixture *f, const struct event *event)
{
    struct str json = STR_NONE;
    expect_ok(f, event_extra_encode(event, f->arena, &json, &f->err));
    return json;
}

static void what_an_event_carries_comes_back(struct store_fixture *f)
{
    struct delivery added[COUNT_OF(rich_events)];
    suite_begin(f);
    struct contact anna = suite_talker(f, "anna");
    for (size_t i = 0; i < COUNT_OF(rich_events); i++) {
        struct message message =
            suite_message(f, &anna,
                          &(struct message){.kind = rich_events[i].kind,
                                            .text = rich_events[i].text,
                                            .extra = encoded(f, &rich_events[i])});
        added[i] = suite_delivery(f, &message, &(struct delivery){0});
    }
    suite_commit(f);
    for (size_t i = 0; i < COUNT_OF(rich_events); i++) {
        const struct event *want = &rich_events[i];
        const char *name = event_kind_name(want->kind);
        struct delivery *got = suite_load(f, DELIVERY_MESSAGE, added[i].id);
        struct str want_extra = encoded(f, want);
        expect_str(name, want_extra.len == 0 ? "" : want_extra.ptr,
                   encoded(f, &got->event));
        expect_i64(name, want->kind, got->event.kind);
        expect_true(name, str_equal(want->text, got->event.text));
        expect_i64(name, want->has_target, got->event.has_target);
        delivery_free(got);
    }
}

static void what_is_told_names_its_target_as_the_peer_knows_it(struct store_fixture *f)
{
    static const struct {
        const char *name;
        enum direction target;
        enum direction told;
        const char *want;
    } cases[] = {
        {"an agent's message, to the agent's side",   DIRECTION_OUTBOUND,
         DIRECTION_INBOUND,                                                                   "source"},
        {"a customer's message, to the agent's side", DIRECTION_INBOUND,
         DIRECTION_INBOUND,                                                                   "peer"  },
        {"a customer's message, to the customer",     DIRECTION_INBOUND,  DIRECTION_OUTBOUND,
         "source"                                                                                     },
        {"an agent's message, to the customer",       DIRECTION_OUTBOUND, DIRECTION_OUTBOUND,
         "peer"                                                                                       },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        suite_begin(f);
        struct contact contact = suite_talker(f, cases[i].name);
        struct message target =
            suite_message(f, &contact,
                          &(struct message){.direction = cases[i].target,
                                            .source_id = STR("source")});
        struct delivery sent = suite_delivery(f, &target, &(struct delivery){0});
        struct delivery_record record = suite_record(&sent, OUTCOME_DONE);
        record.provider_id = STR("peer");
        expect_ok(f, store_record(f->store, &record, &f->err));
        struct message reaction =
            suite_message(f, &contact,
                          &(struct message){.direction = cases[i].told,
                                            .kind = EVENT_REACTION,
                                            .target_row = target.row});
        struct delivery added = suite_delivery(f, &reaction, &(struct delivery){0});
        suite_commit(f);
        struct delivery *got = suite_load(f, DELIVERY_MESSAGE, added.id);
        expect_str(cases[i].name, cases[i].want, got->target_peer_id);
        delivery_free(got);
    }
}

static void a_damaged_row_is_a_failure_and_no_message(struct store_fixture *f)
{
    static const char *const damaged[] = {
        "{", "[]", "null", "{\"target\":{\"side\":9}}", "{\"answer\":{\"kind\":-1}}",
    };
    for (size_t i = 0; i < COUNT_OF(damaged); i++) {
        struct delivery *list = NULL;
        suite_begin(f);
        struct contact contact = suite_talker(f, damaged[i]);
        (void)suite_text(f, &contact, DIRECTION_INBOUND, "sound");
        struct message message =
            suite_message(f, &contact, &(struct message){.extra = str_of(damaged[i])});
        struct delivery added = suite_delivery(f, &message, &(struct delivery){0});
        suite_commit(f);
        expect_status(
            damaged[i], STATUS_FAILED,
            store_delivery_load(f->store, DELIVERY_MESSAGE, added.id, &list, &f->err));
        expect_status(damaged[i], STATUS_FAILED,
                      store_take(f->store, STR("omgw-1"), contact.row,
                                 DIRECTION_INBOUND, 0, 9, &list, &f->err));
        expect_true(damaged[i], list == NULL);
    }
}

static const struct store_case cases[] = {
    STORE_CASE(a_delivery_says_who_and_where, ON_BOTH),
    STORE_CASE(what_an_event_carries_comes_back, ON_BOTH),
    STORE_CASE(what_is_told_names_its_target_as_the_peer_knows_it, ON_BOTH),
    STORE_CASE(a_damaged_row_is_a_failure_and_no_message, ON_BOTH),
};
const struct store_cases store_sender_cases = {"senders", cases, COUNT_OF(cases)};
