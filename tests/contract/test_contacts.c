/*
 * The contract of store.h, held by every backend: contacts, conversations, and the
 * messages in them.
 */
#include "support/store_fixture.h"

#include "gateway/limits.h"

/* --- contacts ------------------------------------------------------------ */

static enum status find_contact(struct store_fixture *f, struct store *store,
                                struct str id, struct contact *out)
{
    return store_contact_find(store, f->bridge, id, out, &f->err);
}

/* Found alike by the writer, which remembers some, and in the database. */
static void expect_contact(struct store_fixture *f, struct str id,
                           const struct contact *want)
{
    CLEANUP(store_closep) struct store *reader = fixture_reader(f);
    struct store *const stores[] = {f->store, reader};
    for (size_t i = 0; i < COUNT_OF(stores); i++) {
        struct contact got;
        expect_ok(f, find_contact(f, stores[i], id, &got));
        expect_i64("row", want->row, got.row);
        expect_i64("bridge", want->bridge_row, got.bridge_row);
        expect_i64("conversation", want->conversation, got.conversation);
        expect_i64("opened", want->opened_ms, got.opened_ms);
        expect_i64("last activity", want->last_activity_ms, got.last_activity_ms);
        expect_i64("profile tag", want->profile_tag, got.profile_tag);
    }
}

static void expect_no_contact(struct store_fixture *f, struct str id)
{
    CLEANUP(store_closep) struct store *reader = fixture_reader(f);
    struct contact got;
    expect_status("writer", STATUS_NOT_FOUND, find_contact(f, f->store, id, &got));
    expect_status("reader", STATUS_NOT_FOUND, find_contact(f, reader, id, &got));
}

static void a_contact_is_found_by_exactly_its_id(struct store_fixture *f)
{
    static char longest[LIMIT_ID_BYTES];
    static char shorter[LIMIT_ID_BYTES - 1];
    memset(longest, 'x', sizeof(longest));
    memset(shorter, 'x', sizeof(shorter));
    const struct str ids[] = {
        STR("4915112345678"),
        STR("+4915112345678"),
        STR("anna"),
        STR("Anna"),
        STR("anna "),
        STR("\xc3\xa9"),
        STR("e\xcc\x81"),
        STR("\xf0\x9f\x91\x8b"),
        {longest, sizeof(longest)},
        {shorter, sizeof(shorter)},
    };
    struct contact added[COUNT_OF(ids)];
    fixture_begin(f);
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        struct contact none;
        expect_status("not there yet", STATUS_NOT_FOUND,
                      find_contact(f, f->store, ids[i], &none));
        expect_ok(f, store_contact_add(f->store, f->bridge, ids[i], FIXTURE_NOW_MS,
                                       &added[i], &f->err));
    }
    fixture_commit(f);
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        expect_contact(f, ids[i], &added[i]);
        expect_i64("no conversation yet", 0, added[i].conversation);
    }
    expect_no_contact(f, STR("ann"));
    expect_no_contact(f, STR(""));
}

static void contacts_of_two_bridges_are_two(struct store_fixture *f)
{
    fixture_begin(f);
    struct contact here = fixture_contact(f, "anna");
    struct contact there;
    int64_t other = fixture_bridge(f, "other");
    expect_status("on the other bridge", STATUS_NOT_FOUND,
                  store_contact_find(f->store, other, STR("anna"), &there, &f->err));
    expect_ok(f, store_contact_add(f->store, other, STR("anna"), FIXTURE_NOW_MS, &there,
                                   &f->err));
    fixture_commit(f);
    expect_true("two rows", here.row != there.row);
    expect_contact(f, STR("anna"), &here);
}

static void what_is_taken_back_is_not_remembered(struct store_fixture *f)
{
    fixture_begin(f);
    struct contact anna = fixture_talker(f, "anna");
    fixture_commit(f);
    struct contact changed = anna;

    fixture_begin(f);
    expect_ok(f, store_savepoint(f->store, &f->err));
    (void)fixture_contact(f, "berta");
    expect_ok(f, store_contact_alias(f->store, &anna, STR("anna-2"), FIXTURE_NOW_MS,
                                     &f->err));
    expect_ok(f, find_contact(f, f->store, STR("anna-2"), &changed));
    expect_ok(
        f, store_conversation_touch(f->store, &changed, FIXTURE_NOW_MS + 5, &f->err));
    expect_ok(f, store_undo(f->store, &f->err));
    fixture_commit(f);
    expect_contact(f, STR("anna"), &anna);
    expect_no_contact(f, STR("anna-2"));
    expect_no_contact(f, STR("berta"));

    fixture_begin(f);
    expect_ok(f,
              store_conversation_open(f->store, &changed, FIXTURE_NOW_MS + 9, &f->err));
    (void)fixture_contact(f, "berta");
    store_rollback(f->store);
    expect_contact(f, STR("anna"), &anna);
    expect_no_contact(f, STR("berta"));
}

