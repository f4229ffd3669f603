/* delivery: where outcomes lead, and copies that share nothing. */
#include "support/expect.h"
#include "support/protocol_fixture.h"

#include "gateway/memory.h"

static void an_outcome_leads_to_one_state(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum outcome outcome;
        int stored;
        enum delivery_state want;
        bool is_success;
    } cases[] = {
        {"done",               OUTCOME_DONE,               0,  DELIVERY_DONE,    true },
        {"accepted_duplicate", OUTCOME_ACCEPTED_DUPLICATE, 1,  DELIVERY_DONE,    true },
        {"retry",              OUTCOME_RETRY,              2,  DELIVERY_WAITING, false},
        {"slow_down",          OUTCOME_SLOW_DOWN,          3,  DELIVERY_READY,   false},
        {"unknown",            OUTCOME_UNKNOWN,            4,  DELIVERY_WAITING, false},
        {"refused_message",    OUTCOME_REFUSED_MESSAGE,    5,  DELIVERY_DEAD,    false},
        {"refused_contact",    OUTCOME_REFUSED_CONTACT,    6,  DELIVERY_DEAD,    false},
        {"window_closed",      OUTCOME_WINDOW_CLOSED,      7,  DELIVERY_DEAD,    false},
        {"broken",             OUTCOME_BROKEN,             8,  DELIVERY_READY,   false},
        {"progress",           OUTCOME_PROGRESS,           9,  DELIVERY_READY,   false},
        {"given_up",           OUTCOME_GIVEN_UP,           10, DELIVERY_DEAD,    false},
        {"sending",            OUTCOME_SENDING,            11, DELIVERY_READY,   false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        expect_str("name", cases[i].name, str_of(outcome_name(cases[i].outcome)));
        expect_i64(cases[i].name, cases[i].stored, cases[i].outcome);
        expect_i64(cases[i].name, cases[i].want, delivery_after(cases[i].outcome));
        expect_i64(cases[i].name, cases[i].is_success,
                   outcome_is_success(cases[i].outcome));
    }
}

static void a_state_is_pending_until_it_is_final(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum delivery_state state;
        bool is_pending;
    } cases[] = {
        {"ready",   DELIVERY_READY,   true },
        {"waiting", DELIVERY_WAITING, true },
        {"done",    DELIVERY_DONE,    false},
        {"dead",    DELIVERY_DEAD,    false},
        {"dropped", DELIVERY_DROPPED, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        expect_i64(cases[i].name, (int64_t)i, cases[i].state);
        expect_str("name", cases[i].name, str_of(delivery_state_name(cases[i].state)));
        expect_i64(cases[i].name, cases[i].is_pending,
                   delivery_is_pending(cases[i].state));
    }
}

/* Source: genesys/open-messaging.md section 5.2. */
static void reason_codes_are_spelt_as_genesys_does(void **state)
{
    (void)state;
    static const char *const names[] = {
        "GeneralError",
        "MessageExpired",
        "RateLimited",
        "MessageNotAllowed",
        "UnsupportedMessage",
        "UnknownMessage",
        "InvalidMessageStructure",
        "InvalidDestination",
        "ServerError",
        "MediaTypeNotAllowed",
        "InvalidMediaContentLength",
        "RecipientOptedOut",
        "DataFiltered",
    };
    assert_int_equal(COUNT_OF(names), REASON_DATA_FILTERED + 1);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        expect_str("name", names[i], str_of(reason_code_name((enum reason_code)i)));
}

/* ---- copies ---- */

/* A delivery whose every text and array lies in one place that can be scribbled over.
 */
struct source {
    struct delivery delivery;
    struct attribute attributes[1];
    struct attachment attachments[2];
    struct choice replies[1];
    struct choice actions[2];
    struct card cards[2];
    char texts[1024];
    size_t used;
};

static struct str text(struct source *source, const char *what)
{
    size_t len = strlen(what);
    assert_true(source->used + len < sizeof(source->texts));
    char *place = source->texts + source->used;
    memcpy(place, what, len + 1);
    source->used += len;
    return str_from(place, len);
}

static void fill_content(struct source *source, struct content *content)
{
    source->attachments[0] = (struct attachment){
        .url = text(source, "https://u/"),
        .mime = text(source, "image/png"),
        .name = text(source, "name"),
        .sha256 = text(source, "ff"),
        .text = text(source, "caption"),
        .size = 7,
    };
    source->attachments[1].name = text(source, "second");
    source->replies[0] =
        (struct choice){CHOICE_QUICK_REPLY, text(source, "label"),
                        text(source, "payload"), text(source, "image")};
    source->actions[0] = (struct choice){CHOICE_BUTTON, text(source, "button"),
                                         text(source, "pressed"), STR_NONE};
    source->actions[1] = (struct choice){CHOICE_LINK, text(source, "link"),
                                         text(source, "https://l/"), STR_NONE};
    source->cards[0] = (struct card){text(source, "title"), text(source, "description"),
                                     text(source, "picture"), source->actions, 2};
    source->cards[1].title = text(source, "other");
    *content = (struct content){source->attachments, 2, source->replies,         1,
                                source->cards,       2, text(source, "fallback")};
}

