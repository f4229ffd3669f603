/* The contract of store.h: contacts and conversations. */
#include "support/store_suite.h"

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
    CLEANUP(store_closep) struct store *reader = suite_reader(f);
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
        /* It may be said of one that is back at its first id. */
        expect_true("has moved", want->has_moved || !got.has_moved);
    }
}

static void expect_no_contact(struct store_fixture *f, struct str id)
{
    CLEANUP(store_closep) struct store *reader = suite_reader(f);
    struct contact got;
    expect_status("writer", STATUS_NOT_FOUND, find_contact(f, f->store, id, &got));
    expect_status("reader", STATUS_NOT_FOUND, find_contact(f, reader, id, &got));
}

static void a_contact_is_found_by_exactly_its_id(struct store_fixture *f)
{
    static char too_long[LIMIT_ID_BYTES + 1];
    static char longest[LIMIT_ID_BYTES];
    static char shorter[LIMIT_ID_BYTES - 1];
    memset(too_long, 'x', sizeof(too_long));
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
    suite_begin(f);
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        struct contact none;
        expect_status("not there yet", STATUS_NOT_FOUND,
                      find_contact(f, f->store, ids[i], &none));
        expect_ok(f, store_contact_add(f->store, f->bridge, ids[i], SUITE_NOW_MS,
                                       &added[i], &f->err));
    }
    suite_commit(f);
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        expect_contact(f, ids[i], &added[i]);
        expect_i64("no conversation yet", 0, added[i].conversation);
    }
    expect_no_contact(f, STR("ann"));
    expect_no_contact(f, STR(""));
    expect_no_contact(f, str_from(too_long, sizeof(too_long)));
}

/* Of whom nothing can be read. */
static void nobody_is_one_contact_of_a_bridge(struct store_fixture *f)
{
    struct contact nobody;
    suite_begin(f);
    expect_ok(f, store_contact_add(f->store, f->bridge, STR_NONE, SUITE_NOW_MS, &nobody,
                                   &f->err));
    suite_commit(f);
    expect_contact(f, STR_NONE, &nobody);
    expect_contact(f, STR(""), &nobody);
    expect_no_contact(f, STR("nobody"));
}

static void contacts_of_two_bridges_are_two(struct store_fixture *f)
{
    suite_begin(f);
    struct contact here = suite_contact(f, "anna");
    struct contact there;
    int64_t other = suite_bridge(f, "other");
    expect_status("on the other bridge", STATUS_NOT_FOUND,
                  store_contact_find(f->store, other, STR("anna"), &there, &f->err));
    expect_ok(f, store_contact_add(f->store, other, STR("anna"), SUITE_NOW_MS, &there,
                                   &f->err));
    suite_commit(f);
    expect_true("two rows", here.row != there.row);
    expect_contact(f, STR("anna"), &here);
}

static void what_is_taken_back_is_not_remembered(struct store_fixture *f)
{
    suite_begin(f);
    struct contact anna = suite_talker(f, "anna");
    suite_commit(f);
    struct contact changed = anna;

    suite_begin(f);
    expect_ok(f, store_savepoint(f->store, &f->err));
    (void)suite_contact(f, "berta");
    expect_ok(
        f, store_contact_alias(f->store, &anna, STR("anna-2"), SUITE_NOW_MS, &f->err));
    expect_ok(f, find_contact(f, f->store, STR("anna-2"), &changed));
    (void)suite_message(f, &changed,
                        &(struct message){.activity_ms = SUITE_NOW_MS + 5});
    expect_ok(f, store_undo(f->store, &f->err));
    suite_commit(f);
    expect_contact(f, STR("anna"), &anna);
    expect_no_contact(f, STR("anna-2"));
    expect_no_contact(f, STR("berta"));

    suite_begin(f);
    expect_ok(f,
              store_conversation_open(f->store, &changed, SUITE_NOW_MS + 9, &f->err));
    (void)suite_contact(f, "berta");
    store_rollback(f->store);
    expect_contact(f, STR("anna"), &anna);
    expect_no_contact(f, STR("berta"));
}

/* Where an outbound message to the contact goes, and with which names. */
static struct delivery *outbound_of(struct store_fixture *f,
                                    const struct contact *contact)
{
    struct delivery *loaded = NULL;
    struct delivery added = suite_text(f, contact, DIRECTION_OUTBOUND, "hello");
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
    suite_begin(f);
    struct contact anna = suite_talker(f, "anna");
    expect_ok(f, store_contact_profile(f->store, &anna, &full, 7, &f->err));
    expect_i64("tag", 7, anna.profile_tag);
    expect_ok(f, store_contact_profile(f->store, &anna, &partial, UINT32_MAX, &f->err));
    struct delivery *delivery = outbound_of(f, &anna);
    suite_commit(f);
    expect_str("name", "Anna Schmidt", delivery->event.name);
    expect_str("first name", "Anna", delivery->event.first_name);
    expect_str("last name", "M\xc3\xbcller", delivery->event.last_name);
    delivery_free(delivery);
    expect_contact(f, STR("anna"), &anna);
    expect_i64("tag", UINT32_MAX, anna.profile_tag);
}