/* Where an outbound message to the contact goes, and with which names. */
static struct delivery *outbound_of(struct store_fixture *f,
                                    const struct contact *contact)
{
    struct delivery *loaded = NULL;
    struct delivery added = fixture_text(f, contact, DIRECTION_OUTBOUND, "hello");
    expect_ok(
        f, store_delivery_load(f->store, DELIVERY_MESSAGE, added.id, &loaded, &f->err));
    return loaded;
}

static void a_profile_keeps_what_an_event_does_not_say(struct store_fixture *f)
{
    struct attribute attribute = {STR("tier"), STR("gold")};
    const struct event full = {
        .name = STR("Anna Schmidt"),
        .first_name = STR("Anna"),
        .last_name = STR("Schmidt"),
        .attributes = &attribute,
        .attribute_count = 1,
    };
    const struct event partial = {.last_name = STR("M\xc3\xbcller")};
    fixture_begin(f);
    struct contact anna = fixture_talker(f, "anna");
    expect_ok(f, store_contact_profile(f->store, &anna, &full, 7, &f->err));
    expect_i64("tag", 7, anna.profile_tag);
    expect_ok(f, store_contact_profile(f->store, &anna, &partial, UINT32_MAX, &f->err));
    struct delivery *delivery = outbound_of(f, &anna);
    fixture_commit(f);
    expect_str("name", "Anna Schmidt", delivery->event.name);
    expect_str("first name", "Anna", delivery->event.first_name);
    expect_str("last name", "M\xc3\xbcller", delivery->event.last_name);
    delivery_free(delivery);
    expect_contact(f, STR("anna"), &anna);
    expect_i64("tag", UINT32_MAX, anna.profile_tag);
}

static void an_alias_finds_its_contact_and_is_its_address(struct store_fixture *f)
{
    static const struct {
        const char *name;
        const char *alias;
        enum status want;
        const char *address; /* of Anna afterwards */
    } cases[] = {
        {"a new id",                "anna-2", STATUS_OK,       "anna-2"},
        {"the same again",          "anna-2", STATUS_OK,       "anna-2"},
        {"another contact's id",    "berta",  STATUS_CONFLICT, "anna-2"},
        {"another contact's alias", "b-2",    STATUS_CONFLICT, "anna-2"},
        {"one more",                "anna-3", STATUS_OK,       "anna-3"},
        {"an earlier one",          "anna-2", STATUS_OK,       "anna-2"},
        {"the id it began with",    "anna",   STATUS_OK,       "anna"  },
    };
    fixture_begin(f);
    struct contact anna = fixture_talker(f, "anna");
    struct contact berta = fixture_talker(f, "berta");
    expect_ok(
        f, store_contact_alias(f->store, &berta, STR("b-2"), FIXTURE_NOW_MS, &f->err));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        expect_status(cases[i].name, cases[i].want,
                      store_contact_alias(f->store, &anna, str_of(cases[i].alias),
                                          FIXTURE_NOW_MS + (int64_t)i, &f->err));
        struct delivery *delivery = outbound_of(f, &anna);
        expect_str(cases[i].name, cases[i].address, delivery->event.contact_id);
        delivery_free(delivery);
    }
    fixture_commit(f);
    expect_contact(f, STR("anna"), &anna);
    expect_contact(f, STR("anna-2"), &anna);
    expect_contact(f, STR("anna-3"), &anna);
    expect_contact(f, STR("b-2"), &berta);
}

static void
an_inbound_message_keeps_the_id_the_contact_began_with(struct store_fixture *f)
{
    fixture_begin(f);
    struct contact anna = fixture_talker(f, "anna");
    expect_ok(f, store_contact_alias(f->store, &anna, STR("anna-2"), FIXTURE_NOW_MS,
                                     &f->err));
    struct delivery added = fixture_text(f, &anna, DIRECTION_INBOUND, "hello");
    fixture_commit(f);
    struct delivery *loaded = NULL;
    expect_ok(
        f, store_delivery_load(f->store, DELIVERY_MESSAGE, added.id, &loaded, &f->err));
    expect_str("towards Genesys", "anna", loaded->event.contact_id);
    delivery_free(loaded);
}

/* --- conversations ------------------------------------------------------- */

static void conversations_follow_each_other(struct store_fixture *f)
{
    fixture_begin(f);
    struct contact anna = fixture_talker(f, "anna");
    struct contact berta = fixture_talker(f, "berta");
    fixture_commit(f);
    expect_true("numbers are everybody's", anna.conversation != berta.conversation);
    expect_contact(f, STR("anna"), &anna);

    int64_t first = anna.conversation;
    fixture_begin(f);
    expect_ok(f,
              store_conversation_touch(f->store, &anna, FIXTURE_NOW_MS + 3, &f->err));
    expect_i64("touched", FIXTURE_NOW_MS + 3, anna.last_activity_ms);
    fixture_commit(f);
    expect_contact(f, STR("anna"), &anna);

    fixture_begin(f);
    expect_ok(f, store_conversation_open(f->store, &anna, FIXTURE_NOW_MS + 7, &f->err));
    fixture_commit(f);
    expect_true("a higher number", anna.conversation > first);
    expect_i64("opened", FIXTURE_NOW_MS + 7, anna.opened_ms);
    expect_i64("last activity", FIXTURE_NOW_MS + 7, anna.last_activity_ms);
    expect_contact(f, STR("anna"), &anna);
    expect_contact(f, STR("berta"), &berta);
}