static void fill(struct source *source)
{
    struct event *event = &source->delivery.event;

    memset(source, 0, sizeof(*source));
    source->delivery.next = &source->delivery;
    source->delivery.id = 42;
    source->delivery.time_ms = 1000;
    memcpy(source->delivery.public_id, "0123", 5);
    source->delivery.target_peer_id = text(source, "peer");
    source->delivery.target_genesys_conversation = text(source, "conversation");
    source->attributes[0] =
        (struct attribute){text(source, "attribute"), text(source, "value")};
    *event = (struct event){
        .kind = EVENT_MESSAGE,
        .contact_id = text(source, "contact"),
        .name = text(source, "Ana Kovac"),
        .first_name = text(source, "Ana"),
        .last_name = text(source, "Kovac"),
        .attributes = source->attributes,
        .attribute_count = 1,
        .key_count = 2,
        .source_id = text(source, "source"),
        .time_ms = 900,
        .text = text(source, "hello"),
        .is_bot = true,
        .has_target = true,
        .answer_payload = text(source, "answer"),
        .reason_code = text(source, "code"),
        .reason_text = text(source, "reason"),
        .new_id = text(source, "new id"),
        .genesys_conversation_id = text(source, "genesys"),
        .raw = text(source, "raw"),
    };
    event->keys[0] = (struct event_key){ID_SIDE_CHANNEL, ID_KIND_WEBHOOK,
                                        text(source, "key"), text(source, "extra")};
    event->keys[1].id = text(source, "key 2");
    event->target = (struct event_key){ID_SIDE_GATEWAY, ID_KIND_MESSAGE,
                                       text(source, "target"), text(source, "t")};
    fill_content(source, &event->content);
}

static void a_copy_shares_nothing_with_its_source(void **state)
{
    (void)state;
    struct source source;
    fill(&source);
    json_t *want = fixture_of_event(&source.delivery.event);

    struct delivery *copy = delivery_copy(&source.delivery);
    memset(&source, 0xA5, sizeof(source));

    assert_null(copy->next);
    expect_i64("id", 42, copy->id);
    expect_i64("time", 1000, copy->time_ms);
    expect_str("public id", "0123", str_of(copy->public_id));
    expect_str("peer id", "peer", copy->target_peer_id);
    expect_str("conversation", "conversation", copy->target_genesys_conversation);
    expect_json("event", want, fixture_of_event(&copy->event));
    json_decref(want);
    delivery_free(copy);
}

static void a_copy_is_one_block_of_the_size_it_says(void **state)
{
    (void)state;
    struct source source;
    fill(&source);

    struct delivery *copy = delivery_copy(&source.delivery);
    const char *begin = (const char *)copy;
    const char *end = begin + delivery_bytes(copy);
    expect_i64("same size", (int64_t)delivery_bytes(&source.delivery),
               (int64_t)delivery_bytes(copy));
    assert_true((const char *)copy->event.content.cards > begin &&
                (const char *)copy->event.content.cards < end);
    assert_true(copy->event.raw.ptr > begin &&
                copy->event.raw.ptr + copy->event.raw.len <= end);
    assert_int_equal((uintptr_t)copy->event.content.cards % _Alignof(struct card), 0);
    delivery_free(copy);
}

static void an_empty_delivery_copies_to_its_bare_struct(void **state)
{
    (void)state;
    const struct delivery empty = {.id = 1};

    struct delivery *copy = delivery_copy(&empty);
    expect_i64("size", (int64_t)sizeof(empty), (int64_t)delivery_bytes(copy));
    assert_null(copy->event.attributes);
    assert_null(copy->event.content.attachments);
    delivery_free(copy);
    delivery_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_outcome_leads_to_one_state),
        cmocka_unit_test(a_state_is_pending_until_it_is_final),
        cmocka_unit_test(reason_codes_are_spelt_as_genesys_does),
        cmocka_unit_test(a_copy_shares_nothing_with_its_source),
        cmocka_unit_test(a_copy_is_one_block_of_the_size_it_says),
        cmocka_unit_test(an_empty_delivery_copies_to_its_bare_struct),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