/* Anna's two ids, and that whoever finds her is told of the second. */
static void expect_address(struct store_fixture *f, const char *name,
                           const struct contact *anna, const char *want)
{
    struct contact found;
    struct str external_id;
    struct str address;
    struct delivery *delivery = outbound_of(f, anna);
    expect_str(name, want, delivery->event.contact_id);
    delivery_free(delivery);
    expect_ok(f, store_contact_ids(f->store, anna, f->arena, &external_id, &address,
                                   &f->err));
    expect_str(name, "anna", external_id);
    expect_str(name, want, address);
    expect_ok(f, find_contact(f, f->store, STR("anna"), &found));
    expect_true(name, found.has_moved || str_is(address, "anna"));
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
    suite_begin(f);
    struct contact anna = suite_talker(f, "anna");
    struct contact berta = suite_talker(f, "berta");
    expect_ok(f,
              store_contact_alias(f->store, &berta, STR("b-2"), SUITE_NOW_MS, &f->err));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        expect_status(cases[i].name, cases[i].want,
                      store_contact_alias(f->store, &anna, str_of(cases[i].alias),
                                          SUITE_NOW_MS + (int64_t)i, &f->err));
        expect_address(f, cases[i].name, &anna, cases[i].address);
    }
    suite_commit(f);
    expect_contact(f, STR("anna"), &anna);
    expect_contact(f, STR("anna-2"), &anna);
    expect_contact(f, STR("anna-3"), &anna);
    expect_contact(f, STR("b-2"), &berta);
}

static void
an_inbound_message_keeps_the_id_the_contact_began_with(struct store_fixture *f)
{
    suite_begin(f);
    struct contact anna = suite_talker(f, "anna");
    expect_ok(
        f, store_contact_alias(f->store, &anna, STR("anna-2"), SUITE_NOW_MS, &f->err));
    struct delivery added = suite_text(f, &anna, DIRECTION_INBOUND, "hello");
    suite_commit(f);
    struct delivery *loaded = NULL;
    expect_ok(
        f, store_delivery_load(f->store, DELIVERY_MESSAGE, added.id, &loaded, &f->err));
    expect_str("towards Genesys", "anna", loaded->event.contact_id);
    delivery_free(loaded);
}

/* --- conversations ------------------------------------------------------- */

static void conversations_follow_each_other(struct store_fixture *f)
{
    suite_begin(f);
    struct contact anna = suite_talker(f, "anna");
    struct contact berta = suite_talker(f, "berta");
    suite_commit(f);
    expect_true("numbers are everybody's", anna.conversation != berta.conversation);
    expect_contact(f, STR("anna"), &anna);

    int64_t first = anna.conversation;
    suite_begin(f);
    (void)suite_message(f, &anna, &(struct message){.activity_ms = SUITE_NOW_MS + 3});
    suite_commit(f);
    anna.last_activity_ms = SUITE_NOW_MS + 3;
    expect_contact(f, STR("anna"), &anna);

    suite_begin(f);
    (void)suite_message(f, &anna, &(struct message){0});
    suite_commit(f);
    expect_contact(f, STR("anna"), &anna); /* that one was no activity */

    suite_begin(f);
    expect_ok(f, store_conversation_open(f->store, &anna, SUITE_NOW_MS + 7, &f->err));
    suite_commit(f);
    expect_true("a higher number", anna.conversation > first);
    expect_i64("opened", SUITE_NOW_MS + 7, anna.opened_ms);
    expect_i64("last activity", SUITE_NOW_MS + 7, anna.last_activity_ms);
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
    suite_begin(f);
    struct contact people[2] = {suite_talker(f, "anna"), suite_talker(f, "berta")};
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        expect_ok(f, store_conversation_link(
                         f->store, people[steps[i].conversation].conversation,
                         str_of(steps[i].id), SUITE_NOW_MS + (int64_t)i, &f->err));
        for (size_t j = 0; j < COUNT_OF(people); j++) {
            struct str latest = STR("untouched");
            expect_ok(f, store_conversation_genesys(f->store, people[j].conversation,
                                                    f->arena, &latest, &f->err));
            expect_str(steps[i].name, steps[i].want[j], latest);
        }
    }
    suite_commit(f);
}

static const struct store_case cases[] = {
    STORE_CASE(a_contact_is_found_by_exactly_its_id, ON_BOTH),
    STORE_CASE(nobody_is_one_contact_of_a_bridge, ON_BOTH),
    STORE_CASE(contacts_of_two_bridges_are_two, ON_BOTH),
    STORE_CASE(what_is_taken_back_is_not_remembered, ON_BOTH),
    STORE_CASE(a_profile_keeps_what_an_event_does_not_say, ON_BOTH),
    STORE_CASE(an_alias_finds_its_contact_and_is_its_address, ON_BOTH),
    STORE_CASE(an_inbound_message_keeps_the_id_the_contact_began_with, ON_BOTH),
    STORE_CASE(conversations_follow_each_other, ON_BOTH),
    STORE_CASE(the_genesys_conversation_used_last_is_the_latest, ON_BOTH),
};
const struct store_cases store_contact_cases = {"contacts", cases, COUNT_OF(cases)};