static void the_genesys_conversation_used_last_is_the_latest(struct store_fixture *f)
{
    static const struct {
        const char *name;
        const char *id;
        size_t conversation;
        const char *want[2]; /* latest of the two */
    } steps[] = {
        {"the first",           "g-1", 0, {"g-1", ""}   },
        {"a repeat",            "g-1", 0, {"g-1", ""}   },
        {"another",             "g-2", 0, {"g-2", ""}   },
        {"shared with another", "g-2", 1, {"g-2", "g-2"}},
        {"the first once more", "g-1", 0, {"g-1", "g-2"}},
    };
    fixture_begin(f);
    struct contact people[2] = {fixture_talker(f, "anna"), fixture_talker(f, "berta")};
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        expect_ok(f, store_conversation_link(
                         f->store, people[steps[i].conversation].conversation,
                         str_of(steps[i].id), FIXTURE_NOW_MS + (int64_t)i, &f->err));
        for (size_t j = 0; j < COUNT_OF(people); j++) {
            struct str latest = STR("untouched");
            expect_ok(f, store_conversation_genesys(f->store, people[j].conversation,
                                                    f->arena, &latest, &f->err));
            expect_str(steps[i].name, steps[i].want[j], latest);
        }
    }
    fixture_commit(f);
}

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
    fixture_begin(f);
    struct contact contact = fixture_talker(f, "\xd0\x9c\xd0\xb0\xd1\x88\xd0\xb0");
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        kept[i] = fixture_message(f, &contact, &cases[i]);
    fixture_commit(f);

    CLEANUP(store_closep) struct store *reader = fixture_reader(f);
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
    fixture_begin(f);
    struct contact contact = fixture_talker(f, "customer");
    struct message message =
        fixture_message(f, &contact, &(struct message){.text = STR("hello")});
    fixture_commit(f);
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct message got;
        fixture_begin(f);
        expect_ok(f, store_message_status(f->store, message.row, steps[i],
                                          FIXTURE_NOW_MS + 1, &f->err));
        fixture_commit(f);
        expect_ok(f, store_message_get(f->store, message.row, f->arena, &got, &f->err));
        message.status = steps[i];
        expect_same_message(&message, &got);
    }
}

static void an_unknown_message_is_not_found(struct store_fixture *f)
{
    struct message got;
    expect_status("get", STATUS_NOT_FOUND,
                  store_message_get(f->store, 1, f->arena, &got, &f->err));
    fixture_begin(f);
    expect_status(
        "status", STATUS_NOT_FOUND,
        store_message_status(f->store, 1, MESSAGE_SENT, FIXTURE_NOW_MS, &f->err));
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
    fixture_begin(f);
    struct contact contact = fixture_talker(f, "customer");
    struct message asked = fixture_message(f, &contact, &(struct message){0});
    struct message other = fixture_message(f, &contact, &(struct message){0});
    for (size_t i = 0; i < COUNT_OF(choices); i++)
        expect_ok(f, store_choice_add(f->store, asked.row, &choices[i], &f->err));
    fixture_commit(f);
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

int main(void)
{
    static const struct store_case cases[] = {
        {"a contact is found by exactly its id",                   a_contact_is_found_by_exactly_its_id,
         ON_BOTH                                                                                                },
        {"contacts of two bridges are two",                        contacts_of_two_bridges_are_two,      ON_BOTH},
        {"what is taken back is not remembered",                   what_is_taken_back_is_not_remembered,
         ON_BOTH                                                                                                },
        {"a profile keeps what an event does not say",
         a_profile_keeps_what_an_event_does_not_say,                                                     ON_BOTH},
        {"an alias finds its contact and is its address",
         an_alias_finds_its_contact_and_is_its_address,                                                  ON_BOTH},
        {"an inbound message keeps the id the contact began with",
         an_inbound_message_keeps_the_id_the_contact_began_with,                                         ON_BOTH},
        {"conversations follow each other",                        conversations_follow_each_other,      ON_BOTH},
        {"the Genesys conversation used last is the latest",
         the_genesys_conversation_used_last_is_the_latest,                                               ON_BOTH},
        {"a message comes back as it was",                         a_message_comes_back_as_it_was,       ON_BOTH},
        {"a message keeps its latest status",                      a_message_keeps_its_latest_status,
         ON_BOTH                                                                                                },
        {"an unknown message is not found",                        an_unknown_message_is_not_found,      ON_BOTH},
        {"a choice is found by its payload",                       a_choice_is_found_by_its_payload,     ON_BOTH},
    };
    return run_store_cases("contacts", cases, COUNT_OF(cases));
}
